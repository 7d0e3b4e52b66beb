"""Webhooks that Koko asks for: made when something is connected or mapped, renewed before they lapse, removed when they
are not wanted any more.

What there is to be is compared with what there is, by whichever process comes first: each address is claimed for a
while by who works at it. What fails is tried again, ever less often, and shown in getStatus; syncing goes on without.
"""

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from koko_integrations.clock import HOUR_MS, MINUTE_MS, Clock
from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import Database, Transaction
from koko_integrations.inbound import addresses
from koko_integrations.inbound.addresses import Known
from koko_integrations.inbound.due import find_due
from koko_integrations.inbound.reach import is_reachable
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls
from koko_integrations.outside import Outside
from koko_integrations.registry import Registry
from koko_integrations.vault import Vault, VaultError
from providers.kit.connection import Connection, Credentials
from providers.kit.errors import Missing, ProviderError, Transient
from providers.kit.http import counting_calls
from providers.kit.inbound import Subscribes, Subscription

log = structlog.get_logger(__name__)
T = TypeVar("T")

INTERVAL_S = 60.0
LOOK_BACK_MS = 10 * MINUTE_MS
"""What was changed since is looked at in each round: whoever changed it may have died before it was."""
LEAVE_TIMEOUT_S = 10.0
"""Somebody waits for this, and what comes to a removed address is not heard."""
AT_ONCE = 8
BROKEN = "something went wrong inside Koko"


class Subscriptions:
    """One per process."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        vault: Vault,
        registry: Registry,
        live: LiveConnections,
        outside: Outside,
        public_url: str,
    ) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._registry = registry
        self._live = live
        self._outside = outside
        self._public_url = public_url
        # At first everything: the address may have been set since, or the service have learnt to subscribe.
        self._since = 0
        self._asked: set[str] = set()
        self._woken = asyncio.Event()

    def wake(self, integration: Integration) -> None:
        """The integration has just been connected or configured."""
        if self._provider(integration) is not None:
            self._asked.add(integration.id)
            self._woken.set()

    async def keep(self) -> None:
        """Rounds until cancelled: one a minute over what may be due, and at once for who asks."""
        while True:
            try:
                await self.reconcile_due()
            except Exception as error:
                log.error("keeping subscriptions failed", exc_info=error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._woken.wait()

    async def reconcile_due(self) -> None:
        """Looks at what was changed lately, what is due, and who has asked."""
        self._woken.clear()
        asked, self._asked = self._asked, set()
        now = self._clock.now_ms()
        due = await find_due(self._database, asked, self._since, now)
        room = asyncio.Semaphore(AT_ONCE)

        async def look_at(integration: Integration) -> None:
            async with room:
                try:
                    await self._reconcile(integration)
                except Exception as error:
                    log.error("subscribing broke", integration_id=integration.id, exc_info=error)

        await asyncio.gather(*(look_at(one) for one in due if self._provider(one) is not None))
        self._since = now - LOOK_BACK_MS

    async def leave(self, integration: Integration) -> None:
        """Ends everything that the provider was asked to send, as far as it can be ended in a few seconds."""
        provider = self._provider(integration)
        if provider is None or integration.status != "connected":
            return
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT_S):
                known = [one for one in await self._known(integration) if one.subscription_id is not None]
                if known:
                    connection = (await self._live.open(integration)).connection
                    await asyncio.gather(
                        *(self._leave(provider, connection, one) for one in known), return_exceptions=True
                    )
        except (ProviderError, TimeoutError) as error:
            log.warning("subscriptions left behind", integration_id=integration.id, cause=type(error).__name__)

    async def _leave(self, provider: Subscribes, connection: Connection, known: Known) -> None:
        now = self._clock.now_ms()
        await self._outside.call(
            provider, provider.unsubscribe, connection, known.target, known.subscription(self._vault)
        )
        # Should the integration stay after all, it subscribes again.
        await self._database.write(lambda tx: addresses.forget_subscription(tx, known.id, now + addresses.LEASE_MS))

    def _provider(self, integration: Integration) -> Subscribes | None:
        """The provider, where it can be asked to send something to us."""
        provider = self._registry.find(integration.provider)
        if isinstance(provider, Subscribes) and is_reachable(self._public_url, provider):
            return provider
        return None

    async def _known(self, integration: Integration) -> list[Known]:
        rows = await self._database.read(addresses.FIND_OF, integration_id=integration.id)
        return [Known._make(row) for row in rows]

    async def _reconcile(self, integration: Integration) -> None:
        provider = self._provider(integration)
        assert provider is not None, "the caller has looked"
        if integration.status != "connected":
            return
        now = self._clock.now_ms()
        known = {one.target: one for one in await self._known(integration)}
        # What is wanted follows from the configuration alone.
        here = Connection(credentials=Credentials(), config=integration.config)
        wanted = provider.subscription_targets(here)
        # First what is to end: some providers have room for one at a time.
        for target, one in known.items():
            if target not in wanted and not one.is_claimed(now) and (one.is_due(now) or not one.is_failing):
                await self._with_claim(one, functools.partial(self._end, integration, provider))
        for target in wanted:
            if target not in known:
                await self._begin(integration, provider, target)
        for target, one in known.items():
            due = one.is_due(now)
            if target not in wanted or one.is_claimed(now):
                continue
            if one.created_at < (integration.connected_at or 0) or (due and one.subscription_id is None):
                await self._with_claim(one, functools.partial(self._replace, integration, provider))
            elif due:
                await self._with_claim(one, functools.partial(self._renew, integration, provider))

    async def _with_claim(self, known: Known, work: Callable[[Known], Awaitable[None]]) -> None:
        now = self._clock.now_ms()
        mine = await self._database.write(lambda tx: addresses.claim(tx, known, now))
        if mine is not None:
            await work(mine)

    async def _begin(self, integration: Integration, provider: Subscribes, target: str) -> None:
        now = self._clock.now_ms()
        made = await self._database.write(lambda tx: addresses.add_claimed(tx, self._vault, integration, target, now))
        if made is not None:
            await self._subscribe(integration, provider, made)

    async def _replace(self, integration: Integration, provider: Subscribes, known: Known) -> None:
        """A new address in place of one whose subscription was never confirmed, or is of an earlier connection."""
        now = self._clock.now_ms()
        if known.subscription_id is not None:
            with contextlib.suppress(ProviderError, VaultError):
                await self._ask(integration, self._ending(provider, known))
        since = max(known.created_at, integration.connected_at or 0)
        made = await self._database.write(
            lambda tx: addresses.replace_claimed(tx, self._vault, integration, known, known.error, since, now)
        )
        if made is not None:
            await self._subscribe(integration, provider, made)

    async def _subscribe(self, integration: Integration, provider: Subscribes, known: Known) -> None:
        address = addresses.address_of(self._vault, self._public_url, known)

        def subscribe(connection: Connection) -> Subscription:
            return provider.subscribe(connection, address, known.target)

        made = await self._try(integration, known, subscribe)
        if made is not None and not await self._keep(known, made):
            # Disconnected meanwhile: as far as it still can be, it is taken back.
            lost = known._replace(subscription_id=made.id, expires_at=made.expires_at)
            with contextlib.suppress(ProviderError):
                await self._ask(integration, self._ending(provider, lost))

    async def _renew(self, integration: Integration, provider: Subscribes, known: Known) -> None:
        address = addresses.address_of(self._vault, self._public_url, known)
        current = known.subscription(self._vault)

        def renew(connection: Connection) -> Subscription | None:
            try:
                return provider.renew(connection, address, known.target, current)
            except Missing:
                return None

        made = await self._try(integration, known, renew, gone=self._forgotten(integration, provider, known))
        if made is not None:
            await self._keep(known, made)

    def _forgotten(self, integration: Integration, provider: Subscribes, known: Known) -> Callable[[], Awaitable[None]]:
        return lambda: self._replace(integration, provider, known._replace(subscription_id=None))

    async def _end(self, integration: Integration, provider: Subscribes, known: Known) -> None:
        if known.subscription_id is not None:
            try:
                await self._ask(integration, self._ending(provider, known))
            except Transient as error:
                await self._failed(known, error.explained)
                return
            except (ProviderError, VaultError) as error:
                log.warning("subscription left behind", integration_id=integration.id, cause=type(error).__name__)
        await self._database.write(lambda tx: addresses.delete(tx, known.id))

    def _ending(self, provider: Subscribes, known: Known) -> Callable[[Connection], None]:
        subscription = known.subscription(self._vault)

        def unsubscribe(connection: Connection) -> None:
            provider.unsubscribe(connection, known.target, subscription)

        return unsubscribe

    async def _try(
        self,
        integration: Integration,
        known: Known,
        method: Callable[[Connection], Subscription | None],
        gone: Callable[[], Awaitable[None]] | None = None,
    ) -> Subscription | None:
        """What the provider promises; None where it failed, which is noted, or is `gone`."""
        try:
            made = await self._ask(integration, method)
        except ProviderError as error:
            await self._failed(known, error.explained)
            return None
        except Exception as error:
            log.error("subscribing broke", integration_id=integration.id, exc_info=error)
            await self._failed(known, BROKEN)
            return None
        if made is None and gone is not None:
            await gone()
        return made

    async def _ask(self, integration: Integration, method: Callable[[Connection], T]) -> T:
        with counting_calls() as usage:
            try:
                return await self._live.use(integration, method)
            finally:
                calls, now = usage.calls, self._clock.now_ms()
                await self._database.write(lambda tx: count_calls(tx, integration.id, calls, now))

    async def _keep(self, known: Known, made: Subscription) -> bool:
        now = self._clock.now_ms()
        return await self._database.write(lambda tx: addresses.set_subscription(tx, self._vault, known.id, made, now))

    async def _failed(self, known: Known, said: str) -> None:
        """Tries again when it has been failing for as long again, within an hour; sooner where it would lapse."""
        now = self._clock.now_ms()
        wait_ms = now - known.created_at
        if known.expires_at is not None and known.subscription_id is not None:
            wait_ms = (known.expires_at - now) // 4
        retry_at = now + min(max(wait_ms, MINUTE_MS), HOUR_MS)

        def note(tx: Transaction) -> None:
            addresses.note_failure(tx, known.id, said, retry_at)

        await self._database.write(note)
