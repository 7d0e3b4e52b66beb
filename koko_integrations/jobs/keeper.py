"""Keeps jobs going: starts the engine where this process may be a worker, and takes over from those who died."""

import asyncio
import contextlib
import functools

import structlog

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Transaction
from koko_integrations.jobs import store
from koko_integrations.jobs.engine import Claimed, Engine, EngineUnavailableError, Enqueueing
from koko_integrations.jobs.job import Job
from koko_integrations.jobs.liveness import Liveness
from koko_integrations.jobs.runner import JobRunner

log = structlog.get_logger(__name__)

INTERVAL_S = 1.0
RECOVERY_EVERY = 5
ENQUEUE_AT_ONCE = 500
MOST_ATTEMPTS = 20


class JobKeeper:
    """One per process."""

    def __init__(self, clock: Clock, database: Database, engine: Engine, liveness: Liveness, runner: JobRunner) -> None:
        self._clock = clock
        self._database = database
        self._engine = engine
        self._liveness = liveness
        self._runner = runner
        self._started = False

    async def keep(self) -> None:
        """Rounds until cancelled. A round that fails is logged; the next one comes."""
        rounds = 0
        try:
            while True:
                try:
                    await self._round(recovering=rounds % RECOVERY_EVERY == 0)
                except Exception as error:
                    log.error("keeping jobs failed", exc_info=error)
                rounds += 1
                await asyncio.sleep(INTERVAL_S)
        finally:
            await self._engine.stop()
            await self._liveness.release()

    async def enqueue(self, job: Job) -> None:
        """Hands a job to the engine at once, where it runs in this process; otherwise the worker finds it."""
        with contextlib.suppress(EngineUnavailableError):
            await self._enqueue([job])

    async def enqueue_waiting(self) -> int:
        """Hands over every job that waits and that the engine does not have. Returns how many."""
        rows = await self._database.read(store.FIND_UNENQUEUED, limit=ENQUEUE_AT_ONCE)
        if rows:
            await self._enqueue([Job._make(row) for row in rows])
        return len(rows)

    async def recover(self) -> int:
        """Readies what dead workers have left behind. Returns how many jobs."""
        dead: dict[str, bool] = {self._engine.executor: False}
        left = {claimed.job_id: claimed for claimed in await self._engine.claimed()}
        for row in await self._database.read(store.FIND_RUNNING):
            job = Job._make(row)
            left.setdefault(job.id, Claimed(job.id, job.attempt, job.executor or ""))
        recovered = 0
        for claimed in left.values():
            if claimed.executor not in dead:
                dead[claimed.executor] = await self._liveness.is_dead(claimed.executor)
            if dead[claimed.executor]:
                recovered += await self._take_over(claimed)
        return recovered

    async def _round(self, *, recovering: bool) -> None:
        if not await self._liveness.acquire():
            return
        if not self._started:
            await self._engine.start(self._runner.run)
            self._started = True
        if recovering:
            await self.recover()
        while await self.enqueue_waiting() == ENQUEUE_AT_ONCE:
            pass

    async def _enqueue(self, jobs: list[Job]) -> None:
        now = self._clock.now_ms()
        attempts = [Enqueueing(job.id, job.attempt, job.integration_id, (job.due_at - now) / 1000) for job in jobs]
        await self._engine.enqueue(attempts)

        def note(tx: Transaction) -> None:
            for attempt in attempts:
                store.set_enqueued(tx, attempt.job_id, attempt.attempt, now)

        await self._database.write(note)

    async def _take_over(self, claimed: Claimed) -> bool:
        log.warning("worker died", executor=claimed.executor, job_id=claimed.job_id)
        await self._engine.drop(claimed)
        if claimed.attempt >= MOST_ATTEMPTS:
            said = "Koko gave up: the worker died every time it tried"
            now = self._clock.now_ms()
            return await self._database.write(lambda tx: store.give_up(tx, claimed.job_id, said, now))
        return await self._database.write(
            functools.partial(store.take_over, job_id=claimed.job_id, attempt=claimed.attempt)
        )
