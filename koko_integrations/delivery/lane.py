"""One endpoint's deliveries, sent by whoever holds its lease: a few at a time, no more than its rate allows."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from koko_integrations.clock import MINUTE_MS, Clock
from koko_integrations.database import Database, Transaction
from koko_integrations.delivery import ledger
from koko_integrations.delivery.ledger import Health, Leased
from koko_integrations.delivery.outcome import Due, Outcome
from koko_integrations.delivery.recorder import Recorder
from koko_integrations.journal import Outcome as JournalStatus
from koko_integrations.limits import RateLimiter
from koko_integrations.rpc.wire import present

AT_ONCE = 4
BATCH = 50
PER_MINUTE = 100
"""koko.md: webhooks 100 per minute per endpoint."""
MINUTE_S = 60
FAILURES = 5
SHORTEST_REST_MS, LONGEST_REST_MS = 30_000, 5 * MINUTE_MS
ERRORS_SHOWN = 5

Send = Callable[[Due], Awaitable[Outcome]]


@dataclass
class Tally:
    """What one turn came to, for the journal."""

    started_at: int
    verdicts: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, due: Due, outcome: Outcome) -> None:
        self.verdicts[outcome.verdict] += 1
        self.events[due.event_type] += 1
        if outcome.error is not None:
            self.errors[outcome.error] += 1

    @property
    def status(self) -> JournalStatus:
        delivered = self.verdicts["delivered"]
        return "success" if delivered == self.verdicts.total() else "partial" if delivered else "failed"

    def details(self, now: int) -> dict[str, object]:
        total, delivered = self.verdicts.total(), self.verdicts["delivered"]
        return present(
            itemsProcessed=total,
            itemsFailed=total - delivered,
            retrying=self.verdicts["retry"] or None,
            events=dict(self.events),
            errors=[error for error, _ in self.errors.most_common(ERRORS_SHOWN)] or None,
            duration=now - self.started_at,
        )


class Lane:
    """One turn at an endpoint. `run` ends when nothing is due, the rate is used up, or the endpoint fails."""

    def __init__(
        self, clock: Clock, database: Database, limiter: RateLimiter, recorder: Recorder, leased: Leased, send: Send
    ) -> None:
        self._clock = clock
        self._database = database
        self._limiter = limiter
        self._recorder = recorder
        self._leased = leased
        self._send = send
        self.tally = Tally(clock.now_ms())
        self.failures = leased.failures
        self.gone: str | None = None
        self.last_error: str | None = None

    async def run(self) -> int | None:
        """Returns until when the rate allows nothing more, if that is what ended the turn; epoch ms."""
        while self.gone is None and not self._tired():
            wanted = 1 if self._leased.failures >= FAILURES and self.failures else BATCH
            now = self._clock.now_ms()
            rows = await self._database.read(ledger.FIND_DUE, endpoint_id=self._leased.id, now=now, limit=wanted)
            if not rows:
                return None
            name = f"delivery:{self._leased.id}"
            granted = await self._limiter.take_many(name, PER_MINUTE, MINUTE_S, len(rows))
            if not granted:
                taken = await self._limiter.take(name, PER_MINUTE, MINUTE_S)
                if not taken.allowed:
                    return taken.reset_at_s * 1000
                granted = 1
            await self._send_all([Due._make(row) for row in rows[:granted]])
        return None

    def health(self) -> Health:
        """How the endpoint fares after this turn."""
        now = self._clock.now_ms()
        if self.failures < FAILURES:
            return Health(failures=self.failures, error=self.last_error if self.failures else None)
        # However many were under way: one rest more.
        failures = max(FAILURES, self._leased.failures + 1)
        rest_ms = min(SHORTEST_REST_MS * 2 ** min(failures - FAILURES, 8), LONGEST_REST_MS)
        degraded_at = self._leased.degraded_at or now
        return Health(failures=failures, rests_until=now + rest_ms, degraded_at=degraded_at, error=self.last_error)

    def _tired(self) -> bool:
        """Whether it has failed often enough to be left alone for a while; after a rest, once is enough."""
        return self.failures >= FAILURES and self.failures > self._leased.failures

    async def _send_all(self, dues: Sequence[Due]) -> None:
        waiting = list(reversed(dues))

        async def work() -> None:
            while waiting and self.gone is None and not self._tired():
                due = waiting.pop()
                outcome = await self._send(due)
                self._note(due, outcome)
                await self._recorder.record(due, outcome)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(dues))):
                group.create_task(work())

    def _note(self, due: Due, outcome: Outcome) -> None:
        self.tally.add(due, outcome)
        match outcome.verdict:
            case "retry":
                self.failures += 1
                self.last_error = outcome.error
            case "gone":
                self.gone = outcome.error or "The receiver is gone"
            case _:
                # One that refuses is answering.
                self.failures = 0


def end_turn(tx: Transaction, lane_id: str, holder: str, health: Health, resets_at: int | None) -> bool:
    """Gives the lease back; what waits for the rate is due when there is room again."""
    if resets_at is not None and health.rests_until < resets_at:
        health = Health(
            failures=health.failures, rests_until=resets_at, degraded_at=health.degraded_at, error=health.error
        )
    return ledger.release(tx, lane_id, holder, health)
