"""Text that people wrote, made fit for a message: lines that are lines, nothing that cannot be seen, not too long.

Lengths are in UTF-16 code units, the largest count that any of the providers might mean by "characters".
"""

import re
import unicodedata
from collections.abc import Callable

import orjson

ELLIPSIS = "…"
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Controls, and marks that turn the direction of everything after them; right-to-left writing needs none of these.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_JOINING = frozenset("\u200d\ufe0e\ufe0f")

Writer = Callable[[str], str]


def clean(text: str) -> str:
    """The text with `\\n` for every kind of line end, at most one empty line in a row, and no controls."""
    seen = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    return re.sub(r"\n[ \t]*(?:\n[ \t]*){2,}", "\n\n", seen).strip()


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def units(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def fit(text: str, most: int, write: Writer = str) -> str:
    """The text as `write` puts it, cut with an ellipsis where that is longer than `most`."""
    return write(cut(text, most, write))


def cut(text: str, most: int, write: Writer = str) -> str:
    """The text as it is, cut with an ellipsis where it would be longer than `most` once `write` has put it."""
    if len(text) <= most and units(write(text)) <= most:
        return text
    return text[: longest(text, most - units(write(ELLIPSIS)), write)].rstrip() + ELLIPSIS


def as_json(text: str) -> str:
    """How the text goes over the wire."""
    return orjson.dumps(text).decode()


def longest(text: str, most: int, write: Writer = str) -> int:
    """How many characters of the text fit when `write` puts them, without cutting a letter or emoji in two.

    What `write` makes of a longer beginning must not be shorter.
    """
    low, high = 0, min(len(text), most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if units(write(text[:middle])) <= most else (low, middle - 1)
    while 0 < low < len(text) and (_joins(text[low]) or text[low - 1] == "\u200d"):
        low -= 1
    return low


def _joins(character: str) -> bool:
    """Whether a character is part of the one before it."""
    return character in _JOINING or "\U0001f3fb" <= character <= "\U0001f3ff" or bool(unicodedata.combining(character))
