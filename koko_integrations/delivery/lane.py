"""One endpoint's deliveries, sent by whoever holds its lease: a few at a time, no more than its rate allows."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from koko_integrations.clock import MINUTE_MS, Clock
from koko_integrations.database import Database, Transaction
from koko_integrations.delivery import leases, ledger
from koko_integrations.delivery.leases import Health, Leased
from koko_integrations.delivery.outcome import Due, Outcome
from koko_integrations.delivery.recorder import Recorder
from koko_integrations.journal import Outcome as JournalStatus
from koko_integrations.limits import RateLimiter
from koko_integrations.rpc.wire import present

log = structlog.get_logger(__name__)

AT_ONCE = 4
BATCH = 50
PER_MINUTE = 100
"""koko.md: webhooks 100 per minute per endpoint."""
MINUTE_S = 60
LOOK_AGAIN_S = 0.1
LOOK_EVERY_S = 0.05
LONGEST_TURN_S = 30.0
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
        self,
        clock: Clock,
        database: Database,
        limiter: RateLimiter,
        recorder: Recorder,
        holder: str,
        leased: Leased,
        send: Send,
    ) -> None:
        self._clock = clock
        self._database = database
        self._limiter = limiter
        self._recorder = recorder
        self._holder = holder
        self._leased = leased
        self._send = send
        self._waiting: deque[Due] = deque()
        self._under_way: set[str] = set()
        self._done = asyncio.Event()
        self._fetching = asyncio.Lock()
        self._resets_at: int | None = None
        self._began_s = self._looked_s = time.monotonic()
        self._is_other = False
        self.tally = Tally(clock.now_ms())
        self.failures = leased.failures
        self.gone: str | None = None
        self.last_error: str | None = None

    async def run(self) -> int | None:
        """Returns until when the rate allows nothing more, if that is what ended the turn; epoch ms."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._work())
        return self._resets_at

    async def _work(self) -> None:
        """One delivery after another, until there is none, and none is under way beside it."""
        while not self._is_over():
            due = await self._next()
            if due is not None:
                self._under_way.add(due.id)
                try:
                    await self._attempt(due)
                finally:
                    self._under_way.discard(due.id)
                    self._done.set()
            elif self._under_way:
                # What is published meanwhile is not kept waiting for what is under way.
                self._done.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await self._done.wait()
            else:
                return

    async def _next(self) -> Due | None:
        async with self._fetching:
            await self._look()
            if self._is_over():
                return None
            if not self._waiting:
                await self._fetch()
            return self._waiting.popleft() if self._waiting else None

    @property
    def _at_once(self) -> int:
        """After a rest, one shows how the endpoint fares."""
        return 1 if self.failures >= FAILURES else AT_ONCE

    def _is_over(self) -> bool:
        """Whether it has failed often enough to be left alone for a while; after a rest, once is enough."""
        tired = self.failures >= FAILURES and self.failures > self._leased.failures
        long = time.monotonic() - self._began_s > LONGEST_TURN_S
        return tired or long or self._is_other or self.gone is not None

    async def _look(self) -> None:
        """Whether the endpoint still is what the lease was taken of: at any moment somebody may change it or end it."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        row = await self._database.read_one(leases.LOOK, id=self._leased.id)
        self._is_other = row != (self._leased.sealed, None, self._holder)

    async def _fetch(self) -> None:
        """Takes what is due and not under way, as far as the rate allows it."""
        if self._resets_at is not None:
            return
        taken = self._under_way
        wanted = 1 if self._at_once == 1 else BATCH
        rows = await self._database.read(
            ledger.FIND_DUE, endpoint_id=self._leased.id, now=self._clock.now_ms(), limit=wanted + len(taken)
        )
        dues = [due for due in map(Due._make, rows) if due.id not in taken][:wanted]
        if not dues:
            return
        name = f"delivery:{self._leased.id}"
        granted = await self._limiter.take_many(name, PER_MINUTE, MINUTE_S, len(dues))
        if granted < len(dues):
            more = await self._limiter.take(name, PER_MINUTE, MINUTE_S)
            granted += more.allowed
            self._resets_at = None if more.allowed else more.reset_at_s * 1000
        self._waiting.extend(dues[:granted])

    async def _attempt(self, due: Due) -> None:
        try:
            outcome = await self._send(due)
        except Exception as error:
            # It counts as an attempt, or it would be made for ever.
            log.error("attempt failed", delivery_id=due.id, exc_info=error)
            outcome = Outcome(verdict="retry", error="Something went wrong on our side")
        self._note(due, outcome)
        await self._recorder.record(due, outcome)

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

    def _note(self, due: Due, outcome: Outcome) -> None:
        self.tally.add(due, outcome)
        match outcome.verdict:
            case "retry":
                self.failures += 1
                self.last_error = outcome.error
            case "gone":
                self.gone = outcome.error or "The receiver is gone"
            case "delivered":
                self.failures = 0
            case "failed" if outcome.http_status is not None:
                # One that refuses is answering.
                self.failures = 0


def end_turn(tx: Transaction, lane_id: str, holder: str, health: Health, resets_at: int | None) -> bool:
    """Gives the lease back; what waits for the rate is due when there is room again."""
    if resets_at is not None and health.rests_until < resets_at:
        health = Health(
            failures=health.failures, rests_until=resets_at, degraded_at=health.degraded_at, error=health.error
        )
    return leases.release(tx, lane_id, holder, health)
