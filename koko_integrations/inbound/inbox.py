"""What follows from what providers told us.

Messages are committed before they are answered, so whatever is killed in between, somebody takes them up: each process
looks every second, and at once when it has received something itself. Each message is marked as processed in the
transaction that holds what follows from it.
"""

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from koko_integrations.clock import Clock
from koko_integrations.connections.store import FIND
from koko_integrations.database import AWAY, Database, Transaction
from koko_integrations.inbound import messages
from koko_integrations.inbound.following import Followers, LaterError
from koko_integrations.inbound.messages import Message
from koko_integrations.integration import Integration
from koko_integrations.jobs.job import Job
from koko_integrations.jobs.keeper import JobKeeper
from koko_integrations.journal import write_entry

log = structlog.get_logger(__name__)

INTERVAL_S = 1.0
INTEGRATIONS_AT_ONCE = 200
MESSAGES_AT_ONCE = 500
BROKEN = "Koko could not work with a webhook; the operators can find it in the log"

OnLinkShared = Callable[[Integration, Mapping[str, Any]], Awaitable[object]]
"""Shows what links to Koko lead to. May be called twice for the same link."""


class Inbox:
    """Any number of processes may be at it: each message is worked with by one."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        keeper: JobKeeper,
        followers: Followers,
        on_link_shared: OnLinkShared,
        lapsed: Callable[[Integration], None],
    ) -> None:
        self._clock = clock
        self._database = database
        self._keeper = keeper
        self._followers = followers
        self._on_link_shared = on_link_shared
        self._lapsed = lapsed
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something has been received."""
        self._woken.set()

    async def keep(self) -> None:
        """Rounds until cancelled. A round that fails is logged; the next one comes."""
        while True:
            self._woken.clear()
            try:
                await self.process()
            except Exception as error:
                log.error("processing webhooks failed", exc_info=error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._woken.wait()

    async def process(self) -> None:
        """Works with everything that waits and need not wait longer."""
        after = ""
        while rows := await self._database.read(messages.FIND_WAITING, after=after, limit=INTEGRATIONS_AT_ONCE):
            after = rows[-1][0]
            for (integration_id,) in rows:
                await self._process(integration_id)

    async def _process(self, integration_id: str) -> None:
        row = await self._database.read_one(FIND, id=integration_id)
        found = await self._database.read(messages.FIND_OF, integration_id=integration_id, limit=MESSAGES_AT_ONCE)
        if row is None:
            return
        integration = Integration._make(row)
        of_kind: dict[str, list[Message]] = {}
        for message in map(messages.read, found):
            of_kind.setdefault(message.kind, []).append(message)
        for kind, work in (
            ("revoked", self._revoke),
            ("lapsed", self._look_again),
            ("changed", self._follow),
            ("link_shared", self._show),
        ):
            if kind in of_kind:
                await self._attempt(integration, of_kind[kind], work)

    async def _attempt(
        self,
        integration: Integration,
        waiting: list[Message],
        work: Callable[[Integration, list[Message]], Awaitable[object]],
    ) -> None:
        try:
            await work(integration, waiting)
        except AWAY:
            raise
        except Exception as error:
            # What cannot be worked with must not be tried for ever.
            log.error("webhook broke", integration_id=integration.id, exc_info=error)
            await self._database.write(lambda tx: self._give_up(tx, integration, waiting))

    async def _revoke(self, integration: Integration, gone: list[Message]) -> None:
        await self._database.write(lambda tx: self._followers.revoke(tx, integration, gone))

    async def _follow(self, integration: Integration, changes: list[Message]) -> None:
        try:
            job: Job | None = await self._database.write(lambda tx: self._followers.follow(tx, integration, changes))
        except LaterError:
            return
        if job is not None:
            await self._keeper.enqueue(job)

    async def _look_again(self, integration: Integration, lapsed: list[Message]) -> None:
        await self._database.write(lambda tx: self._followers.look_again(tx, integration, lapsed))
        self._lapsed(integration)
        self.wake()

    async def _show(self, integration: Integration, links: list[Message]) -> None:
        for message in links:
            await self._on_link_shared(integration, message.details)
            await self._database.write(functools.partial(self._done, integration=integration, message=message))

    def _done(self, tx: Transaction, *, integration: Integration, message: Message) -> None:
        messages.take(tx, integration.id, [message], self._now())

    def _give_up(self, tx: Transaction, integration: Integration, waiting: list[Message]) -> None:
        if messages.take(tx, integration.id, waiting, self._now()):
            details = {"event": "received", "errors": [BROKEN]}
            write_entry(tx, integration.id, "webhook", "failed", details, self._now())

    def _now(self) -> int:
        return self._clock.now_ms()
