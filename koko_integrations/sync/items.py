"""Rows of what was seen at providers: compared by content, written in one transaction with the pass's progress."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import SyncedItem as Row
from koko_integrations.rpc.wire import dump, present
from providers.kit.items import Entity, Item

CHUNK = 100
"""Ids in one IN (...): a fixed number, so that the SQL is compiled once."""
VISIT_BITS: dict[Entity, int] = {"comments": 1, "files": 2}

_THIS = (Row.integration_id == param("integration_id")) & (Row.entity == param("entity"))
_NAMED = Row.external_id.in_([param(f"id{number}") for number in range(CHUNK)])
_KNOWN = Statement(
    Row.select(Row.external_id, Row.content_hash, Row.modified_at, Row.deleted_at, Row.visit, Row.container).where(
        _THIS & _NAMED
    )
)
_LIVE = Statement(Row.select(Row.external_id).where(_THIS & _NAMED & Row.deleted_at.is_null()))
_SEEN_AGAIN = Statement(Row.update({Row.generation: param("generation")}).where(_THIS & _NAMED))
_UPSERT = Statement(
    Row.insert(
        {
            Row.integration_id: param("integration_id"),
            Row.entity: param("entity"),
            Row.external_id: param("external_id"),
            Row.container: param("container"),
            Row.parent_id: param("parent_id"),
            Row.content: param("content"),
            Row.content_hash: param("content_hash"),
            Row.modified_at: param("modified_at"),
            Row.generation: param("generation"),
            Row.visit: param("visit"),
            Row.first_seen_at: param("now"),
            Row.changed_at: param("now"),
            Row.deleted_at: None,
        }
    ).on_conflict(
        conflict_target=[Row.integration_id, Row.entity, Row.external_id],
        update={
            Row.container: peewee.EXCLUDED.container,
            Row.parent_id: peewee.EXCLUDED.parent_id,
            Row.content: peewee.EXCLUDED.content,
            Row.content_hash: peewee.EXCLUDED.content_hash,
            Row.modified_at: peewee.EXCLUDED.modified_at,
            Row.generation: peewee.EXCLUDED.generation,
            Row.visit: peewee.EXCLUDED.visit,
            Row.changed_at: peewee.EXCLUDED.changed_at,
            Row.deleted_at: None,
        },
    )
)
_DELETE = Statement(
    Row.update({Row.deleted_at: param("now"), Row.changed_at: param("now"), Row.visit: 0})
    # What has moved to another container is not gone with the one that it has left.
    .where(_THIS & _NAMED & (Row.container == param("container")) & Row.deleted_at.is_null())
    .returning(Row.external_id)
)
_DELETE_CHILDREN = Statement(
    Row.update({Row.deleted_at: param("now"), Row.changed_at: param("now")}).where(
        (Row.integration_id == param("integration_id"))
        & Row.entity.in_(("comments", "files"))
        & Row.parent_id.in_([param(f"id{number}") for number in range(CHUNK)])
        & Row.deleted_at.is_null()
    )
)
_IN_CONTAINER = _THIS & (Row.container == param("container")) & Row.deleted_at.is_null()
_COUNT = Statement(
    Row.select(
        peewee.fn.COUNT(Row.external_id),
        peewee.fn.COALESCE(peewee.fn.SUM(peewee.Case(None, [(Row.generation < param("generation"), 1)], 0)), 0),
    ).where(_IN_CONTAINER)
)
_UNSEEN = Statement(
    Row.select(Row.external_id).where(_IN_CONTAINER & (Row.generation < param("generation"))).limit(CHUNK)
)
_OF_PARENT = Statement(
    Row.select(Row.external_id).where(_THIS & (Row.parent_id == param("parent_id")) & Row.deleted_at.is_null())
)
_PARENTS = Statement(
    Row.select(Row.parent_id)
    .where(_THIS & Row.parent_id.in_([param(f"id{number}") for number in range(CHUNK)]) & Row.deleted_at.is_null())
    .distinct()
)
_TO_BE_VISITED = (
    (Row.integration_id == param("integration_id"))
    & (Row.container == param("container"))
    # Tasks alone. Not as a parameter: only so does SQLite see that the index of what is to be visited will do.
    & (Row.visit > peewee.SQL("0"))
    & (Row.visit.bin_and(param("bit")) > 0)
    & Row.deleted_at.is_null()
)
TO_VISIT = Statement(
    Row.select(Row.external_id)
    .where(_TO_BE_VISITED & (Row.external_id > param("after")))
    .order_by(Row.external_id)
    .limit(CHUNK)
)
COUNT_TO_VISIT = Statement(Row.select(peewee.fn.COUNT(Row.external_id)).where(_TO_BE_VISITED))
_VISITED = Statement(
    Row.update({Row.visit: Row.visit - param("bit")}).where(
        _THIS & (Row.external_id == param("external_id")) & (Row.visit.bin_and(param("bit")) > 0)
    )
)
_VISIT_AGAIN = Statement(
    Row.update({Row.visit: Row.visit + param("bit")}).where(
        _THIS & (Row.external_id == param("external_id")) & (Row.visit.bin_and(param("bit")) == 0)
    )
)
FIND = Statement(
    Row.select(Row.content, Row.modified_at, Row.deleted_at).where(_THIS & (Row.external_id == param("external_id")))
)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose items, of which entity and container."""

    integration_id: str
    entity: str
    container: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What a page changed."""

    created: int
    updated: int
    changed_ids: tuple[str, ...]


def apply(
    tx: Transaction,
    place: Place,
    items: Iterable[Item],
    generation: int,
    visit: int,
    now: int,
    *,
    full: bool,
    write: bool = True,
) -> Applied:
    """Writes what differs from what is known. Tasks that changed - in a `full` pass, all - get the bits of `visit`:
    their comments or files are to be looked at, where they have any. Without `write` only the difference is told."""
    # An id that stands twice in a page counts with its last state.
    latest = {item.id: item for item in items}
    created = updated = 0
    upserts: list[dict[str, Any]] = []
    unchanged: list[str] = []
    changed_ids: list[str] = []
    idle = _idle_bits(tx, place, latest.values()) if visit else {}
    for chunk in chunks(list(latest)):
        known = {row[0]: row[1:] for row in tx.rows(_KNOWN, **_whose(place), **chunk)}
        for external_id in dict.fromkeys(chunk.values()):
            item = latest[external_id]
            content, digest = _content(item)
            before = known.get(external_id)
            same = before is not None and before[0] == digest and before[2] is None
            # Something about it changed that is not its content: a comment, for example, or where it is.
            touched = before is None or before[1] != item.modified_at or before[4] != place.container
            bits = visit & ~idle.get(external_id, 0) if full or touched or not same else 0
            if same and not touched and not bits:
                unchanged.append(external_id)
                continue
            if not same:
                changed_ids.append(external_id)
                created, updated = created + (before is None), updated + (before is not None)
            upserts.append(
                {
                    **_whose(place),
                    "external_id": external_id,
                    "container": place.container,
                    "parent_id": item.parent_id,
                    "content": content,
                    "content_hash": digest,
                    "modified_at": item.modified_at,
                    "generation": generation,
                    "visit": bits | (before[3] if before is not None else 0),
                    "now": now,
                }
            )
    if write:
        tx.change_many(_UPSERT, upserts)
        for chunk in chunks(unchanged if full else ()):
            tx.change(_SEEN_AGAIN, generation=generation, **_whose(place), **chunk)
    return Applied(created, updated, tuple(changed_ids))


def delete(tx: Transaction, place: Place, ids: Sequence[str], now: int) -> tuple[str, ...]:
    """Marks items as deleted, with what hangs on them. The ids that were there until now."""
    gone: list[str] = []
    for chunk in chunks(ids):
        found = [row[0] for row in tx.rows(_DELETE, **_whose(place), **chunk, container=place.container, now=now)]
        gone += found
        for tasks in chunks(found) if place.entity == "tasks" else ():
            tx.change(_DELETE_CHILDREN, integration_id=place.integration_id, now=now, **tasks)
    return tuple(gone)


def find_live(tx: Transaction, place: Place, ids: Sequence[str]) -> set[str]:
    """Those of the ids that are known, and not as deleted."""
    return {row[0] for chunk in chunks(ids) for row in tx.rows(_LIVE, **_whose(place), **chunk)}


def spare(tx: Transaction, place: Place, ids: Sequence[str], generation: int) -> None:
    """Counts items as seen that a full pass could not read: they are there all the same."""
    for chunk in chunks(ids):
        tx.change(_SEEN_AGAIN, generation=generation, **_whose(place), **chunk)


def count_unseen(tx: Transaction, place: Place, generation: int) -> tuple[int, int]:
    """How many items there were, and how many of them a full pass did not see."""
    row = tx.row(_COUNT, **_whose(place), container=place.container, generation=generation)
    return (int(row[0]), int(row[1])) if row else (0, 0)


def delete_unseen(tx: Transaction, place: Place, generation: int, now: int) -> tuple[str, ...]:
    """Marks as deleted what a complete full pass did not see."""
    gone: list[str] = []
    arguments = {**_whose(place), "container": place.container, "generation": generation}
    while unseen := [row[0] for row in tx.rows(_UNSEEN, **arguments)]:
        gone += delete(tx, place, unseen, now)
    return tuple(gone)


def delete_missing_children(
    tx: Transaction, place: Place, parent_id: str, seen: Iterable[str], now: int
) -> tuple[str, ...]:
    """Marks as deleted what hung on a task and was not seen on it any more."""
    kept = set(seen)
    known = [row[0] for row in tx.rows(_OF_PARENT, **_whose(place), parent_id=parent_id)]
    return delete(tx, place, [external_id for external_id in known if external_id not in kept], now)


def set_visited(tx: Transaction, integration_id: str, task_id: str, bit: int) -> None:
    """The task's comments or files have been looked at."""
    tx.change(_VISITED, integration_id=integration_id, entity="tasks", external_id=task_id, bit=bit)


def set_to_visit(tx: Transaction, integration_id: str, task_id: str, bit: int) -> None:
    """The task's comments or files are to be looked at again."""
    tx.change(_VISIT_AGAIN, integration_id=integration_id, entity="tasks", external_id=task_id, bit=bit)


def chunks(ids: Sequence[str]) -> Iterator[dict[str, str]]:
    """The ids as arguments of a statement with an IN of fixed size; the last one fills what is left."""
    for start in range(0, len(ids), CHUNK):
        part = list(ids[start : start + CHUNK])
        part += [part[-1]] * (CHUNK - len(part))
        yield {f"id{number}": external_id for number, external_id in enumerate(part)}


def load(content: str) -> Any:
    """An item's content, an object as `apply` stored it."""
    return orjson.loads(content)


def _idle_bits(tx: Transaction, place: Place, tasks: Collection[Item]) -> dict[str, int]:
    """By task, the bits of what it has none of and had none of: there is nothing to look at."""
    idle: dict[str, int] = {}
    for entity, bit in VISIT_BITS.items():
        bare = [task.id for task in tasks if entity in task.without]
        there = {"integration_id": place.integration_id, "entity": entity}
        known = {row[0] for chunk in chunks(bare) for row in tx.rows(_PARENTS, **there, **chunk)}
        for task_id in bare:
            if task_id not in known:
                idle[task_id] = idle.get(task_id, 0) | bit
    return idle


def _whose(place: Place) -> dict[str, str]:
    return {"integration_id": place.integration_id, "entity": place.entity}


def _content(item: Item) -> tuple[str, str]:
    fields: Mapping[str, Any] = {name: value for name, value in item.fields.items() if value is not None}
    encoded = dump(
        present(
            title=item.title,
            text=item.text,
            statusId=item.status_id,
            done=item.done,
            url=item.url,
            author=item.author,
            parentId=item.parent_id,
            fields=fields or None,
            mapped=dict(item.mapped) or None,
        )
    )
    return encoded.decode(), hashlib.blake2b(encoded, digest_size=16).hexdigest()
