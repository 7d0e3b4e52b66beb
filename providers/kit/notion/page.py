"""What the properties of a Notion data source are to Koko: every team makes its own, so they are told by type and name.

- The title is the property of the type title.
- The state is a status property (its group Complete, or else its last group, is done), else a select named Status
  (options named Done, Complete, Completed or Closed are done), else a checkbox named Done, Complete or Completed.
- The text is a text property named Description, Text or Notes. Without one it is the page's content, which lists do
  not carry: then it goes to Notion and does not come back.
- A URL property named Koko, Link or URL takes the link to the frame.

Source: developers.notion.com/reference/{property-object,page-property-values}.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.kit.errors import ProtocolBroken, Rejected
from providers.kit.field_values import ExternalField
from providers.kit.items import Item, Status
from providers.kit.notion.text import to_plain, to_rich_text
from providers.kit.timestamps import parse_ms

Properties = Mapping[str, Any]

STATE_NAMES = ("status",)
DONE_NAMES = ("done", "complete", "completed", "closed")
CHECKBOX_NAMES = ("done", "complete", "completed")
TEXT_NAMES = ("description", "text", "notes")
LINK_NAMES = ("koko", "link", "url")
DUE_NAMES = ("due", "due date", "deadline")
ASSIGNEE_NAMES = ("assignee", "assign", "assigned to", "owner")


def find(properties: Properties, kind: str, names: tuple[str, ...]) -> str | None:
    """The name of the property of this type that is called so, the first of `names` before the others."""
    called = {
        name.casefold(): name
        for name, one in properties.items()
        if isinstance(one, Mapping) and one.get("type") == kind
    }
    return next((called[name] for name in names if name in called), None)


def find_title(properties: Properties) -> str:
    """The property that every data source has. Raises ProtocolBroken."""
    name = _first(properties, "title")
    if name is None:
        raise ProtocolBroken("Notion sent a page or data source without a title")
    return name


def find_state(properties: Properties) -> tuple[str, str] | None:
    """Name and type of the property that says what is done."""
    status = find(properties, "status", STATE_NAMES) or _first(properties, "status")
    if status is not None:
        return status, "status"
    for kind, names in (("select", STATE_NAMES), ("checkbox", CHECKBOX_NAMES)):
        name = find(properties, kind, names)
        if name is not None:
            return name, kind
    return None


def _first(properties: Properties, kind: str) -> str | None:
    # By name: Notion promises no order.
    return min((name for name, one in properties.items() if one.get("type") == kind), default=None)


@dataclass(frozen=True, slots=True)
class Schema:
    """The properties of a data source that Koko writes."""

    title: str
    state: tuple[str, str] | None
    text: str | None
    link: str | None
    statuses: tuple[Status, ...]

    @classmethod
    def read(cls, data_source: Mapping[str, Any]) -> "Schema":
        """Raises ProtocolBroken."""
        properties = data_source.get("properties")
        if not isinstance(properties, dict) or not all(isinstance(one, dict) for one in properties.values()):
            raise ProtocolBroken("Notion sent a data source without properties")
        state = find_state(properties)
        try:
            statuses = () if state is None else tuple(_statuses(properties[state[0]], state[1]))
        except (AttributeError, KeyError, TypeError):
            raise ProtocolBroken("Notion sent statuses of the wrong shape") from None
        return cls(
            title=find_title(properties),
            state=state,
            text=find(properties, "rich_text", TEXT_NAMES),
            link=find(properties, "url", LINK_NAMES),
            statuses=statuses,
        )

    def values(
        self, *, title: str | None, text: str | None, url: str, done: bool | None, status_id: str | None
    ) -> dict[str, Any]:
        """What to write for these; what is None is left out. Raises Rejected for what cannot be said there."""
        written: dict[str, Any] = {}
        if title is not None:
            written[self.title] = {"title": to_rich_text(title)}
        if text is not None and self.text is not None:
            written[self.text] = {"rich_text": to_rich_text(text)}
        if text is not None and self.link is not None and url:
            written[self.link] = {"url": url}
        if done is not None or status_id is not None:
            written |= self._state_value(done, status_id)
        return written

    def read_page(self, page: Mapping[str, Any], reads: Sequence[ExternalField]) -> Item:
        """A page that was written just now. Raises as `read_page` does."""
        return read_page(page, {status.id: status.done for status in self.statuses}, reads)

    def _state_value(self, done: bool | None, status_id: str | None) -> dict[str, Any]:
        if self.state is None:
            raise Rejected("This Notion database has no Status property: add one, so that Koko can mark pages as done")
        name, kind = self.state
        if kind == "checkbox":
            return {} if done is None else {name: {"checkbox": done}}
        chosen = status_id or next((status.id for status in self.statuses if status.done == done), None)
        if chosen is None:
            raise Rejected(f"The Notion property {name} has no option that means {'done' if done else 'open'}")
        return {name: {kind: {"id": chosen}}}


def _statuses(prop: Mapping[str, Any], kind: str) -> Iterator[Status]:
    if kind == "checkbox":
        return
    options = {option["id"]: option["name"] for option in prop[kind]["options"]}
    if kind == "select":
        for option_id, name in options.items():
            yield Status(id=option_id, name=name, done=name.casefold() in DONE_NAMES)
        return
    groups = prop[kind]["groups"]
    # The groups are always the same three, but their names may be in the workspace's language.
    complete = [group for group in groups if group["name"] == "Complete"] or groups[-1:]
    done = {option_id for group in complete for option_id in group["option_ids"]}
    for option_id in dict.fromkeys([one for group in groups for one in group["option_ids"]] + list(options)):
        if option_id in options:
            yield Status(id=option_id, name=options[option_id], done=option_id in done)


def status_ids(pages: Iterable[Any]) -> set[str]:
    """The options of status properties that these pages are in: whether they mean done, only the data source tells."""
    found: set[str] = set()
    for page in pages:
        # A page of the wrong shape is told of when it is read.
        with contextlib.suppress(AttributeError, KeyError, TypeError):
            state = find_state(page["properties"])
            if state is not None and state[1] == "status":
                found.add(str(_option(page["properties"], *state)["id"]))
    return found


def source_title(data_source: Mapping[str, Any]) -> str:
    return to_plain(data_source.get("title") or []) or "Untitled"


def is_trashed(page: Mapping[str, Any]) -> bool:
    return bool(page.get("in_trash") or page.get("archived"))


def read_page(page: Mapping[str, Any], done_by_status: Mapping[str, bool], reads: Sequence[ExternalField] = ()) -> Item:
    """A page of a data source as a task. Raises ProtocolBroken, or what shapes that are wrong raise."""
    page_id, properties = page.get("id"), page.get("properties")
    if not isinstance(page_id, str) or not isinstance(properties, dict):
        raise ProtocolBroken("Notion sent a page without id or properties")
    text = find(properties, "rich_text", TEXT_NAMES)
    due = find(properties, "date", DUE_NAMES)
    assignee = find(properties, "people", ASSIGNEE_NAMES)
    status_id, done = _read_state(properties, done_by_status)
    people = [one.get("name") for one in properties[assignee]["people"]] if assignee else []
    return Item(
        id=page_id,
        title=to_plain(properties[find_title(properties)]["title"]),
        text=None if text is None else to_plain(properties[text]["rich_text"]),
        status_id=status_id,
        done=done,
        url=page.get("url"),
        modified_at=parse_ms(page.get("last_edited_time")),
        fields={
            "dueOn": (properties[due]["date"] or {}).get("start") if due else None,
            "assignee": ", ".join(name for name in people if name) or None,
        },
        mapped=_read_values(properties, reads),
    )


def _read_values(properties: Properties, reads: Sequence[ExternalField]) -> dict[str, Any]:
    by_id = {one.get("id"): one for one in properties.values()} if reads else {}
    values = {field.id: by_id.get(field.id, {}).get(field.native) for field in reads}
    texts = {name: to_plain(value) if isinstance(value, list) else value for name, value in values.items()}
    return {name: value for name, value in texts.items() if value}


def read_files(page: Mapping[str, Any]) -> Iterator[Item]:
    """The files in a page's properties. They have no ids of their own: the property and their name tell them apart."""
    seen: dict[str, int] = {}
    for prop in page["properties"].values():
        for file in prop["files"] if prop.get("type") == "files" else ():
            place = f"{page['id']}/{prop['id']}/{file['name']}"
            seen[place] = number = seen.get(place, 0) + 1
            yield Item(
                id=place if number == 1 else f"{place}/{number}",
                title=file["name"],
                entity="files",
                parent_id=page["id"],
                # The address of a file that Notion keeps is signed anew each time.
                url=file["external"]["url"] if file.get("type") == "external" else None,
                fields={"kind": file.get("type")},
            )


def _read_state(properties: Properties, done_by_status: Mapping[str, bool]) -> tuple[str | None, bool | None]:
    state = find_state(properties)
    if state is None:
        return None, None
    name, kind = state
    if kind == "checkbox":
        return None, properties[name]["checkbox"] is True
    option = _option(properties, name, kind)
    if kind == "select":
        return option.get("id"), str(option.get("name", "")).casefold() in DONE_NAMES
    return option.get("id"), done_by_status.get(str(option.get("id")), False)


def _option(properties: Properties, name: str, kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = properties[name].get(kind) or {}
    return found
