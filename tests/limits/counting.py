"""Limiters over a database, as so many processes have them."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from koko_integrations.database import Database, Transaction, open_database
from koko_integrations.limits import RateLimiter
from tests.service import FakeClock, Rows

T = TypeVar("T")
HOUR_S = 3600


class Processes:
    """One limiter and one database connection for each; a clock for all."""

    def __init__(self, url: str, clock: FakeClock) -> None:
        self.clock = clock
        self.rows = Rows(url)
        self._url = url
        self._databases: list[Database] = []
        self.commits = 0

    def start(self, clock: FakeClock | None = None) -> RateLimiter:
        database = open_database(self._url)
        self._databases.append(database)
        self._count_commits(database)
        return RateLimiter(clock or self.clock, database)

    def used(self, name: str) -> int | None:
        """What the shared row says."""
        found = self.rows.query("SELECT used FROM rate_window WHERE name = ?", name)
        return found[0][0] if found else None

    def close(self) -> None:
        for database in self._databases:
            database.close()
        self.rows.close()

    def _count_commits(self, database: Database) -> None:
        write = database.write

        async def counted(work: Callable[[Transaction], Any]) -> Any:
            self.commits += 1
            return await write(work)

        database.write = counted  # type: ignore[method-assign]


@contextlib.contextmanager
def processes(url: str, clock: FakeClock | None = None) -> Iterator[Processes]:
    with contextlib.closing(Processes(url, clock or FakeClock())) as found:
        yield found


def run(url: str, work: Callable[[Processes], Coroutine[Any, Any, T]]) -> T:
    """Runs `work` on an event loop of its own."""

    async def inside() -> T:
        with processes(url) as found:
            return await work(found)

    return asyncio.run(inside())


async def allowed(limiter: RateLimiter, calls: int, name: str = "read:u", limit: int = 2000) -> int:
    """How many of so many calls are let through, one after the other."""
    return sum([(await limiter.take(name, limit, HOUR_S)).allowed for _ in range(calls)])
