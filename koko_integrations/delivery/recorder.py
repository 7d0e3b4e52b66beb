"""Results of attempts, written many at a time: whatever has come in while the last write was under way."""

import asyncio
from collections.abc import Sequence
from functools import partial

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Transaction
from koko_integrations.delivery import ledger
from koko_integrations.delivery.outcome import Due, Outcome

AT_ONCE = 500
Result = tuple[Due, Outcome, "asyncio.Future[None]"]


class Recorder:
    """Shared by all lanes of a process."""

    def __init__(self, clock: Clock, database: Database) -> None:
        self._clock = clock
        self._database = database
        self._waiting: list[Result] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, due: Due, outcome: Outcome) -> None:
        """Returns when it is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((due, outcome, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                if not await self._write(batch) and len(batch) > 1:
                    # One that cannot be written is not to harm the others.
                    for one in batch:
                        await self._write([one], is_last=True)
        finally:
            self._writing = None

    async def _write(self, batch: Sequence[Result], *, is_last: bool = False) -> bool:
        """Whether it is durable. Who waits for it is told, of a failure when it `is_last` or alone."""
        results = [(due, outcome) for due, outcome, _ in batch]
        try:
            await self._database.write(partial(_write, results=results, now=self._clock.now_ms()))
        except Exception as error:  # noqa: BLE001 - handed to those who wait for it
            for _, _, done in batch if is_last or len(batch) == 1 else ():
                if not done.done():
                    done.set_exception(error)
            return False
        for _, _, done in batch:
            if not done.done():
                done.set_result(None)
        return True


def _write(tx: Transaction, results: list[tuple[Due, Outcome]], now: int) -> None:
    ledger.record(tx, results, now)
