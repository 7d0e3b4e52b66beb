"""What synchronising moves between a provider and Koko: items, pages of them, and changes to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from providers.kit.field_values import ExternalField, FieldValue

Entity = Literal["projects", "tasks", "comments", "files"]
ENTITIES: tuple[Entity, ...] = ("projects", "tasks", "comments", "files")


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing at the provider, in Koko's words.

    `text` is plain text, or None where a list does not carry it. `modified_at` is epoch milliseconds; it is not part
    of the content. `entity` is set on what came along with a page of another entity. `without` names the entities in
    `per_task` of which the list says that this task has none: they are only asked for where some were known.
    `mapped` is, by id, what the fields hold that were to be read back; nothing for what is empty.
    """

    id: str
    title: str
    text: str | None = None
    parent_id: str | None = None
    status_id: str | None = None
    done: bool | None = None
    url: str | None = None
    author: str | None = None
    modified_at: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    mapped: Mapping[str, Any] = field(default_factory=dict)
    entity: Entity | None = None
    without: frozenset[Entity] = frozenset()


@dataclass(frozen=True, slots=True)
class Skipped:
    """An item that could not be read, and why."""

    id: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """One page asked for.

    `container` is the mapped project (board, database, file) or folder; None means everything there is. `parent` is
    the task whose comments or files are asked for, for the entities in `per_task`. `since` is the watermark of the
    last complete pass, None for a full one. `cursor` continues a pass. `reads` are
    fields of tasks that are to be read back.
    """

    entity: Entity
    container: str | None = None
    parent: str | None = None
    since: str | None = None
    cursor: str | None = None
    reads: tuple[ExternalField, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of a pass. `cursor` leads to the next one, None on the last.

    `watermark` is where the next incremental pass begins; the last one that a pass gives counts. `gone` are ids that
    the provider says are deleted.
    """

    items: tuple[Item, ...] = ()
    gone: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    cursor: str | None = None
    watermark: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """A state that a task of a container can be in. `done` states mean that nothing is left to do."""

    id: str
    name: str
    done: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A task to be made. `url` leads to the frame in Koko; `text` ends with it. `koko_id` is the Koko comment's.
    `fields` are to be written, `reads` to be read back with the answer."""

    title: str
    text: str
    url: str
    koko_id: str
    done: bool = False
    status_id: str | None = None
    fields: tuple[FieldValue, ...] = ()
    reads: tuple[ExternalField, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What to change of a task; None leaves a member as it is. What is not
    about the task itself is as in `Draft`."""

    url: str
    koko_id: str
    title: str | None = None
    text: str | None = None
    done: bool | None = None
    status_id: str | None = None
    fields: tuple[FieldValue, ...] = ()
    reads: tuple[ExternalField, ...] = ()


def find_status(wanted: str, statuses: Sequence[Status]) -> Status:
    """By id, or by a name that only one of them has. Raises LookupError that says what there is."""
    by_id = [status for status in statuses if status.id == wanted]
    named = [status for status in statuses if status.name.casefold() == wanted.casefold()]
    if by_id:
        return by_id[0]
    if len(named) == 1:
        return named[0]
    if named:
        raise LookupError(
            f"{wanted!r} names {len(named)} statuses there; give the id of one: {', '.join(one.id for one in named)}"
        )
    known = ", ".join(f"{one.name} ({one.id})" for one in statuses) or "none"
    raise LookupError(f"there is no status {wanted!r}; there are: {known}")
