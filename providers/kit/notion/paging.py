"""Notion's lists, and where the reading of a data source stands: our cursor and our watermark.

A query answers no more than 10,000 pages; beyond them it begins anew, where it ended by the time of creation. What a
status means is in the data source and not in its pages, so it is remembered from one pass to the next: as long as
nothing is new, one request is all. Source: developers.notion.com/guides/data-apis/query-large-data-sources.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson

from providers.kit.errors import ProtocolBroken, Rejected, StartOver
from providers.kit.timestamps import iso_seconds

PAGE_SIZE = 100
MINUTE_MS = 60_000


def read_results(body: Mapping[str, Any]) -> list[Any]:
    """What is on one page of a list. Raises ProtocolBroken."""
    results = body.get("results")
    if not isinstance(results, list):
        raise ProtocolBroken("Notion sent a list of the wrong shape")
    return results


def next_cursor(body: Mapping[str, Any]) -> str | None:
    """What leads to the next page of a list. Raises ProtocolBroken."""
    if not body.get("has_more"):
        return None
    cursor = body.get("next_cursor")
    if not isinstance(cursor, str) or not cursor:
        raise ProtocolBroken("Notion sent a list that goes on without saying where")
    return cursor


@dataclass(frozen=True, slots=True)
class Bookmark:
    """`edited_from` and `created_from` narrow the query, `cursor` continues it. `statuses`: whether each means done."""

    edited_from: str | None = None
    created_from: str | None = None
    cursor: str | None = None
    statuses: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def load(cls, text: str | None) -> "Bookmark":
        """Raises StartOver for what is none of ours."""
        if text is None:
            return cls()
        try:
            return cls(**orjson.loads(text))
        except (orjson.JSONDecodeError, TypeError):
            raise StartOver("Notion is to be read from the beginning") from None

    @classmethod
    def for_next_pass(cls, asked_at_ms: int, statuses: Mapping[str, bool]) -> "Bookmark":
        """From when Notion was asked, less what its lists lag; its times are whole minutes, rounded down."""
        return cls(edited_from=iso_seconds((asked_at_ms - MINUTE_MS) // MINUTE_MS * MINUTE_MS), statuses=statuses)

    def after(self, body: Mapping[str, Any], statuses: Mapping[str, bool]) -> "Bookmark | None":
        """Where the page after this answer is; None after the last. Raises ProtocolBroken or Rejected."""
        cursor = next_cursor(body)
        if cursor is not None:
            return replace(self, cursor=cursor, statuses=statuses)
        status = body.get("request_status")
        if not isinstance(status, dict) or status.get("type") != "incomplete":
            return None
        times = [one.get("created_time") for one in read_results(body) if isinstance(one, dict)]
        last = times[-1] if times else None
        if not isinstance(last, str) or last == self.created_from:
            raise Rejected("Notion does not list all pages: too many were created in the same minute")
        return replace(self, created_from=last, cursor=None, statuses=statuses)

    def dump(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    def query(self) -> dict[str, Any]:
        """The body of the request."""
        bounds = {"last_edited_time": self.edited_from, "created_time": self.created_from}
        conditions = [
            {"timestamp": name, name: {"on_or_after": bound}} for name, bound in bounds.items() if bound is not None
        ]
        body: dict[str, Any] = {
            # The order that edits made meanwhile do not change.
            "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
            "page_size": PAGE_SIZE,
        }
        if conditions:
            body["filter"] = conditions[0] if len(conditions) == 1 else {"and": conditions}
        if self.cursor is not None:
            body["start_cursor"] = self.cursor
        return body
