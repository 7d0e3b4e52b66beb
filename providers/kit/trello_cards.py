"""What Trello sends - boards, cards, comments, attachments - in Koko's words.

Source: developer.atlassian.com/cloud/trello/guides/rest-api/object-definitions.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from providers.kit.errors import ProtocolBroken, Rejected
from providers.kit.field_values import ExternalField
from providers.kit.items import Item
from providers.kit.timestamps import parse_ms
from providers.kit.trello_fields import read_values

T = TypeVar("T")

TEXT_MAX_CHARS = 16_384
FULL_PAGE = 50
"""Trello may give fewer than it was asked for, but a page that is shorter than this is the last one."""

BOARD_FIELDS = "name,url,closed,dateLastActivity"
CARD_QUERY = {
    "fields": "name,desc,closed,dueComplete,due,dateLastActivity,idList,shortUrl,badges",
    "attachments": "true",
    "attachment_fields": "name,url,bytes,mimeType,isUpload",
    "members": "true",
    "member_fields": "fullName",
}
"""Asks for a card with all that is read of it."""


def card_query(reads: Sequence[ExternalField]) -> dict[str, str]:
    """Asks for a card, with its custom fields where some are to be read."""
    return {**CARD_QUERY, "customFieldItems": "true"} if reads else CARD_QUERY


def read_board(entry: Mapping[str, Any]) -> Item:
    return Item(
        id=require(entry, "id", str),
        title=require(entry, "name", str),
        url=entry.get("url"),
        modified_at=parse_ms(entry.get("dateLastActivity")),
        fields={"archived": bool(entry.get("closed"))},
    )


def read_card(entry: Mapping[str, Any], reads: Sequence[ExternalField] = ()) -> Item:
    # The answer to a new card has no members.
    names = [str(member.get("fullName")) for member in entry.get("members") or ()]
    closed = require(entry, "closed", bool)
    return Item(
        id=require(entry, "id", str),
        title=require(entry, "name", str),
        text=require(entry, "desc", str),
        status_id=require(entry, "idList", str),
        done=require(entry, "dueComplete", bool) or closed,
        url=entry.get("shortUrl"),
        modified_at=parse_ms(entry.get("dateLastActivity")),
        fields={"dueOn": entry.get("due"), "assignee": ", ".join(names) or None, "archived": closed},
        mapped=read_values(entry, reads),
        without=frozenset(("comments",) if require(entry, "badges", dict).get("comments") == 0 else ()),
    )


def read_comment(card_id: str, entry: Mapping[str, Any]) -> Item:
    data = require(entry, "data", dict)
    # Somebody whose account is gone has no name.
    author = entry.get("memberCreator") or {}
    return Item(
        id=require(entry, "id", str),
        title="",
        text=require(data, "text", str),
        parent_id=card_id,
        author=author.get("fullName"),
        modified_at=parse_ms(data.get("dateLastEdited") or entry.get("date")),
    )


def read_file(card_id: str, entry: Mapping[str, Any]) -> Item:
    return Item(
        id=require(entry, "id", str),
        title=require(entry, "name", str),
        parent_id=card_id,
        url=entry.get("url"),
        fields={"size": entry.get("bytes"), "kind": entry.get("mimeType")},
        entity="files",
    )


def read_departure(action: Mapping[str, Any]) -> Item:
    """The card that an action is about; only its id is known."""
    return Item(id=require(require(require(action, "data", dict), "card", dict), "id", str), title="")


def uploads(card: Mapping[str, Any]) -> list[Any]:
    """The attachments that are files: links, such as our own to the frame, are none."""
    return [one for one in card.get("attachments") or () if not isinstance(one, dict) or one.get("isUpload")]


def addresses(card: Mapping[str, Any]) -> set[Any]:
    """What the card's attachments lead to."""
    return {one.get("url") for one in card.get("attachments") or ()}


def fitting(text: str) -> str:
    """A text that a card can have: cutting it would look like a change by somebody in Trello. Raises Rejected."""
    if len(text) > TEXT_MAX_CHARS:
        raise Rejected(f"Trello takes texts of up to {TEXT_MAX_CHARS} characters; this one is longer")
    return text


def next_page(entries: list[Any]) -> str | None:
    """Where the page after this one begins: pages go back in time."""
    return None if len(entries) < FULL_PAGE else oldest(entries)


def oldest(entries: list[Any]) -> str | None:
    """The id of what was made first: ids begin with the time of making."""
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return min((one for one in ids if isinstance(one, str)), default=None)


def require(entry: Any, name: str, kind: type[T]) -> T:
    """A member that must be there. Raises ProtocolBroken."""
    found = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(found, kind):
        raise ProtocolBroken(f"Trello sent something without {name}")
    return found
