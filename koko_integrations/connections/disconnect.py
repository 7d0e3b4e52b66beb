"""`integration.disconnect`: revoke where the provider can, wipe here whatever it says, keep the row and the log."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from koko_integrations.clock import Clock
from koko_integrations.connections import store
from koko_integrations.connections.config import ConfigReader
from koko_integrations.connections.credentials import Live, take_for_good
from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import Database, Transaction
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls, write_news
from koko_integrations.outside import Outside
from koko_integrations.registry import Registry
from koko_integrations.vault import Vault, VaultError
from providers.kit.base import CallsKoko, Provider, Revokes
from providers.kit.connection import Revocation
from providers.kit.errors import ProviderError
from providers.kit.http import counting_calls

REVOKE_TIMEOUT_S = 10.0
"""Somebody waits for this, and the credentials are wiped in any case."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Disconnected:
    """Whether the provider took the credentials back; if it did not, why, and what the user can do about it."""

    revoked: bool
    reason: str | None = None
    advice: str | None = None


class Disconnector:
    """Disconnects integrations. Doing it twice is not an error. `leave` ends what the provider was asked to send us,
    while there are credentials for it, and never fails."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        vault: Vault,
        registry: Registry,
        outside: Outside,
        live: LiveConnections,
        leave: Callable[[Integration], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._registry = registry
        self._outside = outside
        self._live = live
        self._leave = leave

    async def disconnect(self, integration: Integration, *, revoke: bool) -> Disconnected:
        """Never fails for what the provider says."""
        provider = self._registry.find(integration.provider)
        if integration.status == "disconnected":
            return Disconnected(revoked=False, reason="it was not connected")
        with counting_calls() as usage:
            await self._leave(integration)
            revocation = (
                await self._revoke(provider, integration)
                if revoke
                else Revocation(revoked=False, reason="it was not asked for")
            )
        advice = None if revocation.revoked else provider.manifest.removal_hint or None
        config = ConfigReader(provider.manifest).without_secrets(integration.config)

        def wipe(tx: Transaction) -> None:
            now = self._clock.now_ms()
            store.wipe(tx, integration, config, now)
            count_calls(tx, integration.id, usage.calls, now)
            # The API document's actions have none for this; it is something that the team is told.
            details = {"event": "disconnected", "revoked": revocation.revoked}
            if revocation.reason:
                details["reason"] = revocation.reason
            if advice:
                details["advice"] = advice
            write_news(tx, integration.id, "success", details, now)

        await self._database.write(wipe)
        await self._database.forget_freed_pages()
        return Disconnected(revocation.revoked, revocation.reason or None, advice)

    async def _revoke(self, provider: Provider, integration: Integration) -> Revocation:
        if isinstance(provider, Revokes) and integration.status == "connected":
            # Some providers revoke by the access token, which may have expired; if it cannot be renewed, so be it.
            with contextlib.suppress(ProviderError):
                await self._live.open(integration)
        live = await self._take_for_good(integration)
        if isinstance(provider, CallsKoko) and integration.auth_method == "api_key":
            return Revocation(revoked=True, reason="its Koko API key is gone")
        if live is None:
            return Revocation(revoked=False, reason="the stored credentials could not be opened")
        if live.connection.credentials.is_empty:
            return Revocation(revoked=False, reason="there were no credentials")
        if not isinstance(provider, Revokes):
            return Revocation(revoked=False, reason=f"{provider.manifest.name} has no way to revoke access")
        try:
            async with asyncio.timeout(REVOKE_TIMEOUT_S):
                return await self._outside.call(provider, provider.revoke, live.connection)
        except ProviderError as error:
            return Revocation(revoked=False, reason=error.explained)
        except TimeoutError:
            return Revocation(revoked=False, reason=f"{provider.manifest.name} did not answer in time")

    async def _take_for_good(self, integration: Integration) -> Live | None:
        try:
            return await self._database.write(lambda tx: take_for_good(tx, self._vault, integration))
        except VaultError as error:
            log.error("credentials cannot be opened", integration_id=integration.id, cause=str(error))
            return None
