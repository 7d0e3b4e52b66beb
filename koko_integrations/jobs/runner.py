"""Runs jobs: claims the row, hands it to what knows its kind, and ends it whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from koko_integrations.clock import Clock
from koko_integrations.database import AWAY, Database
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Job

log = structlog.get_logger(__name__)

Handler = Callable[[Job], Awaitable[None]]
"""Runs a job to its end: finishes or puts off the row itself, in the transaction that its outcome belongs to.

May raise OvertakenError, and AWAY while the database is away; anything else that it raises is a defect, and fails the
job.
"""
BROKEN = "Something went wrong inside Koko; the operators can find it in the log by the job's id"


class JobRunner:
    """What the engine calls, at least once for each attempt of each job."""

    def __init__(self, clock: Clock, database: Database, handlers: Mapping[str, Handler]) -> None:
        self._clock = clock
        self._database = database
        self._handlers = handlers
        # By job and attempt: an attempt that has been overtaken may still be ending where the next one runs already.
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._closing = False

    async def run(self, job_id: str, attempt: int, executor: str) -> None:
        """Returns when the attempt is over; while the service shuts down, never: the next worker takes the job over."""
        if self._closing:
            await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None, "the engine runs attempts on the event loop"
        self._tasks[job_id, attempt] = task
        try:
            await self._run(job_id, attempt, executor)
        finally:
            del self._tasks[job_id, attempt]

    def is_running(self, job_id: str, attempt: int) -> bool:
        return (job_id, attempt) in self._tasks

    async def stop(self) -> None:
        """Lets go of what is running, wherever it is: each step of a job is kept, and another goes on from there."""
        self._closing = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job_id: str, attempt: int, executor: str) -> None:
        now = self._clock.now_ms()
        job = await self._database.write(lambda tx: store.claim(tx, job_id, attempt, executor, now))
        if job is None:
            return
        # Every line that is logged from here on names the job, and the call that asked for it.
        with structlog.contextvars.bound_contextvars(
            job_id=job.id, integration_id=job.integration_id, request_id=job.request_id
        ):
            log.info("job started", kind=job.kind, attempt=attempt)
            try:
                await self._handlers[job.kind](job)
            except store.OvertakenError:
                log.warning("job overtaken", epoch=job.epoch)
                return
            except AWAY as error:
                # Its row still says that it runs here: once the database is back, the keeper sees that it does not.
                log.warning("job interrupted", exc_info=error)
                return
            except Exception as error:
                log.error("job broke", exc_info=error)
                await self._database.write(lambda tx: store.give_up(tx, job_id, attempt, BROKEN, self._clock.now_ms()))
                return
            log.info("job attempt over", attempt=attempt)
