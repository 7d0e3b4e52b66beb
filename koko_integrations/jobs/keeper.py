"""Keeps jobs going: starts the engine where this process may be a worker, and takes over from those who died."""

import asyncio
import contextlib
import functools

import structlog

from koko_integrations.clock import DAY_MS, MINUTE_MS, Clock
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
OVERDUE_MS = MINUTE_MS
ENGINE_KEEPS_MS = DAY_MS
"""How long the engine remembers an attempt that has ended; ours is the job's row."""


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
                    await self.round(recovering=rounds % RECOVERY_EVERY == 0)
                except Exception as error:
                    log.error("keeping jobs failed", exc_info=error)
                rounds += 1
                await asyncio.sleep(INTERVAL_S)
        finally:
            await self._runner.stop()
            await self._engine.stop()
            await self._liveness.release()

    async def round(self, *, recovering: bool) -> None:
        """Becomes the worker where nobody else is, and hands over what waits."""
        if not await self._liveness.acquire():
            return
        if not self._started:
            await self._engine.start(self._runner.run)
            self._started = True
            # Whoever was the worker before may have left something.
            recovering = True
        if recovering:
            await self.recover()
        while await self.enqueue_waiting() == ENQUEUE_AT_ONCE:
            pass

    async def enqueue(self, job: Job) -> None:
        """Hands a job to the engine at once, where it runs in this process; otherwise the worker finds it."""
        try:
            await self._enqueue([job])
        except EngineUnavailableError:
            pass
        except Exception as error:
            # The job is durable, and the next round hands it over: whoever asked for it need not hear of this.
            log.warning("job not handed over yet", job_id=job.id, exc_info=error)

    async def enqueue_waiting(self) -> int:
        """Hands over every job that waits and that the engine does not have. Returns how many."""
        rows = await self._database.read(store.FIND_UNENQUEUED, limit=ENQUEUE_AT_ONCE)
        if rows:
            await self._enqueue([Job._make(row) for row in rows])
        return len(rows)

    async def recover(self) -> int:
        """Readies what nobody is at any more: left by a worker that died, or lost on its way. Returns how many jobs."""
        dead: dict[str, bool] = {}
        left = {claimed.job_id: claimed for claimed in await self._engine.claimed()}
        for row in await self._database.read(store.FIND_RUNNING):
            job = Job._make(row)
            left.setdefault(job.id, Claimed(job.id, job.attempt, job.executor or ""))
        abandoned: list[Claimed] = []
        for claimed in left.values():
            if claimed.executor == self._engine.executor:
                # Ours, and not running: the database was away when it ought to have ended.
                if not self._is_running(claimed) and await self._is_left(claimed):
                    abandoned.append(claimed)
                continue
            if claimed.executor not in dead:
                dead[claimed.executor] = await self._liveness.is_dead(claimed.executor)
            if dead[claimed.executor]:
                abandoned.append(claimed)
        return sum([await self._take_over(claimed) for claimed in [*abandoned, *await self._lost()]])

    async def prune(self) -> None:
        """Lets the engine forget what ended long ago."""
        with contextlib.suppress(EngineUnavailableError):
            await self._engine.prune(self._clock.now_ms() - ENGINE_KEEPS_MS)

    def _is_running(self, claimed: Claimed) -> bool:
        return self._runner.is_running(claimed.job_id, claimed.attempt)

    async def _is_left(self, claimed: Claimed) -> bool:
        """Whether the job's row still says that this process runs it, on a second look: it may just have ended."""
        row = await self._database.read_one(store.FIND, id=claimed.job_id)
        if row is None or self._is_running(claimed):
            return False
        job = Job._make(row)
        return job.status == "running" and job.executor == claimed.executor

    async def _lost(self) -> list[Claimed]:
        """Jobs that were handed over, are overdue, and that the engine knows nothing of."""
        before = self._clock.now_ms() - OVERDUE_MS
        rows = await self._database.read(store.FIND_OVERDUE, before=before, limit=ENQUEUE_AT_ONCE)
        overdue = [_attempt(Job._make(row), 0) for row in rows]
        known = await self._engine.known(overdue) if overdue else set()
        return [Claimed(one.job_id, one.attempt, "") for one in overdue if one.job_id not in known]

    async def _enqueue(self, jobs: list[Job]) -> None:
        now = self._clock.now_ms()
        attempts = [_attempt(job, now) for job in jobs]
        await self._engine.enqueue(attempts)

        def note(tx: Transaction) -> None:
            for attempt in attempts:
                store.set_enqueued(tx, attempt.job_id, attempt.attempt, now)

        await self._database.write(note)

    async def _take_over(self, claimed: Claimed) -> bool:
        log.warning("job taken over", executor=claimed.executor, job_id=claimed.job_id)
        await self._engine.drop(claimed)
        if claimed.attempt >= MOST_ATTEMPTS:
            said = "Koko gave up: the worker died every time it tried"
            now = self._clock.now_ms()
            return await self._database.write(lambda tx: store.give_up(tx, claimed.job_id, claimed.attempt, said, now))
        return await self._database.write(
            functools.partial(store.take_over, job_id=claimed.job_id, attempt=claimed.attempt)
        )


def _attempt(job: Job, now: int) -> Enqueueing:
    return Enqueueing(job.id, job.attempt, job.lane, (job.due_at - now) / 1000)
