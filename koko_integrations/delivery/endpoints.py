"""Rows of endpoints: made, changed, listed. Each function runs in a transaction that its caller has opened."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import Endpoint
from koko_integrations.models import Integration as Row
from koko_integrations.rpc.wire import dump_text


class Subscriber(NamedTuple):
    """An endpoint that events may go to."""

    id: str
    integration_id: str
    kind: str
    events_json: str
    filters_json: str


OF_TEAM = Statement(
    Endpoint.select(Endpoint.id, Endpoint.integration_id, Endpoint.kind, Endpoint.events, Endpoint.filters)
    .join(Row, on=(Row.id == Endpoint.integration_id))
    .where(
        (Endpoint.team_id == param("team_id"))
        & (Endpoint.kind != "channel")
        & Endpoint.off_at.is_null()
        & (Row.status == "connected")
    )
    .order_by(Endpoint.created_at, Endpoint.id)
)
FIND = Statement(
    Endpoint.select(Endpoint.sealed, Endpoint.events, Endpoint.off_at).where(
        (Endpoint.id == param("id")) & (Endpoint.integration_id == param("integration_id"))
    )
)
_INSERT = Statement(
    Endpoint.insert(
        {
            Endpoint.id: param("id"),
            Endpoint.integration_id: param("integration_id"),
            Endpoint.team_id: param("team_id"),
            Endpoint.kind: param("kind"),
            Endpoint.events: param("events"),
            Endpoint.filters: param("filters"),
            Endpoint.sealed: param("sealed"),
            Endpoint.lease_until: 0,
            Endpoint.failures: 0,
            Endpoint.rests_until: 0,
            Endpoint.created_at: param("now"),
        }
    )
)
# Whoever sends there now has taken it for what it was: what they find says nothing of it any more.
_UNLEASED = {Endpoint.lease_holder: None, Endpoint.lease_until: 0}
_FRESH = {
    **_UNLEASED,
    Endpoint.off_at: None,
    Endpoint.failures: 0,
    Endpoint.rests_until: 0,
    Endpoint.degraded_at: None,
    Endpoint.last_error: None,
}
_ENSURE_CHANNEL = Statement(
    Endpoint.insert(
        {
            Endpoint.id: param("integration_id"),
            Endpoint.integration_id: param("integration_id"),
            Endpoint.team_id: param("team_id"),
            Endpoint.kind: "channel",
            Endpoint.events: "[]",
            Endpoint.filters: "{}",
            Endpoint.lease_until: 0,
            Endpoint.failures: 0,
            Endpoint.rests_until: 0,
            Endpoint.created_at: param("now"),
        }
    ).on_conflict(
        conflict_target=[Endpoint.id],
        # One that was given up lives again with its integration.
        update=_FRESH,
        where=Endpoint.off_at.is_null(False),
    )
)
_CHANGE = Statement(
    Endpoint.update({Endpoint.sealed: param("sealed"), Endpoint.events: param("events"), **_FRESH}).where(
        Endpoint.id == param("id")
    )
)
_RESEAL = Statement(
    Endpoint.update({Endpoint.sealed: param("sealed"), **_UNLEASED}).where(
        (Endpoint.id == param("id")) & (Endpoint.sealed == param("was"))
    )
)
_TURN_ON = Statement(Endpoint.update(_FRESH).where(Endpoint.id == param("id")))
COUNT_HOOKS = Statement(
    Endpoint.select(peewee.fn.COUNT(Endpoint.id)).where(
        (Endpoint.integration_id == param("integration_id")) & (Endpoint.kind == "hook") & Endpoint.off_at.is_null()
    )
)


def add(
    tx: Transaction,
    endpoint_id: str,
    integration_id: str,
    team_id: str,
    kind: str,
    events: Sequence[str],
    sealed: str,
    now: int,
    filters: Mapping[str, str] | None = None,
) -> None:
    """A new endpoint."""
    tx.change(
        _INSERT,
        id=endpoint_id,
        integration_id=integration_id,
        team_id=team_id,
        kind=kind,
        events=dump_text(events),
        filters=dump_text(filters or {}),
        sealed=sealed,
        now=now,
    )


def ensure_channel(tx: Transaction, integration_id: str, team_id: str, now: int) -> None:
    """The endpoint of an integration that is a channel itself."""
    tx.change(_ENSURE_CHANNEL, integration_id=integration_id, team_id=team_id, now=now)


def change(tx: Transaction, endpoint_id: str, events: Sequence[str], sealed: str) -> None:
    """Another address or other events, and another chance."""
    tx.change(_CHANGE, id=endpoint_id, events=dump_text(events), sealed=sealed)


def reseal(tx: Transaction, endpoint_id: str, was: str, sealed: str) -> bool:
    """Another destination; False when somebody else has changed it in the meantime."""
    return tx.change(_RESEAL, id=endpoint_id, was=was, sealed=sealed) > 0


def turn_on(tx: Transaction, endpoint_id: str) -> None:
    """It has been seen to answer."""
    tx.change(_TURN_ON, id=endpoint_id)
