"""Notion's rich text: plain text as runs of limited length, and back.

Source: developers.notion.com/reference/{rich-text,request-limits}.
"""

import re
from typing import Any

from providers.kit.errors import ProtocolBroken, Rejected

RUN_UNITS = 2000
"""The longest run, in UTF-16 code units: what JavaScript counts as characters."""
MOST_RUNS = 100
_LAST_LINE_LINK = re.compile(r"https?://\S+\Z")


def to_rich_text(text: str) -> list[dict[str, Any]]:
    """The text as runs. A last line that is a URL can be clicked. Raises Rejected when it is too long for one field."""
    last = text.rpartition("\n")[2]
    link = last if _LAST_LINE_LINK.match(last) and len(last) <= RUN_UNITS else ""
    words = text.removesuffix(link)
    runs: list[dict[str, Any]] = [{"type": "text", "text": {"content": part}} for part in split(words)]
    if link:
        runs.append({"type": "text", "text": {"content": link, "link": {"url": link}}})
    if len(runs) > MOST_RUNS:
        raise Rejected(f"Notion takes no text of more than {MOST_RUNS * RUN_UNITS} characters")
    return runs


def to_plain(rich_text: object) -> str:
    """What people read. Raises ProtocolBroken for what is no rich text."""
    if not isinstance(rich_text, list):
        raise ProtocolBroken("Notion sent a text of the wrong shape")
    parts = [run.get("plain_text") if isinstance(run, dict) else None for run in rich_text]
    if not all(isinstance(part, str) for part in parts):
        raise ProtocolBroken("Notion sent a text of the wrong shape")
    return "".join(str(part) for part in parts)


def split(text: str) -> list[str]:
    """Parts that fit into a run; no character is torn."""
    parts: list[str] = []
    start = units = 0
    for position, character in enumerate(text):
        width = 2 if ord(character) > 0xFFFF else 1
        if units + width > RUN_UNITS:
            parts.append(text[start:position])
            start, units = position, 0
        units += width
    return [*parts, text[start:]] if start < len(text) else parts


def paragraph(text: str) -> dict[str, Any]:
    """A block with the whole text: one block is found again, and changed, at once."""
    return {"object": "block", "type": "paragraph", "paragraph": {"rich_text": to_rich_text(text)}}


def block_text(block: object) -> str:
    """The text of a block of any kind; empty for one without."""
    content = block.get(block.get("type")) if isinstance(block, dict) else None
    rich_text = content.get("rich_text") if isinstance(content, dict) else None
    return "" if rich_text is None else to_plain(rich_text)
