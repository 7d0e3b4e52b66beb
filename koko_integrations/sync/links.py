"""Which Koko comment is which item at the provider, and what both sides last agreed on."""

from collections.abc import Sequence
from typing import NamedTuple

import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import SyncLink as Row
from koko_integrations.sync.items import CHUNK, Place, chunks

_OURS = Row.integration_id == param("integration_id")
_THIS = _OURS & (Row.koko_id == param("koko_id"))
_NAMED = (
    _OURS & (Row.entity == param("entity")) & Row.external_id.in_([param(f"id{number}") for number in range(CHUNK)])
)
_IS_LINKED = Row.state == "linked"
_COLUMNS = (
    Row.koko_id,
    Row.entity,
    Row.container,
    Row.external_id,
    Row.parent_id,
    Row.origin,
    Row.state,
    Row.base_title,
    Row.base_text,
    Row.base_done,
    Row.external_changed,
    Row.attempted_at,
    Row.fields_base,
)
# What was gone and is there again - moved from one project to another, or back from the bin - is linked as it was.
_MARK_CHANGED = Statement(
    Row.update({Row.state: "linked", Row.external_changed: 1}).where(_NAMED & (_IS_LINKED | (Row.state == "gone")))
)
_MARK_GONE = Statement(Row.update({Row.state: "gone"}).where(_NAMED & _IS_LINKED).returning(Row.koko_id, Row.origin))
_INTEND = Statement(
    Row.insert(
        {
            Row.integration_id: param("integration_id"),
            Row.koko_id: param("koko_id"),
            Row.entity: param("entity"),
            Row.container: param("container"),
            Row.parent_id: param("parent_id"),
            Row.origin: "koko",
            Row.state: "creating",
            Row.base_title: param("title"),
            Row.base_text: param("text"),
            Row.base_done: param("done"),
            Row.external_changed: 0,
            Row.attempted_at: param("now"),
        }
    ).on_conflict(
        conflict_target=[Row.integration_id, Row.koko_id],
        update={
            Row.state: "creating",
            Row.container: peewee.EXCLUDED.container,
            Row.parent_id: peewee.EXCLUDED.parent_id,
            Row.base_title: peewee.EXCLUDED.base_title,
            Row.base_text: peewee.EXCLUDED.base_text,
            Row.base_done: peewee.EXCLUDED.base_done,
            Row.attempted_at: peewee.EXCLUDED.attempted_at,
            Row.fields_base: None,
            Row.fields_seen: None,
        },
    )
)
_LINK = Statement(
    Row.update({Row.state: "linked", Row.external_id: param("external_id"), Row.error: None}).where(_THIS)
)
_RETURN = Statement(
    Row.insert(
        {
            Row.integration_id: param("integration_id"),
            Row.koko_id: param("koko_id"),
            Row.entity: param("entity"),
            Row.container: param("container"),
            Row.external_id: param("external_id"),
            Row.parent_id: param("parent_id"),
            Row.origin: "external",
            Row.state: "linked",
            Row.base_title: "",
            Row.base_text: param("text"),
            Row.base_done: 0,
            Row.external_changed: 0,
            Row.attempted_at: param("now"),
        }
    )
)
_AGREE = Statement(
    Row.update(
        {
            Row.base_title: param("title"),
            Row.base_text: param("text"),
            Row.base_done: param("done"),
            Row.external_changed: 0,
            Row.error: None,
        }
    ).where(_THIS)
)
_SET_FIELDS = Statement(
    Row.update({Row.fields_base: param("base"), Row.fields_seen: param("seen"), Row.error: None}).where(_THIS)
)
_SET_BASE = Statement(Row.update({Row.fields_base: param("base")}).where(_THIS))
_SET_STATE = Statement(Row.update({Row.state: param("state")}).where(_THIS))
_SET_ERROR = Statement(Row.update({Row.error: param("error")}).where(_THIS))
_FORGET = Statement(Row.delete().where(_THIS))
UNCONFIRMED = Statement(
    Row.select(*_COLUMNS).where(_OURS & (Row.container == param("container")) & (Row.state == "creating"))
)


class Link(NamedTuple):
    """One link: its columns. `base_*` are what both sides last agreed on."""

    koko_id: str
    entity: str
    container: str
    external_id: str | None
    parent_id: str | None
    origin: str
    state: str
    base_title: str
    base_text: str
    base_done: int
    external_changed: int
    attempted_at: int
    fields_base: str | None = None


COLUMNS = _COLUMNS
"""What to select, in the order of `Link`'s members."""


def mark_changed(tx: Transaction, place: Place, ids: Sequence[str]) -> None:
    """The provider's side of these has changed: it is to be brought to Koko."""
    for chunk in chunks(ids):
        tx.change(_MARK_CHANGED, integration_id=place.integration_id, entity=place.entity, **chunk)


def mark_gone(tx: Transaction, place: Place, ids: Sequence[str]) -> list[tuple[str, str]]:
    """The provider's side of these has been deleted. Koko id and origin of those that were linked."""
    gone: list[tuple[str, str]] = []
    for chunk in chunks(ids):
        found = tx.rows(_MARK_GONE, integration_id=place.integration_id, entity=place.entity, **chunk)
        gone += [(row[0], row[1]) for row in found]
    return gone


def intend(
    tx: Transaction,
    integration_id: str,
    koko_id: str,
    entity: str,
    container: str,
    parent_id: str | None,
    *,
    title: str,
    text: str,
    done: bool,
    now: int,
) -> None:
    """Says that the item is about to be made: after a crash it is looked for before it is made again."""
    tx.change(
        _INTEND,
        integration_id=integration_id,
        koko_id=koko_id,
        entity=entity,
        container=container,
        parent_id=parent_id,
        title=title,
        text=text,
        done=int(done),
        now=now,
    )


def link(tx: Transaction, integration_id: str, koko_id: str, external_id: str) -> None:
    """The item exists."""
    tx.change(_LINK, integration_id=integration_id, koko_id=koko_id, external_id=external_id)


def link_returned(
    tx: Transaction, place: Place, koko_id: str, external_id: str, parent_id: str, text: str, now: int
) -> None:
    """A Koko comment that was made from the provider's."""
    tx.change(
        _RETURN,
        integration_id=place.integration_id,
        entity=place.entity,
        container=place.container,
        koko_id=koko_id,
        external_id=external_id,
        parent_id=parent_id,
        text=text,
        now=now,
    )


def agree(tx: Transaction, integration_id: str, koko_id: str, *, title: str, text: str, done: bool) -> None:
    """Both sides are the same now."""
    tx.change(_AGREE, integration_id=integration_id, koko_id=koko_id, title=title, text=text, done=int(done))


def set_fields(tx: Transaction, integration_id: str, koko_id: str, base: str, seen: str) -> None:
    """What the task's mapped fields hold now, as JSON by id, and the fingerprint of what that was worked out from."""
    tx.change(_SET_FIELDS, integration_id=integration_id, koko_id=koko_id, base=base, seen=seen)


def set_fields_base(tx: Transaction, integration_id: str, koko_id: str, base: str) -> None:
    """What the task's mapped fields hold now, whoever has written it."""
    tx.change(_SET_BASE, integration_id=integration_id, koko_id=koko_id, base=base)


def set_state(tx: Transaction, integration_id: str, koko_id: str, state: str) -> None:
    tx.change(_SET_STATE, integration_id=integration_id, koko_id=koko_id, state=state)


def set_error(tx: Transaction, integration_id: str, koko_id: str, error: str) -> None:
    tx.change(_SET_ERROR, integration_id=integration_id, koko_id=koko_id, error=error)


def forget(tx: Transaction, integration_id: str, koko_id: str) -> None:
    """The item was certainly not made, or what it was made from is gone."""
    tx.change(_FORGET, integration_id=integration_id, koko_id=koko_id)
