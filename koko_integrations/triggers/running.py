"""Carries out what triggers want, as a background task: lanes are leased, so that an integration whose provider is slow
holds up no other, and no two processes are at the same."""

import asyncio
from functools import partial
from secrets import token_hex

import structlog

from koko_integrations.clock import Clock
from koko_integrations.database import Database
from koko_integrations.delivery.poster import Poster
from koko_integrations.triggers import ledger
from koko_integrations.triggers.conducting import Conductor
from koko_integrations.triggers.ledger import OvertakenError

log = structlog.get_logger(__name__)

HEARTBEAT_S = 5.0
POLL_S = 0.5
"""How soon is seen what another process has published, or what has become due."""
LANES = 50
STOP_S = 10.0
"""So long an action that is under way may take when the process is to end; then it is cut off, and not repeated."""


class Automation:
    """One per process. Closes the poster that its webhooks go by."""

    def __init__(self, clock: Clock, database: Database, conductor: Conductor, poster: Poster) -> None:
        self._clock = clock
        self._database = database
        self._conductor = conductor
        self._poster = poster
        self._holder = f"automation-{token_hex(8)}"
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._is_stopping = False

    def wake(self) -> None:
        """Something is due, in this process's knowledge."""
        self._woken.set()

    async def keep(self) -> None:
        """Rounds until cancelled."""
        heart = asyncio.create_task(self._beat())
        try:
            while True:
                try:
                    await self.round()
                except Exception as error:
                    log.error("automation failed", exc_info=error)
                await self._pause()
        finally:
            self._is_stopping = True
            if self._lanes:
                await asyncio.wait(self._lanes.values(), timeout=STOP_S)
            tasks = [heart, *self._lanes.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._poster.close()
            await self._database.write(partial(ledger.let_go, holder=self._holder))

    async def round(self) -> int:
        """Begins with every lane that has something due, as far as there is room. Returns how many those are."""
        self._woken.clear()
        now = self._clock.now_ms()
        due = await self._database.read_one(ledger.COUNT_DUE, now=now)
        room = LANES - len(self._lanes)
        # Looked at first: a claim is a write, and most rounds have nothing to do.
        if due is None or not due[0] or room <= 0:
            return 0
        claimed = await self._database.write(partial(ledger.claim, holder=self._holder, now=now, limit=room))
        # A lease that has lapsed while its lane is under way, here, is held on to.
        begun = [integration_id for integration_id in claimed if integration_id not in self._lanes]
        for integration_id in begun:
            self._lanes[integration_id] = asyncio.create_task(self._run(integration_id))
        return len(begun)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self._lanes:
                try:
                    await self._database.write(partial(ledger.prolong, holder=self._holder, now=self._clock.now_ms()))
                except Exception as error:
                    log.error("leases not prolonged", exc_info=error)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _run(self, integration_id: str) -> None:
        try:
            await self._conductor.conduct(integration_id, self._holder, lambda: self._is_stopping)
            await self._database.write(partial(ledger.release, integration_id=integration_id, holder=self._holder))
        except OvertakenError:
            log.warning("automation overtaken", integration_id=integration_id)
        except Exception as error:
            # The lease lapses; whoever takes the lane then goes on behind what was started.
            log.error("automation failed", integration_id=integration_id, exc_info=error)
        finally:
            del self._lanes[integration_id]
            # There may be more: what was published meanwhile, and lanes that had no room.
            self.wake()
