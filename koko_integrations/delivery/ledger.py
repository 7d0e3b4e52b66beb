"""Rows of deliveries: what is due, and what came of it. Functions run in a transaction that their caller has opened."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.delivery.outcome import Due, Outcome
from koko_integrations.delivery.schedule import next_due
from koko_integrations.ids import new_id
from koko_integrations.models import Delivery, Endpoint, Event
from koko_integrations.rpc.wire import dump_text, iso, present

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
_OF_EVENT = Statement(
    Delivery.select(Delivery.endpoint_id)
    .where((Delivery.event_id == param("event_id")) & (Delivery.team_id == param("team_id")))
    .order_by(Delivery.endpoint_id)
)
GIVE_UP_OVERDUE = Statement(
    Delivery.update({Delivery.status: "failed", Delivery.finished_at: param("now")}).where(
        (Delivery.status == "pending")
        & (Delivery.due_at < param("before"))
        # Where nobody has looked for days, nothing has been refused.
        & Delivery.endpoint_id.in_(Endpoint.select(Endpoint.id).where(Endpoint.degraded_at < param("before")))
    )
)


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
                "subject": None if one.subject is None else _digest(f"{one.endpoint_id}/{one.subject}"),
                "now": now,
            }
            for one in additions
        ],
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hurry_for(tx: Transaction, event_id: str, team_id: str, now: int) -> int:
    """Something is due now at every endpoint that the event goes to. Returns how many those are."""
    found = [row[0] for row in tx.rows(_OF_EVENT, event_id=event_id, team_id=team_id)]
    tx.change_many(_HURRY, [{"id": one, "now": now} for one in found])
    return len(found)


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
