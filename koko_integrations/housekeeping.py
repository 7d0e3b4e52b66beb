"""What happens by itself, once a minute: unfinished connections are put away, tokens are renewed ahead of expiry."""

import asyncio

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
    """Rounds until cancelled. A round that fails is logged; the next one comes."""
    while True:
        try:
            await expire_pending(app)
            await app.live.renew_due()
        except Exception as error:
            log.error("housekeeping failed", exc_info=error)
        await asyncio.sleep(INTERVAL_S)
