"""Counting against limits in fixed windows that begin with the clock's own hours and minutes.

The count is a row of the database. Writing it for each call would cost more than the call, so a process books a slice
of a hundredth at once, spends it in memory, and books the next one before it needs it. Limits below two hundred are
booked one by one. A process holds at most a slice and a quarter unspent; when it is killed, that is lost, or at most a
slice goes unbooked. A row that does not answer, because the database is locked or away, keeps nobody: the process
counts by itself meanwhile, up to the limit.

The `limits` library has no storage for SQL databases, and its storages are not told the limit, so they could not book
slices of it; in memory alone its fixed window costs 13 us for a hit, 31 with what the headers need.
"""

import asyncio
from typing import NamedTuple

import structlog

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Transaction
from koko_integrations.limits import shared
from koko_integrations.limits.window import Window

log = structlog.get_logger(__name__)
PATIENCE_S = 0.25
"""So long a call waits for the row, once in a window."""
CLOSING_S = 5


class Taken(NamedTuple):
    """The answer to one who wants to do something. `reset_at_s` is in Unix seconds; `retry_after_s` is 0 if allowed."""

    allowed: bool
    limit: int
    remaining: int
    window_s: int
    reset_at_s: int
    retry_after_s: int

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """As koko.md has them."""
        return (
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % self.reset_at_s),
        )


class RateLimiter:
    """Counts, for callers on one event loop."""

    def __init__(self, clock: Clock, database: Database) -> None:
        self._clock = clock
        self._database = database
        self._windows: dict[str, Window] = {}
        self._asking: dict[Window, asyncio.Task[None]] = {}

    async def take(self, name: str, limit: int, window_s: int) -> Taken:
        """Asks for one. `name` is unique among everything that is limited: what is limited, and whose it is."""
        now = self._clock.now_ms()
        window = self._find(name, limit, window_s, now)
        if window.has_plenty:
            window.spent += 1
            allowed = True
        else:
            allowed = await self._spend(window, 1) == 1
        wait_s = 0 if allowed else max(1, -((now - window.ends_at) // 1000))
        return Taken(allowed, limit, window.remaining, window_s, window.ends_at // 1000, wait_s)

    async def take_many(self, name: str, limit: int, window_s: int, wanted: int) -> int:
        """Asks for up to `wanted` at once. Returns how many are granted."""
        return await self._spend(self._find(name, limit, window_s, self._clock.now_ms()), wanted)

    async def sweep(self) -> int:
        """Forgets windows that have ended, here and in the database. Returns how many rows were deleted."""
        now = self._clock.now_ms()
        self._windows = {name: window for name, window in self._windows.items() if now < window.ends_at}
        return await shared.delete_ended(self._database, now)

    async def close(self) -> None:
        """Gives back what was booked and not spent, and books what was spent on credit."""
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=CLOSING_S)
        now = self._clock.now_ms()
        owing = [window for window in self._windows.values() if window.owed and now < window.ends_at]
        self._windows = {}
        if not owing:
            return
        # In one order, so that two processes that close do not wait for each other.
        owing.sort(key=lambda window: window.name)
        try:
            await self._database.write(lambda tx: _settle(tx, owing))
        except Exception as error:
            log.warning("rate limits not settled", exc_info=error)

    def _find(self, name: str, limit: int, window_s: int, now: int) -> Window:
        window = self._windows.get(name)
        # A clock that is set back begins a window too.
        if window is None or not window.starts_at <= now < window.ends_at:
            starts_at = now - now % (window_s * 1000)
            window = self._windows[name] = Window(name, limit, starts_at, starts_at + window_s * 1000)
        return window

    async def _spend(self, window: Window, wanted: int) -> int:
        while window.ceiling - window.spent < wanted and not window.is_full:
            asking = self._ask(window)
            if not window.is_alone:
                window.waiting += wanted
                try:
                    done, _ = await asyncio.wait((asking,), timeout=PATIENCE_S)
                finally:
                    window.waiting -= wanted
                window.is_alone |= not done
            if window.is_alone:
                window.go_on_alone(wanted)
                break
        granted = window.spend(wanted)
        if window.ceiling - window.spent <= window.low and not window.is_full:
            self._ask(window)
        return granted

    def _ask(self, window: Window) -> asyncio.Task[None]:
        """Asks the row for more, once for all who wait for it."""
        asking = self._asking.get(window)
        if asking is None:
            asking = self._asking[window] = asyncio.create_task(self._refill(window))
        return asking

    async def _refill(self, window: Window) -> None:
        try:
            if not window.is_known:
                window.seen(await shared.get_used(self._database, window.name, window.starts_at, window.ends_at))
                if window.ceiling - window.spent < window.waiting:
                    await self._book(window, window.needed)
            else:
                await self._book(window, window.needed)
            window.is_alone = False
        except Exception as error:
            # Whatever it is: the call itself will meet it too, or does well without.
            window.is_alone = True
            # The kind alone: names hold ids, and some ids are hard to guess on purpose.
            log.warning("rate limit counted by this process alone", kind=window.name.partition(":")[0], exc_info=error)
        finally:
            del self._asking[window]

    async def _book(self, window: Window, wanted: int) -> None:
        booked, used = await self._database.write(
            lambda tx: shared.book(tx, window.name, window.starts_at, window.ends_at, window.limit, wanted)
        )
        window.received(wanted, booked, used)


def _settle(tx: Transaction, owing: list[Window]) -> None:
    for window in owing:
        shared.book(tx, window.name, window.starts_at, window.ends_at, window.limit, window.owed)
