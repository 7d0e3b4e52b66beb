"""Connections in use: opened, kept fresh, and renewed once however many callers need it.

Within a process callers share one task; between processes a lease in the database decides, with an epoch that an
overtaken holder fails on. A renewed pair is committed before anybody uses it. RFC 6749, 6; RFC 9700, 4.14 (rotation).
"""

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from koko_integrations.clock import MINUTE_MS, Clock
from koko_integrations.connections import credentials as sealed
from koko_integrations.connections.breaker import Breaker
from koko_integrations.connections.credentials import FIND_DUE, LEASE_MS, READ_LIVE, Live
from koko_integrations.connections.store import FIND
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls, write_news
from koko_integrations.models import IntegrationConnection
from koko_integrations.outside import Outside
from koko_integrations.registry import Registry
from koko_integrations.vault import Vault, VaultError
from providers.kit.base import ConnectsByOAuth, Provider
from providers.kit.connection import Connection, Credentials
from providers.kit.errors import CredentialsRefused, ProviderError, Transient
from providers.kit.http import counting_calls

log = structlog.get_logger(__name__)
T = TypeVar("T")

_SET_NEXT_ALLOWED = Statement(
    IntegrationConnection.update({IntegrationConnection.next_allowed_at: param("until")}).where(
        IntegrationConnection.integration_id == param("id")
    )
)
POLL_S = 0.1
DUE_AT_ONCE = 200
RENEWALS_AT_ONCE = 8
LONGEST_BACKOFF_MINUTES = 60


@dataclass
class Used:
    """Which version of the credentials was used last."""

    version: int


class LiveConnections:
    """Opens connections for use."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        vault: Vault,
        registry: Registry,
        outside: Outside,
        breaker: Breaker | None = None,
    ) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._registry = registry
        self._outside = outside
        self.breaker = breaker or Breaker(clock)
        self._renewals: dict[str, asyncio.Task[Live]] = {}

    async def use(
        self,
        integration: Integration,
        method: Callable[[Connection], T],
        *,
        insist: bool = False,
        used: Used | None = None,
    ) -> T:
        """Runs a method of the integration's provider; when the provider refuses the token, once more with a new one.

        While the provider rests (see `Breaker`) only those who `insist` get through. `used` is told which credentials
        the outcome is about. Raises ProviderError.
        """
        if not insist:
            self.breaker.check(integration.id, integration.provider_name)
        try:
            result = await self._use(integration, method, used or Used(0))
        except Transient as error:
            # A provider that asks us to slow down is answering.
            if error.reason != "rate_limited":
                self.breaker.failed(integration.id)
            elif error.retry_after_s is not None:
                await self._note_wait(integration, error.retry_after_s)
            raise
        except ProviderError:
            self.breaker.answered(integration.id)
            raise
        self.breaker.answered(integration.id)
        return result

    async def _use(self, integration: Integration, method: Callable[[Connection], T], used: Used) -> T:
        provider = self._registry.find(integration.provider)
        live = await self.open(integration)
        used.version = live.version
        try:
            return await self._outside.call(provider, method, live.connection)
        except CredentialsRefused:
            if not live.can_refresh or not isinstance(provider, ConnectsByOAuth):
                raise
        newer = await self._renewed(integration, provider, live)
        used.version = newer.version
        return await self._outside.call(provider, method, newer.connection)

    async def _note_wait(self, integration: Integration, wait_s: float) -> None:
        """Shows the team, in getStatus, until when the provider wants to be left alone."""
        until = self._clock.now_ms() + int(wait_s * 1000)
        await self._database.write(lambda tx: tx.change(_SET_NEXT_ALLOWED, id=integration.id, until=until))

    async def open(self, integration: Integration) -> Live:
        """The connection, with an access token that is good now. Raises ProviderError."""
        live = await self._read(integration)
        provider = self._registry.find(integration.provider)
        if live.is_usable(self._clock.now_ms()) or not live.can_refresh or not isinstance(provider, ConnectsByOAuth):
            return live
        return await self._renewed(integration, provider, live)

    async def renew_due(self) -> int:
        """Renews what is due, ahead of its expiry. Returns how many connections were looked at."""
        now = self._clock.now_ms()
        due = [row[0] for row in await self._database.read(FIND_DUE, now=now, limit=DUE_AT_ONCE)]
        room = asyncio.Semaphore(RENEWALS_AT_ONCE)

        async def renew(integration_id: str) -> None:
            async with room:
                await self._renew_ahead(integration_id)

        await asyncio.gather(*(renew(integration_id) for integration_id in due))
        return len(due)

    async def _renew_ahead(self, integration_id: str) -> None:
        row = await self._database.read_one(FIND, id=integration_id)
        if row is None:
            return
        integration = Integration._make(row)
        try:
            provider = self._registry.find(integration.provider)
            live = await self._read(integration)
            if isinstance(provider, ConnectsByOAuth) and provider.app is not None and live.can_refresh:
                await self._renewed(integration, provider, live)
            else:
                # Nothing to renew it with: an app that is no longer configured, say. Look again later.
                later = self._clock.now_ms() + LONGEST_BACKOFF_MINUTES * MINUTE_MS
                await self._database.write(lambda tx: sealed.postpone(tx, integration_id, live.version, later))
        except Exception as error:  # noqa: BLE001 - one connection's trouble is not the others'
            log.warning("renewal failed", integration_id=integration_id, cause=f"{type(error).__name__}: {error}")

    async def _read(self, integration: Integration) -> Live:
        row = await self._database.read_one(READ_LIVE, id=integration.id)
        if row is None:
            raise CredentialsRefused("The integration is gone")
        try:
            return sealed.unseal(self._vault, integration, row)
        except VaultError as error:
            raise CredentialsRefused("The stored credentials cannot be opened; connect again") from error

    async def _renewed(self, integration: Integration, provider: ConnectsByOAuth, stale: Live) -> Live:
        renewal = self._renewals.get(integration.id)
        if renewal is None:
            renewal = asyncio.create_task(self._renew_by_lease(integration, provider, stale))
            self._renewals[integration.id] = renewal
            renewal.add_done_callback(lambda _: self._renewals.pop(integration.id, None))
        # Shielded: a caller that goes away must not take the others' renewal with it.
        return await asyncio.shield(renewal)

    async def _renew_by_lease(self, integration: Integration, provider: ConnectsByOAuth, stale: Live) -> Live:
        for _ in range(int(LEASE_MS / 1000 / POLL_S)):
            now = self._clock.now_ms()
            claim = functools.partial(sealed.claim, integration_id=integration.id, version=stale.version, now=now)
            epoch = await self._database.write(claim)
            if epoch is not None:
                return await self._renew(integration, provider, stale, epoch)
            newer = await self._read(integration)
            if newer.version != stale.version:
                return _require_connected(newer, provider)
            await asyncio.sleep(POLL_S)
        raise Transient(f"{provider.manifest.name}: the token is being renewed elsewhere", reason="refresh_pending")

    async def _renew(self, integration: Integration, provider: ConnectsByOAuth, stale: Live, epoch: int) -> Live:
        try:
            with counting_calls() as usage:
                fresh = await self._outside.call(provider, provider.refresh, stale.connection.credentials)
        except ProviderError as error:
            return await self._renewal_failed(integration, provider, stale, epoch, error)
        # What the user typed stays beside the new tokens.
        secrets = stale.connection.credentials.secrets
        renewed = Credentials(
            access_token=fresh.access_token,
            refresh_token=fresh.refresh_token,
            expires_in_s=fresh.expires_in_s,
            secrets=secrets,
        )

        def commit(tx: Transaction) -> Live | None:
            now = self._clock.now_ms()
            count_calls(tx, integration.id, usage.calls, now)
            return sealed.write_back(tx, self._vault, integration, renewed, stale.version, epoch, now)

        stored = await self._database.write(commit)
        return stored or _require_connected(await self._read(integration), provider)

    async def _renewal_failed(
        self, integration: Integration, provider: Provider, stale: Live, epoch: int, error: ProviderError
    ) -> Live:
        refused = isinstance(error, CredentialsRefused)
        said = f"{provider.manifest.name} did not renew the token: {error.explained}"

        def note(tx: Transaction) -> int | None:
            now = self._clock.now_ms()
            count_calls(tx, integration.id, 1, now)
            retry_at = None if refused else now + MINUTE_MS
            failures = sealed.release(tx, integration.id, stale.version, epoch, said, retry_at, now)
            if failures is None:
                return None
            if not refused:
                backoff = min(2**failures, LONGEST_BACKOFF_MINUTES) * MINUTE_MS
                sealed.postpone(tx, integration.id, stale.version, now + backoff)
            elif sealed.set_error(tx, integration.id, now):
                write_news(tx, integration.id, "failed", sealed.lost(said), now)
            return failures

        if await self._database.write(note) is None:
            # Overtaken: somebody with a later lease has the newer truth.
            return _require_connected(await self._read(integration), provider)
        if not refused and stale.is_usable(self._clock.now_ms()):
            return stale
        raise error


def _require_connected(live: Live, provider: Provider) -> Live:
    if live.status != "connected":
        raise CredentialsRefused(f"{provider.manifest.name} is no longer connected")
    return live
