"""Rows of deliveries and endpoints: what is due, who sends it, what came of it.

An endpoint is sent to by whoever holds its lease: one process at a time, so its cap and its order need no rows of their
own. Every change of a leased endpoint names the holder: one that has been overtaken changes nothing. Each function runs
in a transaction that its caller has opened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson
import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.delivery.outcome import Due, Outcome
from koko_integrations.delivery.schedule import next_due
from koko_integrations.ids import new_id
from koko_integrations.models import Delivery, Endpoint, Event
from koko_integrations.rpc.wire import dump_text, iso, present

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
COUNT_DUE = Statement(Endpoint.select(peewee.fn.COUNT(Endpoint.id)).where(_IS_DUE))
_CLAIM = Statement(
    Endpoint.update({Endpoint.lease_holder: param("holder"), Endpoint.lease_until: param("until")})
    # Said twice: whoever waited for the row's lock looks at the row again, not at the selection.
    .where(
        _IS_DUE
        & Endpoint.id.in_(
            Endpoint.select(Endpoint.id).where(_IS_DUE).order_by(Endpoint.next_due_at).limit(param("limit"))
        )
    )
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
FIND_DUE = Statement(
    Delivery.select(
        Delivery.id,
        Delivery.endpoint_id,
        Delivery.event_id,
        Delivery.event_type,
        Event.project_id,
        Event.actor_id,
        Event.data,
        Event.occurred_at,
        Delivery.created_at,
        Delivery.tries,
        Delivery.attempts,
    )
    .join(Event, on=((Event.team_id == Delivery.team_id) & (Event.id == Delivery.event_id)))
    .where(
        (Delivery.endpoint_id == param("endpoint_id"))
        & (Delivery.status == "pending")
        & (Delivery.due_at <= param("now"))
    )
    .order_by(Delivery.due_at, Delivery.id)
    .limit(param("limit"))
)
_RECORD = Statement(
    Delivery.update(
        {
            Delivery.status: param("status"),
            Delivery.tries: param("tries"),
            Delivery.attempts: param("attempts"),
            Delivery.due_at: param("due_at"),
            Delivery.finished_at: param("finished_at"),
        }
    ).where((Delivery.id == param("id")) & (Delivery.status == "pending") & (Delivery.tries == param("was")))
)
_INSERT = Statement(
    Delivery.insert(
        {
            Delivery.id: param("id"),
            Delivery.endpoint_id: param("endpoint_id"),
            Delivery.integration_id: param("integration_id"),
            Delivery.team_id: param("team_id"),
            Delivery.event_id: param("event_id"),
            Delivery.event_type: param("event_type"),
            Delivery.subject: param("subject"),
            Delivery.status: "pending",
            Delivery.tries: 0,
            Delivery.attempts: "[]",
            Delivery.due_at: param("now"),
            Delivery.created_at: param("now"),
        }
    ).on_conflict_ignore()
)
# Always a change, so that the row is locked: whoever gives the lease back waits, and sees what has been added.
_SOONER = {
    Endpoint.next_due_at: peewee.Case(
        None, [(Endpoint.next_due_at <= param("now"), Endpoint.next_due_at)], param("now")
    )
}
_HURRY = Statement(Endpoint.update(_SOONER).where(Endpoint.id == param("id")))
_HURRY_FOR = Statement(
    Endpoint.update(_SOONER).where(
        Endpoint.id.in_(
            Delivery.select(Delivery.endpoint_id).where(
                (Delivery.event_id == param("event_id")) & (Delivery.team_id == param("team_id"))
            )
        )
    )
)
_LOCK = Statement(Endpoint.update({Endpoint.lease_until: Endpoint.lease_until}).where(_HELD))
GIVE_UP_OVERDUE = Statement(
    Delivery.update({Delivery.status: "failed", Delivery.finished_at: param("now")}).where(
        (Delivery.status == "pending") & (Delivery.due_at < param("before"))
    )
)


@dataclass(frozen=True, kw_only=True)
class Health:
    """How an endpoint fares: failures in a row, until when it rests, since when it is degraded."""

    failures: int
    rests_until: int = 0
    degraded_at: int | None = None
    error: str | None = None


def claim(tx: Transaction, holder: str, now: int, limit: int) -> list[Leased]:
    """Takes endpoints that have something due, the longest waiting first."""
    rows = tx.rows(_CLAIM, holder=holder, now=now, until=now + LEASE_MS, limit=limit)
    return [Leased._make(row) for row in rows]


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


def turn_off(tx: Transaction, endpoint_id: str, error: str, now: int) -> bool:
    """Sends nothing there any more, and gives up what waits. False when it was off already."""
    if not tx.change(_TURN_OFF, id=endpoint_id, error=error, now=now):
        return False
    tx.change(_DROP_PENDING, id=endpoint_id, now=now)
    return True


@dataclass(frozen=True, slots=True)
class Addition:
    """A delivery to be made. An endpoint is told of a `subject` once."""

    endpoint_id: str
    integration_id: str
    event_id: str
    event_type: str
    subject: str | None = None


def add(tx: Transaction, team_id: str, additions: Sequence[Addition], now: int) -> None:
    """Makes deliveries of one event, or to one endpoint, that are due now. What is there already stays as it is."""
    tx.change_many(
        _INSERT,
        [
            {
                # What receivers tell deliveries apart by: the same at every attempt.
                "id": new_id("msg"),
                "endpoint_id": one.endpoint_id,
                "integration_id": one.integration_id,
                "team_id": team_id,
                "event_id": one.event_id,
                "event_type": one.event_type,
                "subject": None if one.subject is None else f"{one.endpoint_id}/{one.subject}",
                "now": now,
            }
            for one in additions
        ],
    )


def hurry_for(tx: Transaction, event_id: str, team_id: str, now: int) -> int:
    """Something is due now at every endpoint that the event goes to. Returns how many those are."""
    return tx.change(_HURRY_FOR, event_id=event_id, team_id=team_id, now=now)


def hurry(tx: Transaction, endpoint_id: str, now: int) -> None:
    """Something is due there now."""
    tx.change(_HURRY, id=endpoint_id, now=now)


def record(tx: Transaction, results: Sequence[tuple[Due, Outcome]], now: int) -> None:
    """Writes what came of attempts. What was changed by somebody else in the meantime stays as it is."""
    tx.change_many(_RECORD, [_changes(due, outcome, now) for due, outcome in results])


def _changes(due: Due, outcome: Outcome, now: int) -> dict[str, object]:
    tries = due.tries + 1
    attempt = present(
        at=iso(now),
        status=outcome.http_status,
        error=outcome.error,
        latency=outcome.latency_ms,
        verdict=outcome.verdict,
    )
    again = next_due(tries, now, outcome.retry_after_s) if outcome.verdict == "retry" else None
    status = "delivered" if outcome.verdict == "delivered" else "failed" if again is None else "pending"
    return {
        "id": due.id,
        "was": due.tries,
        "tries": tries,
        "status": status,
        "attempts": dump_text([*orjson.loads(due.attempts_json), attempt]),
        "due_at": again or now,
        "finished_at": now if again is None else None,
    }
