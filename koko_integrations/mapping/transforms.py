"""The transforms that are not the user's own: none, uppercase, lowercase, date. None of them depends on a locale.

`date` takes ISO 8601: with a zone, which is converted to UTC; without one, which is read as UTC; a date alone, which
stays one; and epoch milliseconds. It answers ISO 8601 in UTC with `Z`, with milliseconds when there are any. What can
be read in two ways, such as 01/02/2026, is refused.
"""

import re
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

from koko_integrations.rpc.fields import kind_of
from koko_integrations.rpc.wire import iso

Transform = Literal["none", "uppercase", "lowercase", "date", "custom"]
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999."""


class TransformError(Exception):
    """The value is not what the transform takes; the message says what would be."""


def apply(transform: Transform, value: Any) -> Any:
    """A JSON value transformed; what is not there stays so. Not for custom ones. Raises TransformError."""
    if value is None or transform == "none":
        return value
    if transform == "date":
        return _to_date(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [_to_case(transform, one) for one in value]
    if not isinstance(value, str):
        raise TransformError(f"{transform} takes a text, not a value of the type {kind_of(value)}")
    return _to_case(transform, value)


def _to_case(transform: Transform, text: str) -> str:
    return text.upper() if transform == "uppercase" else text.lower()


def _to_date(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not _FIRST_MS <= value <= _LAST_MS:
            raise TransformError(f"date takes epoch milliseconds of the years 1 to 9999, not {value}")
        return iso(int(value))
    if not isinstance(value, str):
        raise TransformError(f"date takes a text or a number, not a value of the type {kind_of(value)}")
    text = value.strip()
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
        if _TIME.fullmatch(text):
            moment = datetime.fromisoformat(text.replace(",", "."))
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            return iso(round(moment.timestamp() * 1000))
    except (ValueError, OverflowError):
        pass
    raise TransformError(
        f"date takes ISO 8601, such as 2026-01-31 or 2026-01-31T09:30:00Z, or epoch milliseconds; not {value[:40]!r}"
    )
