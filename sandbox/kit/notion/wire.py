"""Notion's wire: refusals, rich text, lists. Source: developers.notion.com/reference/{status-codes,rich-text,intro}."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def invalid(message: str) -> Refusal:
    return Refusal(400, "validation_error", message)


def not_found(what: str) -> Refusal:
    return Refusal(404, "object_not_found", f"Could not find {what}. Make sure it is shared with your integration.")


def only(body: Any, *names: str) -> Json:
    """The body, which has no other members than these."""
    if not isinstance(body, dict) or not body.keys() <= set(names):
        raise invalid(f"body failed validation: it should have {', '.join(names)} and nothing else")
    return body


def runs(text: str) -> list[Json]:
    return read_runs([{"type": "text", "text": {"content": text}}]) if text else []


def read_runs(given: Any) -> list[Json]:
    """Rich text as it is answered. Refuses what is too long."""
    if not isinstance(given, list) or len(given) > 100:
        raise invalid("body failed validation: rich_text should be an array of at most 100 objects")
    found = []
    for run in given:
        text = only(only(run, "type", "text", "annotations", "plain_text", "href").get("text"), "content", "link")
        content, link = text.get("content"), text.get("link")
        if not isinstance(content, str) or len(content.encode("utf-16-le")) > 4000:
            raise invalid("body failed validation: text.content.length should be ≤ `2000`")
        if link is not None and not str(link.get("url")).startswith(("http://", "https://")):
            raise invalid("body failed validation: Invalid URL for link.")
        href = None if link is None else link["url"]
        found.append({"type": "text", "text": {"content": content, "link": link}, "plain_text": content, "href": href})
    return found


def plain(rich_text: Iterable[Json]) -> str:
    return "".join(run["plain_text"] for run in rich_text)


def list_page(entries: list[Json], asked: Any, kind: str) -> Json:
    """One page. The cursor is the id of what the next page begins with."""
    size, ids = int(asked.get("page_size", 100)), [entry["id"] for entry in entries]
    if not 0 < size <= 100:
        raise invalid("page_size should be ≤ `100`")
    cursor = asked.get("start_cursor")
    if cursor is not None and cursor not in ids:
        raise invalid("The start_cursor provided is invalid")
    start = 0 if cursor is None else ids.index(cursor)
    following = ids[start + size] if start + size < len(ids) else None
    return {
        "object": "list",
        "results": entries[start : start + size],
        "next_cursor": following,
        "has_more": following is not None,
        "type": kind,
        kind: {},
    }
