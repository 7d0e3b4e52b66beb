"""Rows of lanes, turns and runs: what is to be done, who does it, what came of it.

A lane is an integration's: whoever holds its lease does its turns one after the other, and in each turn the runs in the
order of their triggers. Each function runs in a transaction that its caller has opened.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import TriggerLane, TriggerRun, TriggerTurn
from koko_integrations.rpc.wire import dump_text

LEASE_MS = 20_000
"""Prolonged every few seconds: so long after a process has died somebody else goes on."""

_IS_DUE = (TriggerLane.next_due_at <= param("now")) & (TriggerLane.lease_until <= param("now"))
COUNT_DUE = Statement(TriggerLane.select(peewee.fn.COUNT(TriggerLane.integration_id)).where(_IS_DUE))
_CLAIM = Statement(
    TriggerLane.update({TriggerLane.lease_holder: param("holder"), TriggerLane.lease_until: param("until")})
    # Said twice: whoever waited for the row's lock looks at the row again, not at the selection.
    .where(
        _IS_DUE
        & TriggerLane.integration_id.in_(
            TriggerLane.select(TriggerLane.integration_id)
            .where(_IS_DUE)
            .order_by(TriggerLane.next_due_at)
            .limit(param("limit"))
        )
    )
    .returning(TriggerLane.integration_id)
)
_HELD = (TriggerLane.integration_id == param("integration_id")) & (TriggerLane.lease_holder == param("holder"))
# A change that changes nothing, so that the row is locked.
_HOLD = Statement(TriggerLane.update({TriggerLane.lease_until: TriggerLane.lease_until}).where(_HELD))
_PROLONG = Statement(
    TriggerLane.update({TriggerLane.lease_until: param("until")}).where(TriggerLane.lease_holder == param("holder"))
)
_LET_GO = Statement(
    TriggerLane.update({TriggerLane.lease_holder: None, TriggerLane.lease_until: 0}).where(
        TriggerLane.lease_holder == param("holder")
    )
)
# That of the first in order: one that waits holds up those behind it.
_NEXT_DUE = (
    TriggerTurn.select(TriggerTurn.due_at)
    .where((TriggerTurn.integration_id == TriggerLane.integration_id) & TriggerTurn.finished_at.is_null())
    .order_by(TriggerTurn.number)
    .limit(1)
)
_RELEASE = Statement(
    TriggerLane.update(
        {TriggerLane.lease_holder: None, TriggerLane.lease_until: 0, TriggerLane.next_due_at: _NEXT_DUE}
    ).where(_HELD)
)
_ENSURE = Statement(
    TriggerLane.insert(
        {
            TriggerLane.integration_id: param("integration_id"),
            TriggerLane.turns: 0,
            TriggerLane.lease_until: 0,
        }
    ).on_conflict_ignore()
)
# Locks the row: whoever gives the lease back waits, and sees what has been added.
_NEXT_TURN = Statement(
    TriggerLane.update(
        {
            TriggerLane.turns: TriggerLane.turns + 1,
            TriggerLane.next_due_at: peewee.Case(
                None, [(TriggerLane.next_due_at <= param("now"), TriggerLane.next_due_at)], param("now")
            ),
        }
    )
    .where(TriggerLane.integration_id == param("integration_id"))
    .returning(TriggerLane.turns)
)
_THIS_TURN = (TriggerTurn.integration_id == param("integration_id")) & (TriggerTurn.event_id == param("event_id"))
_INSERT_TURN = Statement(
    TriggerTurn.insert(
        {
            TriggerTurn.integration_id: param("integration_id"),
            TriggerTurn.event_id: param("event_id"),
            TriggerTurn.team_id: param("team_id"),
            TriggerTurn.number: param("number"),
            TriggerTurn.evaluation: param("evaluation"),
            TriggerTurn.tries: 0,
            TriggerTurn.due_at: param("now"),
            TriggerTurn.created_at: param("now"),
        }
    )
)
# In the order in which events came.
FIRST_TURN = Statement(
    TriggerTurn.select(
        TriggerTurn.integration_id,
        TriggerTurn.event_id,
        TriggerTurn.team_id,
        TriggerTurn.evaluation,
        TriggerTurn.tries,
        TriggerTurn.due_at,
        TriggerTurn.created_at,
    )
    .where((TriggerTurn.integration_id == param("integration_id")) & TriggerTurn.finished_at.is_null())
    .order_by(TriggerTurn.number)
    .limit(1)
)
_POSTPONE = Statement(
    TriggerTurn.update({TriggerTurn.due_at: param("due_at"), TriggerTurn.tries: TriggerTurn.tries + 1}).where(
        _THIS_TURN
    )
)
_FINISH_TURN = Statement(
    TriggerTurn.update({TriggerTurn.finished_at: param("now")}).where(_THIS_TURN & TriggerTurn.finished_at.is_null())
)
# Whoever inserts the row does it, and nobody else.
_START = Statement(
    TriggerRun.insert(
        {
            TriggerRun.trigger_id: param("trigger_id"),
            TriggerRun.event_id: param("event_id"),
            TriggerRun.integration_id: param("integration_id"),
            TriggerRun.position: param("position"),
            TriggerRun.subject: param("subject"),
            TriggerRun.status: "started",
            TriggerRun.result: "{}",
            TriggerRun.started_at: param("now"),
        }
    ).on_conflict_ignore()
)
_RUNS = Statement(
    TriggerRun.select(TriggerRun.trigger_id, TriggerRun.status, TriggerRun.result)
    .where((TriggerRun.integration_id == param("integration_id")) & (TriggerRun.event_id == param("event_id")))
    .order_by(TriggerRun.position)
)
OF_EVENT = Statement(
    TriggerRun.select(TriggerRun.trigger_id, TriggerRun.status).where(
        (TriggerRun.integration_id == param("integration_id")) & (TriggerRun.event_id == param("event_id"))
    )
)
_THIS_RUN = (TriggerRun.trigger_id == param("trigger_id")) & (TriggerRun.event_id == param("event_id"))
_END_RUN = Statement(
    TriggerRun.update(
        {TriggerRun.status: param("status"), TriggerRun.result: param("result"), TriggerRun.finished_at: param("now")}
    ).where(_THIS_RUN & (TriggerRun.status == "started"))
)
_UNSTART = Statement(TriggerRun.delete().where(_THIS_RUN & (TriggerRun.status == "started")))
_INTERRUPTED = Statement(
    TriggerRun.update(
        {TriggerRun.status: "failed", TriggerRun.result: param("result"), TriggerRun.finished_at: param("now")}
    ).where(
        (TriggerRun.integration_id == param("integration_id"))
        & (TriggerRun.event_id == param("event_id"))
        & (TriggerRun.status == "started")
    )
)


class OvertakenError(Exception):
    """Somebody else holds the lane now: nothing was written."""


class Turn(NamedTuple):
    """One event's, at one integration. Times are epoch ms."""

    integration_id: str
    event_id: str
    team_id: str
    evaluation_json: str
    tries: int
    due_at: int
    created_at: int

    @property
    def evaluation(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.evaluation_json)
        return parsed


class Run(NamedTuple):
    """What a trigger does about an event."""

    trigger_id: str
    status: str
    result_json: str

    @property
    def result(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.result_json)
        return parsed


def ensure_lane(tx: Transaction, integration_id: str) -> None:
    """The lane of an integration that has triggers."""
    tx.change(_ENSURE, integration_id=integration_id)


def add_turn(
    tx: Transaction, integration_id: str, team_id: str, event_id: str, evaluation: Mapping[str, Any], now: int
) -> None:
    """What is to be done about an event, from now on."""
    number = tx.row(_NEXT_TURN, integration_id=integration_id, now=now)
    assert number is not None, "whoever sets triggers makes the lane"
    tx.change(
        _INSERT_TURN,
        integration_id=integration_id,
        event_id=event_id,
        team_id=team_id,
        number=number[0],
        evaluation=dump_text(evaluation),
        now=now,
    )


def claim(tx: Transaction, holder: str, now: int, limit: int) -> list[str]:
    """Takes lanes that have something due, the longest waiting first: their integrations."""
    rows = tx.rows(_CLAIM, holder=holder, now=now, until=now + LEASE_MS, limit=limit)
    return [str(row[0]) for row in rows]


def prolong(tx: Transaction, holder: str, now: int) -> None:
    """Holds all leases for longer."""
    tx.change(_PROLONG, holder=holder, until=now + LEASE_MS)


def let_go(tx: Transaction, holder: str) -> None:
    """Gives all leases back: the process ends."""
    tx.change(_LET_GO, holder=holder)


def hold(tx: Transaction, integration_id: str, holder: str) -> None:
    """Raises OvertakenError unless the lane is still the holder's, which it then is to the end of the transaction."""
    if not tx.change(_HOLD, integration_id=integration_id, holder=holder):
        raise OvertakenError


def release(tx: Transaction, integration_id: str, holder: str) -> None:
    """Gives the lane back."""
    hold(tx, integration_id, holder)
    # The turns are looked at after the row is locked: nobody adds one in between.
    tx.change(_RELEASE, integration_id=integration_id, holder=holder)


def begin_turn(tx: Transaction, turn: Turn, said: str, now: int) -> list[tuple[str, int]]:
    """What of a turn is left to be done, in order: triggers and their positions. What somebody was at who is not there
    any more has failed."""
    about = {"integration_id": turn.integration_id, "event_id": turn.event_id}
    tx.change(_INTERRUPTED, **about, result=dump_text({"reason": said}), now=now)
    begun = {row[0] for row in tx.rows(_RUNS, **about)}
    return [(trigger_id, position) for trigger_id, position in turn.evaluation["fired"] if trigger_id not in begun]


def start_run(tx: Transaction, turn: Turn, trigger_id: str, position: int, subject: str, now: int) -> bool:
    """From here on it is never done again. False when somebody has started it already."""
    about = {"integration_id": turn.integration_id, "event_id": turn.event_id, "subject": subject}
    return tx.change(_START, **about, trigger_id=trigger_id, position=position, now=now) > 0


def end_run(tx: Transaction, turn: Turn, trigger_id: str, status: str, result: Mapping[str, Any], now: int) -> None:
    """What came of it."""
    about = {"trigger_id": trigger_id, "event_id": turn.event_id, "now": now}
    tx.change(_END_RUN, **about, status=status, result=dump_text(result))


def postpone(tx: Transaction, turn: Turn, trigger_id: str, due_at: int) -> None:
    """Nothing was done, for certain: it is done later, and so is what comes after it."""
    tx.change(_UNSTART, trigger_id=trigger_id, event_id=turn.event_id)
    tx.change(_POSTPONE, integration_id=turn.integration_id, event_id=turn.event_id, due_at=due_at)


def end_turn(tx: Transaction, turn: Turn, now: int) -> list[Run]:
    """All of its runs, as they have ended."""
    about = {"integration_id": turn.integration_id, "event_id": turn.event_id}
    tx.change(_FINISH_TURN, **about, now=now)
    return [Run._make(row) for row in tx.rows(_RUNS, **about)]
