"""The turns of one integration, one after the other, by whoever holds its lane.

Each run is `started` in a committed transaction before anything is done, so that whatever happens then, it is not done
again: at most once.
"""

from collections.abc import Callable

import structlog

from koko_integrations.clock import HOUR_MS, Clock
from koko_integrations.database import Database, Transaction
from koko_integrations.journal import write_entry
from koko_integrations.triggers import ledger, loops, rules, story
from koko_integrations.triggers.actions.action import Outcome, OutdatedError, Plan, failed
from koko_integrations.triggers.ledger import Turn
from koko_integrations.triggers.occasion import FIND_EVENT, Occasion, read_event
from koko_integrations.triggers.planning import Planner
from koko_integrations.triggers.rules import Rule

log = structlog.get_logger(__name__)

MOST_TRIES = 8
LONGEST_WAIT_MS = HOUR_MS
INTERRUPTED = "Koko was stopped in the middle of it; it may have been done, and is not repeated"
REMOVED = "The trigger was removed or changed to another event before its turn came"
BROKEN = "Koko failed at it, for a reason that its operator's log tells"


class Conductor:
    """Carries out turns."""

    def __init__(self, clock: Clock, database: Database, planner: Planner) -> None:
        self._clock = clock
        self._database = database
        self._planner = planner

    async def conduct(self, integration_id: str, holder: str, is_stopping: Callable[[], bool]) -> None:
        """All turns that are due, until one has to wait. Raises OvertakenError."""
        while not is_stopping():
            row = await self._database.read_one(ledger.FIRST_TURN, integration_id=integration_id)
            if row is None or (turn := Turn._make(row)).due_at > self._clock.now_ms():
                return
            if not await self._turn(turn, holder, is_stopping):
                return

    async def _turn(self, turn: Turn, holder: str, is_stopping: Callable[[], bool]) -> bool:
        """False when the turn is not at its end."""

        def begin(tx: Transaction) -> list[tuple[str, int]]:
            ledger.hold(tx, turn.integration_id, holder)
            return ledger.begin_turn(tx, turn, INTERRUPTED, self._clock.now_ms())

        left = await self._database.write(begin)
        row = await self._database.read_one(FIND_EVENT, team_id=turn.team_id, id=turn.event_id)
        if row is None:
            raise RuntimeError("an event is kept for longer than anybody takes for its turn")
        occasion = await self._planner.look_around(read_event(row, turn.team_id))
        for trigger_id, position in left:
            if is_stopping() or not await self._run(turn, trigger_id, position, occasion, holder):
                return False
        await self._end(turn, occasion, holder)
        return True

    async def _run(self, turn: Turn, trigger_id: str, position: int, occasion: Occasion, holder: str) -> bool:
        """False when it is put off: nothing was done."""
        plan = await self._plan(trigger_id, occasion)

        def start(tx: Transaction) -> bool:
            now = self._clock.now_ms()
            ledger.hold(tx, turn.integration_id, holder)
            loop = loops.objection(tx, turn.integration_id, trigger_id, occasion.subject, now)
            if not ledger.start_run(tx, turn, trigger_id, position, occasion.subject, now):
                return False
            if loop is not None or plan.perform is None:
                said = {"reason": loop or plan.problem or REMOVED}
                ledger.end_run(tx, turn, trigger_id, "failed" if loop is None else "skipped", said, now)
                return False
            if plan.intend is not None:
                plan.intend(tx)
            return True

        try:
            if not await self._database.write(start):
                return True
        except OutdatedError:
            return await self._run(turn, trigger_id, position, occasion, holder)
        outcome = await self._perform(plan)

        def end(tx: Transaction) -> bool:
            now = self._clock.now_ms()
            ledger.hold(tx, turn.integration_id, holder)
            wait_ms = int(outcome.wait_s * 1000)
            if outcome.status == "later" and turn.tries < MOST_TRIES and wait_ms <= LONGEST_WAIT_MS:
                ledger.postpone(tx, turn, trigger_id, now + wait_ms * 2**turn.tries)
                return False
            status = "succeeded" if outcome.status == "succeeded" else "failed"
            ledger.end_run(tx, turn, trigger_id, status, outcome.result, now)
            return True

        return await self._database.write(end)

    async def _plan(self, trigger_id: str, occasion: Occasion) -> Plan:
        row = await self._database.read_one(rules.FIND, id=trigger_id)
        if row is None or (rule := Rule._make(row)).event != occasion.type:
            return Plan(problem=REMOVED)
        return await self._planner.plan(rule, occasion)

    async def _perform(self, plan: Plan) -> Outcome:
        assert plan.perform is not None, "it was begun because there is something to do"
        try:
            return await plan.perform()
        except Exception as error:
            log.error("an action broke", exc_info=error)
            return failed(BROKEN)

    async def _end(self, turn: Turn, occasion: Occasion, holder: str) -> None:
        def end(tx: Transaction) -> None:
            now = self._clock.now_ms()
            ledger.hold(tx, turn.integration_id, holder)
            runs = ledger.end_turn(tx, turn, now)
            action, status, details = story.ended(occasion.type, turn, runs, now)
            write_entry(tx, turn.integration_id, action, status, details, now)

        await self._database.write(end)
