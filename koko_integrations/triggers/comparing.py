"""Comparing JSON values honestly: numbers with numbers, times with times, and nothing with what it is not.

A text that is an ISO 8601 date, or date and time, is a time; without an offset it is in UTC, and a date alone is its
first moment.
"""

import re
from datetime import UTC, datetime
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?")
# What can be ordered: a date comes as its moment.
Ordinal = int | float | datetime


def moment_of(value: Any) -> datetime | None:
    """The time that a text stands for, if it does."""
    if not isinstance(value, str) or value[4:5] != "-" or _TIME.fullmatch(value) is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        # A year before 1 or after 9999, once in UTC.
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def ordinal_of(value: Any) -> Ordinal | None:
    """The number or the time that a value is; None for what has no order. True is no number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return moment_of(value)


def order(one: Any, other: Any) -> int | None:
    """-1, 0 or 1; None where the two cannot be compared."""
    left, right = ordinal_of(one), ordinal_of(other)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left > right) - (left < right)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return (left > right) - (left < right)
    return None


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal: 5 and 5.0 are, and a time in two zones; 5 and "5" are not, 1 and true are not."""
    if isinstance(one, str) and one == other:
        return True
    compared = order(one, other)
    if compared is not None:
        return compared == 0
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    return bool(one == other)
