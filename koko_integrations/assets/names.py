"""What a file is called in Koko and in the asset store. What people or providers call it is never a path.

Source: unicode.org/reports/tr9 (the characters that turn text round),
learn.microsoft.com/windows/win32/fileio/naming-a-file.
"""

import hashlib
import re
import unicodedata

MOST_CHARS = 255
UNTITLED = "Untitled"
STORED_UNDER = "integrations"
_LONGEST_ENDING = 16
_MOST_KEY_CHARS = 100
_JOINERS = "\u200c\u200d"
"""Invisible like the other format characters, but words of some languages and many emoji need them."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I | re.S)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def safe_name(text: str, fallback: str = UNTITLED) -> str:
    """A name to show, made of a title or of a provider's file name: one line of at most 255 characters.

    Keeps the ending, and every character that can be seen. Of a path it keeps all names, with `_` between them.
    """
    parts = [part.strip() for part in re.split(r"[/\\]", _visible(text))]
    name = "_".join(part for part in parts if part.strip(". ")).rstrip(". ")
    stem, ending = split_ending(name)
    name = _cut(stem, MOST_CHARS - len(ending)) + ending
    if not name or not name.strip("." + _JOINERS):
        return fallback
    return f"_{name[: MOST_CHARS - 1]}" if _DEVICES.fullmatch(name) else name


def split_ending(name: str) -> tuple[str, str]:
    """A name without its ending, and the ending with its dot: `.mov`, or nothing."""
    stem, dot, ending = name.rpartition(".")
    is_ending = stem.strip(".") and ending.isalnum() and len(ending) < _LONGEST_ENDING
    return (stem, dot + ending) if is_ending else (name, "")


def with_ending(name: str, file_name: str) -> str:
    """An asset's name as a file's: with the ending that its bytes have, which a title need not have."""
    ending = split_ending(file_name)[1]
    if not ending or name.lower().endswith(ending.lower()):
        return name
    return _cut(name, MOST_CHARS - len(ending)) + ending


def storage_key(owner_id: str, asset_id: str, file_name: str) -> str:
    """Where a file is kept: below the team or project and the asset that it belongs to, whose ids nobody chose."""
    return f"{STORED_UNDER}/{_part(owner_id)}/{_part(asset_id)}/{_ascii(file_name)}"


def _visible(text: str) -> str:
    """Line breaks and tabs are spaces; gone are characters that control, that turn text round or that cannot be."""
    kept = []
    for char in text:
        if char.isspace():
            kept.append(" ")
        elif char in _JOINERS or not _is_refused(char):
            kept.append(char)
    return "".join(kept).strip()


def _is_refused(char: str) -> bool:
    # What is not assigned yet may be the next year's emoji; the last two of each plane never will be.
    return unicodedata.category(char) in ("Cc", "Cf", "Cs") or ord(char) & 0xFFFE == 0xFFFE


def _cut(text: str, length: int) -> str:
    """The beginning of a text, without half a character of several parts at its end."""
    if len(text) <= length:
        return text
    end = length
    while end and (text[end] in _JOINERS or text[end - 1] in _JOINERS or unicodedata.category(text[end])[0] == "M"):
        end -= 1
    return text[: end or length].rstrip(". ")


def _part(own_id: str) -> str:
    """An id as a name in a path. Ids are opaque text: one that is no name is told apart by its hash."""
    return own_id if _ID.fullmatch(own_id) else hashlib.sha256(own_id.encode()).hexdigest()[:32]


def _ascii(file_name: str) -> str:
    """Readable where it can be; nothing depends on it."""
    stem, ending = split_ending(file_name)
    plain = [unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode() for part in (stem, ending)]
    stem, ending = (re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") for part in plain)
    stem = stem[: _MOST_KEY_CHARS - _LONGEST_ENDING].strip("-") or "file"
    name = f"{stem}.{ending.lower()}" if ending else stem
    return f"_{name}" if _DEVICES.fullmatch(name) else name
