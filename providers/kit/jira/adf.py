"""Atlassian Document Format, in which Jira keeps long texts: made from plain text, and read as plain text.

Source: developer.atlassian.com/cloud/jira/platform/apis/document/structure and the nodes listed there.

A blank line in plain text parts two paragraphs, any other line break is a hardBreak, addresses are links: so made, a
document reads back as the very text. Of documents that people write, what has no plain form is left out, such as
pictures; what this module does not know is read for the text inside it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from providers.kit.errors import ProtocolBroken

Node = Mapping[str, Any]

DEEPEST = 60
_AFTER_ADDRESS = ".,;:!?'"
_ADDRESS = re.compile(rf"https?://\w(?:[^\s<>\"]*[^\s<>\"{_AFTER_ADDRESS}])?")
# What JSON or XML cannot carry, and Jira refuses.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def from_text(text: str) -> dict[str, Any]:
    """A document that reads back as the text, less the characters that Jira does not take."""
    clean = _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    paragraphs = [{"type": "paragraph", "content": list(_lines(part))} for part in clean.split("\n\n")]
    return {"type": "doc", "version": 1, "content": paragraphs}


def to_text(document: object) -> str:
    """What a document says; nothing for none. Raises ProtocolBroken for something that is no document."""
    return "" if document is None else "\n\n".join(_blocks(_node(document), 0))


def _lines(paragraph: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(paragraph.split("\n")):
        if number:
            yield {"type": "hardBreak"}
        yield from _pieces(line)


def _pieces(line: str) -> Iterator[dict[str, Any]]:
    end = 0
    for found in _ADDRESS.finditer(line):
        address = found[0]
        if address.endswith(")") and "(" not in address:
            address = address.rstrip(")" + _AFTER_ADDRESS)
        if found.start() > end:
            yield {"type": "text", "text": line[end : found.start()]}
        yield {"type": "text", "text": address, "marks": [{"type": "link", "attrs": {"href": address}}]}
        end = found.start() + len(address)
    if end < len(line):
        yield {"type": "text", "text": line[end:]}


def _blocks(parent: Node, depth: int) -> list[str]:
    """The blocks inside a node, each as its text; those that say nothing are left out, empty paragraphs are not."""
    if depth > DEEPEST:
        raise ProtocolBroken("a document is nested too deeply")
    found: list[str] = []
    for inline, nodes in groupby(_children(parent), key=lambda node: node.get("type") in _INLINE):
        if inline:
            found.append(_inline(list(nodes)))
            continue
        for node in nodes:
            text = _BLOCKS.get(str(node.get("type")), _container)(node, depth + 1)
            if text or node.get("type") == "paragraph":
                found.append(text)
    return found


def _container(node: Node, depth: int) -> str:
    title = _attribute(node, "title")
    return "\n\n".join([title, *_blocks(node, depth)] if title else _blocks(node, depth))


def _bullets(node: Node, depth: int) -> str:
    return "\n".join(_hanging("- ", _tight(item, depth)) for item in _children(node))


def _numbers(node: Node, depth: int) -> str:
    attributes = node.get("attrs")
    order = attributes.get("order") if isinstance(attributes, dict) else None
    first = order if isinstance(order, int) else 1
    return "\n".join(_hanging(f"{number}. ", _tight(item, depth)) for number, item in enumerate(_children(node), first))


def _tasks(node: Node, depth: int) -> str:
    return "\n".join(
        _hanging("[x] " if _attribute(item, "state") == "DONE" else "[ ] ", _tight(item, depth))
        for item in _children(node)
    )


def _quote(node: Node, depth: int) -> str:
    return "\n".join(f"> {line}" for line in "\n\n".join(_blocks(node, depth)).split("\n"))


def _rows(node: Node, depth: int) -> str:
    return "\n".join(" | ".join(_tight(cell, depth) for cell in _children(row)) for row in _children(node))


def _tight(node: Node, depth: int) -> str:
    return "\n".join(_blocks(node, depth + 1))


def _hanging(sign: str, text: str) -> str:
    return sign + text.replace("\n", "\n" + " " * len(sign))


def _inline(nodes: list[Node]) -> str:
    return "".join(
        _linked("".join(_INLINE[node["type"]](node) for node in part), href) for href, part in groupby(nodes, key=_href)
    )


def _linked(text: str, href: str) -> str:
    """A link as people write it in plain text; one that shows its own address is that."""
    if not text.strip() or href.removeprefix("mailto:").rstrip("/") in text:
        return text
    return f"{text} ({href})"


def _href(node: Node) -> str:
    for mark in node.get("marks", ()):
        if mark.get("type") == "link":
            return _attribute(mark, "href")
    return ""


def _text(node: Node) -> str:
    text = node.get("text")
    if not isinstance(text, str):
        raise ProtocolBroken("a document has a text node without text")
    return text


def _date(node: Node) -> str:
    at_ms = _attribute(node, "timestamp")
    try:
        return datetime.fromtimestamp(int(at_ms) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return at_ms


def _shown(*names: str) -> Callable[[Node], str]:
    """The first attribute of these that there is."""
    return lambda node: next((text for text in (_attribute(node, name) for name in names) if text), "")


def _attribute(node: Node, name: str) -> str:
    attributes = node.get("attrs")
    value = attributes.get(name) if isinstance(attributes, dict) else None
    return value if isinstance(value, str) else ""


def _children(node: Node) -> list[Node]:
    content = node.get("content", [])
    if not isinstance(content, list):
        raise ProtocolBroken("a document has content that is no list")
    return [_node(child) for child in content]


def _node(value: object) -> Node:
    """Raises ProtocolBroken for what is no node."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ProtocolBroken("a document has something in it that is no node")
    marks = value.get("marks", [])
    if not isinstance(marks, list) or not all(isinstance(mark, dict) for mark in marks):
        raise ProtocolBroken("a document has a node with marks of the wrong type")
    return value


_INLINE: dict[str, Callable[[Node], str]] = {
    "text": _text,
    "hardBreak": lambda _: "\n",
    "mention": _shown("text"),
    "emoji": _shown("text", "shortName"),
    "inlineCard": _shown("url"),
    "status": _shown("text"),
    "placeholder": _shown("text"),
    "date": _date,
    "mediaInline": _shown("alt"),
    "inlineExtension": _shown("text"),
}
_BLOCKS: dict[str, Callable[[Node, int], str]] = {
    "bulletList": _bullets,
    "decisionList": _bullets,
    "orderedList": _numbers,
    "taskList": _tasks,
    "blockquote": _quote,
    "table": _rows,
    "rule": lambda _node, _depth: "---",
    "blockCard": lambda node, _: _attribute(node, "url"),
    "embedCard": lambda node, _: _attribute(node, "url"),
    "media": lambda node, _: _attribute(node, "alt"),
}
