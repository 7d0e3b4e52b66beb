"""Cursor paging, newest first: koko.md, "Data formats". A cursor names the last entry shown, so that new ones shift
nothing."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from koko_integrations.database import param
from koko_integrations.errors import BadRequest

LIMIT_MAX = 100
LIMIT_DEFAULT = 20
_FIRST_AT = 2**62


@dataclass(frozen=True, slots=True)
class Cursor:
    """The entry that the page comes after."""

    at_ms: int = _FIRST_AT
    id: str = ""

    @classmethod
    def load(cls, text: str | None) -> "Cursor":
        """Raises BadRequest for anything that `dump` did not make."""
        if text is None:
            return cls()
        try:
            at, separator, entry_id = urlsafe_b64decode(text.encode("ascii")).decode().partition(":")
            at_ms = int(at)
        except ValueError:
            raise BadRequest.field("cursor", "Not a cursor; use nextCursor of the page before") from None
        if not separator or not 0 <= at_ms < _FIRST_AT or "\0" in entry_id:
            raise BadRequest.field("cursor", "Not a cursor; use nextCursor of the page before")
        return cls(at_ms, entry_id)

    def dump(self) -> str:
        return urlsafe_b64encode(f"{self.at_ms}:{self.id}".encode()).decode()

    def arguments(self) -> dict[str, Any]:
        """For a statement that uses `after`."""
        return {"after_at": self.at_ms, "after_id": self.id}


def after(at: Any, entry_id: Any) -> Any:
    """Only what comes after the cursor. As a bound on the first column, so that an index is read from there."""
    return (at <= param("after_at")) & ((at < param("after_at")) | (entry_id < param("after_id")))


def newest_first(query: Any, at: Any, entry_id: Any) -> Any:
    """Ordered, and limited to the parameter `limit`."""
    return query.order_by(at.desc(), entry_id.desc()).limit(param("limit"))
