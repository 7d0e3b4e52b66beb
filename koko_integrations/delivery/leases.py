"""Who sends to an endpoint: whoever holds its lease, one process at a time, so its cap needs no rows of its own.

Every change of a leased endpoint names the holder: one that has been overtaken changes nothing. Each function runs in a
transaction that its caller has opened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import Delivery, Endpoint

LEASE_MS = 10_000
"""Prolonged every few seconds: so long after a process has died somebody else goes on."""


class Leased(NamedTuple):
    """An endpoint that this process sends to. Times are epoch ms."""

    id: str
    integration_id: str
    team_id: str
    kind: str
    sealed: str | None
    failures: int
    degraded_at: int | None


_LEASED = (
    Endpoint.id,
    Endpoint.integration_id,
    Endpoint.team_id,
    Endpoint.kind,
    Endpoint.sealed,
    Endpoint.failures,
    Endpoint.degraded_at,
)
_IS_DUE = (
    (Endpoint.next_due_at <= param("now"))
    & (Endpoint.lease_until <= param("now"))
    & (Endpoint.rests_until <= param("now"))
    & Endpoint.off_at.is_null()
)
FIND_DUE_ENDPOINTS = Statement(
    Endpoint.select(Endpoint.id, Endpoint.team_id).where(_IS_DUE).order_by(Endpoint.next_due_at).limit(param("limit"))
)
_CLAIM = Statement(
    Endpoint.update({Endpoint.lease_holder: param("holder"), Endpoint.lease_until: param("until")})
    .where((Endpoint.id == param("id")) & _IS_DUE)
    .returning(*_LEASED)
)
_HELD = (Endpoint.id == param("id")) & (Endpoint.lease_holder == param("holder"))
_PROLONG = Statement(Endpoint.update({Endpoint.lease_until: param("until")}).where(_HELD))
_LET_GO = Statement(
    Endpoint.update({Endpoint.lease_holder: None, Endpoint.lease_until: 0}).where(
        Endpoint.lease_holder == param("holder")
    )
)
_NEXT_DUE = Delivery.select(peewee.fn.MIN(Delivery.due_at)).where(
    (Delivery.endpoint_id == Endpoint.id) & (Delivery.status == "pending")
)
_RELEASE = Statement(
    Endpoint.update(
        {
            Endpoint.lease_holder: None,
            Endpoint.lease_until: 0,
            Endpoint.next_due_at: _NEXT_DUE,
            Endpoint.failures: param("failures"),
            Endpoint.rests_until: param("rests_until"),
            Endpoint.degraded_at: param("degraded_at"),
            Endpoint.last_error: param("error"),
        }
    ).where(_HELD)
)
LOOK = Statement(
    Endpoint.select(Endpoint.sealed, Endpoint.off_at, Endpoint.lease_holder).where(Endpoint.id == param("id"))
)
_SETTLE = Statement(
    Endpoint.update({Endpoint.lease_holder: None, Endpoint.lease_until: 0, Endpoint.next_due_at: _NEXT_DUE}).where(
        _HELD
    )
)
_TURN_OFF = Statement(
    Endpoint.update(
        {Endpoint.off_at: param("now"), Endpoint.next_due_at: None, Endpoint.last_error: param("error")}
    ).where((Endpoint.id == param("id")) & Endpoint.off_at.is_null())
)
_DROP_PENDING = Statement(
    Delivery.update({Delivery.status: "failed", Delivery.finished_at: param("now")}).where(
        (Delivery.endpoint_id == param("id")) & (Delivery.status == "pending")
    )
)
_LOCK = Statement(Endpoint.update({Endpoint.lease_until: Endpoint.lease_until}).where(_HELD))


@dataclass(frozen=True, kw_only=True)
class Health:
    """How an endpoint fares: failures in a row, until when it rests, since when it is degraded."""

    failures: int
    rests_until: int = 0
    degraded_at: int | None = None
    error: str | None = None


def claim(tx: Transaction, endpoint_ids: Iterable[str], holder: str, now: int) -> list[Leased]:
    """Takes those of the endpoints that are still due and nobody's."""
    until = now + LEASE_MS
    # In one order everywhere, as their rows are locked.
    rows = [tx.row(_CLAIM, id=one, holder=holder, now=now, until=until) for one in sorted(endpoint_ids)]
    return [Leased._make(row) for row in rows if row is not None]


def prolong(tx: Transaction, endpoint_ids: Iterable[str], holder: str, now: int) -> None:
    """Holds these leases for longer."""
    until = now + LEASE_MS
    # In one order everywhere, as their rows are locked.
    tx.change_many(_PROLONG, [{"id": one, "holder": holder, "until": until} for one in sorted(endpoint_ids)])


def let_go(tx: Transaction, holder: str) -> None:
    """Gives all leases back: the process ends."""
    tx.change(_LET_GO, holder=holder)


def release(tx: Transaction, endpoint_id: str, holder: str, health: Health) -> bool:
    """Gives the lease back; False when somebody else has it."""
    # The second statement looks at the deliveries after the first has the row: nobody adds one in between.
    tx.change(_LOCK, id=endpoint_id, holder=holder)
    return (
        tx.change(
            _RELEASE,
            id=endpoint_id,
            holder=holder,
            failures=health.failures,
            rests_until=health.rests_until,
            degraded_at=health.degraded_at,
            error=health.error,
        )
        > 0
    )


def is_as_leased(tx: Transaction, leased: Leased, holder: str) -> bool:
    """Whether nobody has changed where it leads, turned it off or on, since the lease was taken."""
    return tx.row(LOOK, id=leased.id) == (leased.sealed, None, holder)


def settle(tx: Transaction, endpoint_id: str, holder: str) -> None:
    """Gives the lease of an endpoint back that is another by now: how it fared says nothing of what it is."""
    tx.change(_LOCK, id=endpoint_id, holder=holder)
    tx.change(_SETTLE, id=endpoint_id, holder=holder)


def turn_off(tx: Transaction, endpoint_id: str, error: str, now: int) -> bool:
    """Sends nothing there any more, and gives up what waits. False when it was off already."""
    if not tx.change(_TURN_OFF, id=endpoint_id, error=error, now=now):
        return False
    tx.change(_DROP_PENDING, id=endpoint_id, now=now)
    return True
