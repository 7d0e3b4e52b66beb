"""How values look on the wire: koko.md, "Data formats"."""

from datetime import UTC, datetime
from typing import Any

import orjson


def iso(at_ms: int) -> str:
    """Epoch milliseconds as ISO 8601 UTC with `Z`, with milliseconds when there are any."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC).replace(tzinfo=None).isoformat()
    millis = at_ms % 1000
    return f"{moment}.{millis:03d}Z" if millis else f"{moment}Z"


def present(**members: Any) -> dict[str, Any]:
    """The members that are not None: optional fields are absent rather than null."""
    return {name: value for name, value in members.items() if value is not None}


def dump(value: Any) -> bytes:
    """JSON bytes. Raises TypeError for what JSON cannot hold; NaN does not get in, as input refuses it."""
    return orjson.dumps(value)


def dump_text(value: Any) -> str:
    """JSON text, for a column."""
    return orjson.dumps(value).decode()
