"""What has to happen by itself, once a minute: connections that nobody finished are put away."""

import asyncio

import structlog

from koko_integrations.app import App
from koko_integrations.connections import pending

log = structlog.get_logger(__name__)
INTERVAL_S = 60


async def tidy(app: App) -> int:
    """One round. Returns how many pending connections expired."""
    now = app.clock.now_ms()
    expired = await app.database.write(lambda tx: pending.expire(tx, now))
    if expired:
        log.info("pending connections expired", count=expired)
    return expired


async def keep_house(app: App) -> None:
    """Rounds until cancelled. A round that fails is logged; the next one comes."""
    while True:
        try:
            await tidy(app)
        except Exception as error:
            log.error("housekeeping failed", exc_info=error)
        await asyncio.sleep(INTERVAL_S)
