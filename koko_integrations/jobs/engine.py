"""The job engine: DBOS Transact, which remembers what is to be run and hands each attempt to one process.

It keeps a store of its own: a SQLite file beside the first, in WAL, of which one process at a time is the worker; or
tables in PostgreSQL, shared by any number of processes. What a job is and how far it has come is in our own rows; the
engine knows ids. One queue, partitioned by the jobs' lanes: each has one job at a time. A queue of its
own for each provider costs 18% of a core of polling where one costs 3% (measured, 12 queues at 5 polls a second).
"""

import asyncio
import logging
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)

APPLICATION = "koko-integrations"
APPLICATION_VERSION = "1"
"""Pinned: the engine recovers only what the same version enqueued, and what it runs takes nothing but ids."""
WORKFLOW = "run_job"
QUEUE = "jobs"
POLLING_S = 0.2
AT_ONCE_PER_PROCESS = 64
POOL_SIZE = 5
PRUNE_AT_ONCE = 500

RunAttempt = Callable[[str, int, str], Awaitable[None]]
"""Job id, attempt, executor."""


class EngineUnavailableError(Exception):
    """The engine is not running in this process (yet)."""


@dataclass(frozen=True, slots=True)
class Enqueueing:
    """One attempt of a job, to be started after `delay_s` seconds."""

    job_id: str
    attempt: int
    lane: str
    delay_s: float = 0.0

    @property
    def workflow_id(self) -> str:
        """The job's own id at first: enqueueing it again changes nothing."""
        return self.job_id if self.attempt == 1 else f"{self.job_id}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class Claimed:
    """An attempt that an executor has taken and not finished."""

    job_id: str
    attempt: int
    executor: str


class Engine(Protocol):
    """What the service needs of a job engine."""

    executor: str

    async def start(self, run: RunAttempt) -> None:
        """From now on, attempts are run by `run` on the current event loop."""

    async def enqueue(self, attempts: Sequence[Enqueueing]) -> None:
        """Durable when it returns; an attempt that is known already is left alone. Raises EngineUnavailableError."""

    async def claimed(self) -> list[Claimed]:
        """The unfinished attempts of all executors."""

    async def known(self, attempts: Sequence[Enqueueing]) -> set[str]:
        """The job ids of those that wait or run."""

    async def drop(self, attempt: Claimed) -> None:
        """Frees the integration of an attempt whose executor has died."""

    async def prune(self, before_ms: int) -> None:
        """Forgets attempts that ended before then."""

    async def stop(self) -> None: ...


class DbosEngine:
    """One per process: DBOS keeps itself in module globals."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._dbos: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._run: RunAttempt | None = None
        self.executor = f"{socket.gethostname()}-{getpid()}-{token_hex(4)}"

    async def start(self, run: RunAttempt) -> None:
        self._loop, self._run = asyncio.get_running_loop(), run
        self._dbos = await asyncio.to_thread(self._launch)
        log.info("job engine started", executor=self.executor)

    async def enqueue(self, attempts: Sequence[Enqueueing]) -> None:
        dbos = self._running()

        def enqueue() -> None:
            for attempt in attempts:
                options: dict[str, Any] = {
                    "workflow_name": WORKFLOW,
                    "queue_name": QUEUE,
                    "workflow_id": attempt.workflow_id,
                    "queue_partition_key": attempt.lane,
                    "app_version": APPLICATION_VERSION,
                }
                if attempt.delay_s > 0:
                    options["delay_seconds"] = attempt.delay_s
                dbos.enqueue_workflow_with_options(options, attempt.job_id, attempt.attempt)

        await asyncio.to_thread(enqueue)

    async def claimed(self) -> list[Claimed]:
        dbos = self._running()
        pending = await asyncio.to_thread(
            dbos.list_workflows, status="PENDING", name=WORKFLOW, load_input=False, load_output=False
        )
        return [_claimed(workflow) for workflow in pending]

    async def known(self, attempts: Sequence[Enqueueing]) -> set[str]:
        found = await asyncio.to_thread(
            self._running().list_workflows,
            workflow_ids=[attempt.workflow_id for attempt in attempts],
            status=["ENQUEUED", "DELAYED", "PENDING"],
            load_input=False,
            load_output=False,
        )
        return {_claimed(workflow).job_id for workflow in found}

    async def drop(self, attempt: Claimed) -> None:
        workflow_id = Enqueueing(attempt.job_id, attempt.attempt, "").workflow_id
        await asyncio.to_thread(self._running().cancel_workflow, workflow_id)

    async def prune(self, before_ms: int) -> None:
        dbos = self._running()
        moment = _iso(before_ms)

        def prune() -> None:
            while True:
                ended = dbos.list_workflows(
                    status=["SUCCESS", "ERROR", "CANCELLED"],
                    name=WORKFLOW,
                    end_time=moment,
                    limit=PRUNE_AT_ONCE,
                    load_input=False,
                    load_output=False,
                )
                if not ended:
                    return
                dbos.delete_workflows([workflow.workflow_id for workflow in ended])

        await asyncio.to_thread(prune)

    async def stop(self) -> None:
        if self._dbos is not None:
            dbos, self._dbos = self._dbos, None
            await asyncio.to_thread(dbos.destroy)
            log.info("job engine stopped", executor=self.executor)

    def _running(self) -> Any:
        if self._dbos is None:
            raise EngineUnavailableError
        return self._dbos

    def _launch(self) -> Any:
        if self._url.startswith("sqlite:///"):
            _prepare_file(Path(self._url.removeprefix("sqlite:///")))
        # Imported late: it takes a second, which commands that run no jobs need not wait for.
        from dbos import DBOS

        global _current
        _current = self
        _register_workflow(DBOS)
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": self._url,
                "application_version": APPLICATION_VERSION,
                "executor_id": self.executor,
                "sys_db_pool_size": POOL_SIZE,
                # Nothing of ours waits for its notifications.
                "use_listen_notify": False,
                # Schedules are rows of ours.
                "scheduler_polling_interval_sec": 3600.0,
                "log_level": "WARNING",
            }
        )
        _log_as_we_do()
        try:
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                partition_concurrency=1,
                worker_concurrency=AT_ONCE_PER_PROCESS,
                polling_interval_sec=POLLING_S,
                on_conflict="always_update",
            )
        except Exception:
            # Half started it would stay so, and the next round could not begin anew.
            DBOS.destroy()
            raise
        return DBOS

    async def run_here(self, job_id: str, attempt: int) -> None:
        """Runs an attempt on our own event loop, from the engine's."""
        assert self._run is not None, "the engine starts after it knows what to run"
        assert self._loop is not None, "the engine starts after it knows what to run"
        # `run` is a coroutine function; the annotation allows any awaitable.
        coroutine: Any = self._run(job_id, attempt, self.executor)
        running: Future[None] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        await asyncio.wrap_future(running)


_current: DbosEngine | None = None
_registered = False


def _register_workflow(dbos: Any) -> None:
    global _registered
    if _registered:
        return

    @dbos.workflow(name=WORKFLOW)  # type: ignore[untyped-decorator]
    async def run_job(job_id: str, attempt: int) -> None:
        assert _current is not None, "workflows run while an engine does"
        await _current.run_here(job_id, attempt)

    _registered = True


def _prepare_file(path: Path) -> None:
    """The engine's SQLite file: readable by us alone, and in WAL, which the engine itself does not ask for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _log_as_we_do() -> None:
    """The engine's own lines go where ours go, and not to a handler of its own."""
    logger = logging.getLogger("dbos")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True


def _claimed(workflow: Any) -> Claimed:
    job_id, _, attempt = workflow.workflow_id.partition(".")
    return Claimed(job_id, int(attempt or 1), workflow.executor_id or "")


def _iso(at_ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
