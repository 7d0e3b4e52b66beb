"""Items of monday.com's boards, with their updates and files, in Koko's words; and what a board's log says of them.

Source: developer.monday.com/api-reference/docs/{items,updates,files,activity-logs}; the names of the log's events and
members are those seen in public clients, for monday does not document them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from providers.kit.errors import ProtocolBroken
from providers.kit.field_values import ExternalField
from providers.kit.items import Item
from providers.kit.monday.board import Shape
from providers.kit.rich_text import to_html, to_text
from providers.kit.timestamps import parse_ms

MARK = "From Koko"
"""The first line of an update that holds the text of a task, where the board has no column for it."""
LONG_TEXT_UNITS = 2000
"""What a long text column takes; JavaScript counts UTF-16 units."""
LEAVING = frozenset(
    "delete_pulse archive_pulse delete_group_pulse archive_group_pulse batch_delete_pulses batch_archive_pulses "
    "move_pulse_from_board batch_move_pulses_from_board".split()
)
"""Events after which an item is not on the board."""
GROUP_EVENTS = frozenset({"delete_group", "archive_group", "restore_group"})
"""Events that concern items which they do not name."""

Entry = Mapping[str, Any]


def fits_column(text: str) -> bool:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 <= LONG_TEXT_UNITS


def read_task(entry: Entry, shape: Shape, updates: Iterable[Entry], reads: Sequence[ExternalField] = ()) -> Item:
    """From TaskParts and all updates of the item. Raises ProtocolBroken."""
    values = {one["id"]: one for one in entry["column_values"]}
    status, date = values.get(shape.status) or {}, values.get(shape.date) or {}
    index = status.get("index")
    own = own_update(updates)
    texts = {one.id: (values.get(one.id) or {}).get("text") for one in reads}
    # The text of a checkbox is a tick.
    mapped = {one.id: bool(texts[one.id]) if one.kind == "checkbox" else texts[one.id] for one in reads}
    in_column = (values.get(shape.text) or {}).get("text")
    return Item(
        id=_id_of(entry),
        title=str(entry["name"]),
        text=in_column or (None if own is None else text_of(own)),
        status_id=None if index is None else str(index),
        done=None if shape.status is None else bool(status.get("is_done")),
        url=entry.get("url"),
        modified_at=parse_ms(entry.get("updated_at")),
        fields={
            "assignee": (values.get(shape.people) or {}).get("text") or None,
            "dueOn": date.get("date") or None,
            "group": (entry.get("group") or {}).get("title"),
        },
        mapped={name: value for name, value in mapped.items() if value},
    )


def read_comment(post: Entry, task_id: str) -> Item:
    """From an update or a reply to one. Raises ProtocolBroken."""
    return Item(
        id=_id_of(post),
        title="",
        text=to_text(str(post["body"])),
        parent_id=task_id,
        author=(post.get("creator") or {}).get("name"),
        modified_at=_edited_at(post),
        entity="comments",
    )


def read_file(asset: Entry, task_id: str) -> Item:
    """Raises ProtocolBroken."""
    return Item(
        id=_id_of(asset),
        title=str(asset["name"]),
        parent_id=task_id,
        url=asset.get("url"),
        modified_at=parse_ms(asset.get("created_at")),
        fields={"size": asset.get("file_size"), "kind": str(asset.get("file_extension") or "").lstrip(".") or None},
        entity="files",
    )


def comments_in(updates: Iterable[Entry]) -> list[Entry]:
    """The updates and the replies to them, without what is the text of the task."""
    posts: list[Entry] = []
    for update in updates:
        if not is_own(update):
            posts.append(update)
        posts += update.get("replies") or []
    return posts


def own_update(updates: Iterable[Entry]) -> Entry | None:
    """The update that holds the text of the task."""
    return next((update for update in updates if is_own(update)), None)


def is_own(update: Entry) -> bool:
    return to_text(str(update["body"])).partition("\n")[0].strip() == MARK


def text_of(own: Entry) -> str:
    return to_text(str(own["body"])).partition("\n")[2]


def body_of(text: str) -> str:
    """The update that holds the text of a task."""
    return to_html(f"{MARK}\n{text}")


def last_said_at(update: Entry) -> int:
    """When the update, or a reply to it, was last written; epoch milliseconds."""
    return max(_edited_at(post) or 0 for post in (update, *(update.get("replies") or ())))


def read_log(entries: Iterable[Entry]) -> tuple[list[str], list[str]] | None:
    """Of a board's log, the newest first: the items that something happened to, and those that are not on the board any
    more. None when it does not name all that it is about."""
    leaving: dict[str, bool] = {}
    for entry in entries:
        event = str(entry.get("event"))
        if event in GROUP_EVENTS:
            return None
        for item_id in _named_in(entry.get("data")):
            leaving.setdefault(item_id, event in LEAVING)
    return [one for one, gone in leaving.items() if not gone], [one for one, gone in leaving.items() if gone]


def _named_in(data: Any) -> list[str]:
    try:
        said = orjson.loads(data)
    except (orjson.JSONDecodeError, TypeError):
        return []
    if not isinstance(said, dict):
        return []
    pulse = said.get("pulse")
    single = [said.get("pulse_id"), said.get("item_id"), pulse.get("id") if isinstance(pulse, dict) else None]
    lists = [said.get(name) for name in ("pulse_ids", "item_ids", "duplicated_pulse_ids")]
    found = [*single, *(one for many in lists if isinstance(many, list) for one in many)]
    return list(dict.fromkeys(str(one) for one in found if isinstance(one, int | str) and str(one).isdecimal()))


def _edited_at(post: Entry) -> int | None:
    # A reply does not say when it was edited, only when it was last touched.
    return parse_ms(post.get("edited_at") or post.get("updated_at"))


def _id_of(entry: Entry) -> str:
    found = entry.get("id")
    if not isinstance(found, str) or not found:
        raise ProtocolBroken("monday.com sent something without an id")
    return found
