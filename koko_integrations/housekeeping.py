"""What happens by itself: jobs are kept going, what providers tell is worked with, subscriptions are kept; once a
minute what is due is synced, unfinished connections are put away, tokens are renewed ahead of expiry, and what is too
old is deleted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from koko_integrations.app import App
from koko_integrations.connections import pending

log = structlog.get_logger(__name__)
INTERVAL_S = 60


async def expire_pending(app: App) -> int:
    """Puts away connections that nobody finished. Returns how many."""
    now = app.clock.now_ms()
    expired = await app.database.write(lambda tx: pending.expire(tx, now))
    if expired:
        log.info("pending connections expired", count=expired)
    return expired


async def keep_house(app: App) -> None:
    """Rounds of each chore, until cancelled. One that fails is logged; one that takes long keeps no other waiting."""
    chores: tuple[Callable[[], Awaitable[object]], ...] = (
        app.scheduler.schedule_due,
        lambda: expire_pending(app),
        app.live.renew_due,
        app.retention.apply,
        app.keeper.prune,
        app.drain.give_up_overdue,
        app.limiter.sweep,
        lambda: asyncio.to_thread(app.staging.sweep),
    )
    async with asyncio.TaskGroup() as group:
        for chore in chores:
            group.create_task(_every_minute(chore))


async def _every_minute(chore: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await chore()
        except Exception as error:
            log.error("housekeeping failed", exc_info=error)
        await asyncio.sleep(INTERVAL_S)


@contextlib.asynccontextmanager
async def background(app: App) -> AsyncIterator[None]:
    """Keeps house, jobs, deliveries, triggers, the inbox and subscriptions while the block runs; what was counted is
    settled when it ends."""
    keepers = (app.keeper, app.drain, app.automation, app.inbox, app.subscriptions)
    work = (keep_house(app), *(keeper.keep() for keeper in keepers))
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app.limiter.close()
