"""One run of a sync job: what all its parts share, and how it bears with a provider that is down, busy or strange."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from koko_integrations.clock import Clock
from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import Database, Transaction
from koko_integrations.integration import Integration
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Job
from koko_integrations.jobs.patience import Patience
from koko_integrations.journal import count_calls
from koko_integrations.scripts.runner import ScriptRunner
from koko_integrations.sync.progress import EntityProgress, RunProgress
from providers.kit.base import ListsItems
from providers.kit.connection import Connection
from providers.kit.http import CallCounter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What of the service a run needs."""

    clock: Clock
    database: Database
    live: LiveConnections
    web_url: str
    scripts: ScriptRunner


class Run:
    """One attempt of one job."""

    def __init__(
        self,
        parts: Parts,
        job: Job,
        integration: Integration,
        provider: ListsItems,
        progress: RunProgress,
        calls: CallCounter,
    ) -> None:
        self.parts = parts
        self.job = job
        self.integration = integration
        self.provider = provider
        self.progress = progress
        self._calls = calls
        self._counted = 0
        # What several tasks are looked at for at once is kept one after the other.
        self._committing = asyncio.Lock()
        self._patience = Patience(parts.clock, parts.live, integration, self.save)
        self.full = job.request.get("syncType") == "full"
        self.dry = bool(job.request.get("dryRun"))
        self.forced = bool(job.request.get("force"))

    @property
    def name(self) -> str:
        """The provider, as people call it."""
        return self.integration.provider_name

    def now(self) -> int:
        return self.parts.clock.now_ms()

    async def ask(self, method: Callable[[Connection], T], *, intend: Callable[[Transaction], None] | None = None) -> T:
        """Calls a method of the provider; when it is down or busy, again after a while.

        What must not be repeated blindly says by `intend` what is about to be done, each time before it is, and is
        only repeated where the provider has said that nothing was done.
        Raises PutOffError, OvertakenError, or what `LiveConnections.use` raises.
        """
        write = None if intend is None else functools.partial(self.write, intend)
        return await self._patience.ask(method, intend=write)

    def is_current(self, tx: Transaction) -> bool:
        """Whether the credentials that were used last are those that there are."""
        return self._patience.is_current(tx)

    async def commit(self, work: Callable[[Transaction], tuple[T, EntityProgress]]) -> T:
        """Runs `work`, which answers with the progress that it made, in one transaction with the job's row.

        Raises OvertakenError, and CancelledError once the work is kept.
        """

        def all_of_it(tx: Transaction) -> tuple[T, EntityProgress, bool]:
            result, progress = work(tx)
            cancelled = store.save(tx, self.job, self.progress.dump(progress))
            count_calls(tx, self.integration.id, calls - self._counted, self.now())
            return result, progress, cancelled

        async with self._committing:
            calls = self._calls.calls
            result, progress, cancelled = await self.parts.database.write(all_of_it)
            self._counted = calls
            self.progress.entities[progress.entity] = progress
        if cancelled:
            raise store.CancelledError
        return result

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in one transaction, as long as nobody else runs the job. Raises OvertakenError."""

        def held(tx: Transaction) -> T:
            store.hold(tx, self.job)
            return work(tx)

        return await self.parts.database.write(held)

    async def save(self) -> None:
        """Keeps the progress as it is. Raises OvertakenError or CancelledError."""
        async with self._committing:
            state = self.progress.dump()
            cancelled = await self.parts.database.write(lambda tx: store.save(tx, self.job, state))
        if cancelled:
            raise store.CancelledError

    async def save_failed(self, entity: str) -> None:
        """Keeps that one more item has failed. Raises OvertakenError or CancelledError."""
        self.progress.entities[entity] = self.entity(entity).plus(failed=1)
        await self.save()

    def entity(self, entity: str) -> EntityProgress:
        return self.progress.entities[entity]

    def count_last_calls(self, tx: Transaction) -> None:
        """The provider calls that no commit has counted yet."""
        count_calls(tx, self.integration.id, self._calls.calls - self._counted, self.now())

    @property
    def config(self) -> dict[str, Any]:
        return self.integration.config


async def all_or_first_error(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Waits for all; the first that fails stops the others."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
