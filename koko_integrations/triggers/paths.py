"""Dotted paths into plain JSON values: members of objects by name, elements of arrays by index. Nothing else is there:
no attribute and no method of any Python object can be reached."""

import re
from collections.abc import Sequence
from typing import Any

MISSING = object()
"""What `look_up` answers where there is nothing."""
MAX_CHARS = 256
_INDEX = re.compile(r"0|[1-9][0-9]{0,6}")
MAX_DEPTH = 10


def parse(text: str) -> tuple[str, ...]:
    """The parts of a path. Raises ValueError that says what is wrong."""
    parts = tuple(text.split("."))
    if len(text) > MAX_CHARS or len(parts) > MAX_DEPTH:
        raise ValueError(f"A field has at most {MAX_CHARS} characters and {MAX_DEPTH} parts")
    if any(not part or part != part.strip() for part in parts):
        raise ValueError("Expected names with dots in between, such as comment.content or video.tags.0")
    return parts


def look_up(value: Any, path: Sequence[str]) -> Any:
    """What is there; MISSING where nothing is."""
    for part in path:
        value = member(value, part)
        if value is MISSING:
            return MISSING
    return value


def member(value: Any, name: str | int) -> Any:
    """A member of an object, or an element of an array."""
    if isinstance(value, dict):
        return value.get(name if isinstance(name, str) else str(name), MISSING)
    if isinstance(value, list):
        index = str(name)
        # As it is written in one way only: int() would take "-1", "01", " 1" and digits of other scripts.
        if _INDEX.fullmatch(index) and int(index) < len(value):
            return value[int(index)]
    return MISSING
