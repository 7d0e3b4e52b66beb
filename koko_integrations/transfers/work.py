"""One attempt of a job over its files: some at a time, each by itself, with progress that is kept as it goes."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import structlog

from koko_integrations.clock import Clock
from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import AWAY, Database, Transaction
from koko_integrations.integration import Integration
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Job
from koko_integrations.jobs.patience import Patience, PutOffError
from koko_integrations.journal import count_calls
from koko_integrations.transfers import files
from koko_integrations.transfers.files import JobFile
from koko_integrations.transfers.progress import StoppedError, Transfer
from koko_integrations.vault import Place, Vault, VaultError
from providers.kit.errors import CredentialsRefused, ProviderError, StartOver
from providers.kit.http import CallCounter

log = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 4
THREADS = 32
TRANSFERS_PER_PROCESS = 24
TICK_S = 0.5
MOST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Parts:
    """What of the service such a job needs."""

    clock: Clock
    database: Database
    live: LiveConnections
    vault: Vault
    threads: Executor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="files"))

    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TRANSFERS_PER_PROCESS))
    """A transfer holds one of the threads that everything else of a provider waits for, too."""

    async def on_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """For what waits for a disk or a store. A caller that is cancelled waits until the thread has let go: what it
        was doing must not go on behind the back of whoever tidies up."""
        call = functools.partial(work, *args, **kwargs)
        running = asyncio.get_running_loop().run_in_executor(self.threads, call)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended. `put_off` where it is to go on later, `refused` where the credentials are no good."""

    cancelled: bool = False
    put_off: PutOffError | None = None
    refused: CredentialsRefused | None = None


class FileWork:
    """The files of one job, and what all of them share."""

    def __init__(
        self, parts: Parts, job: Job, integration: Integration, found: Iterable[JobFile], calls: CallCounter
    ) -> None:
        self.parts = parts
        self.job = job
        self.integration = integration
        self.files = {file.number: file for file in found}
        self.errors: list[str] = []
        self._calls = calls
        self._counted = 0
        self._transfers: dict[int, Transfer] = {}
        self._committing = asyncio.Lock()
        self._cancelled = self._overtaken = False
        self._workers: list[asyncio.Task[None]] = []
        self._alone: dict[tuple[str, str], asyncio.Lock] = {}
        self.patience = Patience(parts.clock, parts.live, integration, self.save)

    @property
    def name(self) -> str:
        """The provider, as people call it."""
        return self.integration.provider_name

    def now(self) -> int:
        return self.parts.clock.now_ms()

    async def run(self, one: Callable[[JobFile], Awaitable[None]]) -> Ended:
        """Has `one` done for each file that is not finished, a few at once. What it raises of ProviderError and OSError
        fails that file alone; what concerns all of them ends the attempt.

        Raises OvertakenError.
        """
        left = iter([file for file in self.files.values() if not file.is_finished])
        self._workers = [asyncio.create_task(self._work(left, one)) for _ in range(AT_ONCE)]
        ticking = asyncio.create_task(self._tick())
        try:
            done, _ = await asyncio.wait(self._workers, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            ticking.cancel()
            self._let_go()
            await asyncio.gather(*self._workers, ticking, return_exceptions=True)
        failures = [failure for worker in done if not worker.cancelled() and (failure := worker.exception())]
        if self._overtaken:
            raise store.OvertakenError
        if self._cancelled:
            return Ended(cancelled=True)
        for failure in failures:
            match failure:
                case PutOffError():
                    return Ended(put_off=failure)
                case CredentialsRefused():
                    return Ended(refused=failure)
                case _:
                    raise failure
        return Ended()

    @contextlib.asynccontextmanager
    async def alone(self, external_id: str, version: str) -> AsyncIterator[None]:
        """Inside the block nothing else is done with this version of a file, however often it was asked for."""
        async with self._alone.setdefault((external_id, version), asyncio.Lock()):
            yield

    def check(self) -> None:
        """On any thread. Raises StoppedError when the job is to end."""
        if self._cancelled or self._overtaken:
            raise StoppedError

    @contextlib.asynccontextmanager
    async def transferring(self, file: JobFile) -> AsyncIterator[Transfer]:
        """While the block runs, the file's bytes are counted, and a cancelled job stops them."""
        async with self.parts.slots:
            transfer = self._transfers[file.number] = Transfer(file.done_bytes)
            try:
                yield transfer
            finally:
                # Whoever is told to let go, as when the service ends, leaves a thread behind that still copies.
                transfer.stop()
                self._note(file.number, transfer)
                del self._transfers[file.number]

    async def keep(self, file: JobFile, more: Callable[[Transaction], None] | None = None) -> None:
        """Keeps what a file has come to, with `more` in the same transaction. Raises OvertakenError, and CancelledError
        once it is kept."""

        def keep(tx: Transaction) -> bool:
            self.files[file.number] = file
            cancelled = self._save_job(tx)
            files.save(tx, file)
            if more is not None:
                more(tx)
            return cancelled

        async with self._committing:
            before = self.files[file.number]
            try:
                if await self.parts.database.write(keep):
                    self._cancelled = True
            except BaseException:
                self.files[file.number] = before
                raise
        if self._cancelled:
            raise store.CancelledError

    async def save(self) -> None:
        """Keeps how far the files have come. Raises OvertakenError or CancelledError."""
        for number, transfer in self._transfers.items():
            self._note(number, transfer)
        async with self._committing:
            moving = [self.files[number] for number in self._transfers]

            def save(tx: Transaction) -> bool:
                cancelled = self._save_job(tx)
                for file in moving:
                    files.save(tx, file)
                return cancelled

            if await self.parts.database.write(save):
                self._cancelled = True
        if self._cancelled:
            raise store.CancelledError

    def seal(self, file: JobFile, session: str) -> str:
        """For `session`: what lets whoever has it write."""
        return self.parts.vault.seal(self._place(file), session)

    def unseal(self, file: JobFile) -> str:
        """What `session` holds. Raises StartOver where the key it was sealed with is gone."""
        try:
            return self.parts.vault.open(self._place(file), str(file.session))
        except VaultError:
            raise StartOver("The key that the upload was sealed with is not there any more") from None

    def _place(self, file: JobFile) -> Place:
        return Place("job_file", "session", f"{file.job_id}/{file.number}", self.integration.team_id)

    def state(self) -> dict[str, Any]:
        """For the job's row."""
        every = self.files.values()
        sizes = [file.size for file in every if file.status not in ("failed", "cancelled", "skipped")]
        progress: dict[str, Any] = {
            "done": sum(file.is_finished for file in every),
            "total": len(self.files),
            "bytesDone": sum(file.done_bytes for file in every),
        }
        if None not in sizes:
            progress["bytesTotal"] = max(sum(size or 0 for size in sizes), progress["bytesDone"])
        return self.job.state | {"progress": progress}

    def count_last_calls(self, tx: Transaction) -> None:
        """The provider calls that no commit has counted yet."""
        count_calls(tx, self.integration.id, self._calls.calls - self._counted, self.now())
        self._counted = self._calls.calls

    def error(self, said: str) -> None:
        if said not in self.errors and len(self.errors) < MOST_ERRORS:
            self.errors.append(said)

    def _save_job(self, tx: Transaction) -> bool:
        cancelled = store.save(tx, self.job, self.state())
        self.count_last_calls(tx)
        return cancelled

    def _note(self, number: int, transfer: Transfer) -> None:
        self.files[number] = self.files[number]._replace(done_bytes=transfer.done)

    async def _work(self, left: "Iterable[JobFile]", one: Callable[[JobFile], Awaitable[None]]) -> None:
        for file in left:
            try:
                await one(file)
            except (CredentialsRefused, PutOffError):
                raise
            except (ProviderError, OSError) as problem:
                await self._fail(file.number, problem)

    async def _fail(self, number: int, problem: ProviderError | OSError) -> None:
        file = self.files[number]
        said = problem.explained if isinstance(problem, ProviderError) else str(problem.strerror or problem)
        log.info("file failed", number=number, reason=said)
        self.error(f"“{file.name or file.title or file.external_path or file.asset_id}”: {said}")
        await self.keep(file._replace(status="failed", error=said))

    def _let_go(self) -> None:
        """Ends what is going on, wherever it waits."""
        for worker in self._workers:
            worker.cancel()
        for transfer in self._transfers.values():
            transfer.stop()

    async def _tick(self) -> None:
        while True:
            # Real time, whatever the clock says: somebody is watching.
            await asyncio.sleep(TICK_S)
            try:
                await self.save()
            except store.CancelledError:
                self._let_go()
                return
            except store.OvertakenError:
                self._overtaken = True
                self._let_go()
                return
            except AWAY as error:
                log.warning("progress was not kept", exc_info=error)
