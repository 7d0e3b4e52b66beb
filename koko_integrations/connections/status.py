"""`integration.getStatus`: the integration, its health from what was really seen, and what it used today."""

import math
from typing import Any

from koko_integrations.clock import Clock
from koko_integrations.connections import outlets
from koko_integrations.connections.breaker import Breaker
from koko_integrations.database import Database, Statement, param
from koko_integrations.database.facade import Row
from koko_integrations.integration import Integration
from koko_integrations.journal import SUM_TODAY, start_of_day
from koko_integrations.models import InboundAddress
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import iso, present
from providers.kit.notices import Notifies

_DEAF = Statement(
    InboundAddress.select(InboundAddress.error)
    .where((InboundAddress.integration_id == param("integration_id")) & InboundAddress.error.is_null(False))
    .order_by(InboundAddress.target)
    .limit(1)
)


class StatusReader:
    """Reads an integration's health without asking the provider."""

    def __init__(self, clock: Clock, database: Database, registry: Registry, breaker: Breaker) -> None:
        self._clock = clock
        self._breaker = breaker
        self._database = database
        self._registry = registry

    async def read(self, integration: Integration) -> dict[str, Any]:
        """The API document's getStatus response."""
        now = self._clock.now_ms()
        resting = await self._database.read_one(outlets.DEGRADED, id=integration.id)
        row = await self._database.read_one(SUM_TODAY, integration_id=integration.id, since=start_of_day(now))
        syncs, api_calls = row or (0, 0)
        last_sync, allowed_at = integration.last_sync_at, integration.next_allowed_at
        next_sync = integration.next_sync_at if integration.status == "connected" else None
        deaf = await self._database.read_one(_DEAF, integration_id=integration.id)
        return present(
            integration=integration.to_wire(),
            health=self._health(integration, now, resting, deaf),
            usage=present(
                syncsToday=int(syncs),
                apiCallsToday=int(api_calls),
                lastSync=None if last_sync is None else iso(last_sync),
            ),
            nextAllowedAt=iso(allowed_at) if allowed_at is not None and allowed_at > now else None,
            nextSyncAt=None if next_sync is None else iso(next_sync),
        )

    def _health(self, integration: Integration, now: int, resting: Row | None, deaf: Row | None) -> dict[str, Any]:
        name = integration.provider_name
        down = self._down(integration)
        degraded = [] if down else self._degraded(integration, now)
        if not down and resting is not None:
            said = f" ({resting[1]})" if resting[1] else ""
            degraded.append(f"Events have not been accepted since {iso(resting[0])}{said}; Koko keeps trying")
        if not down and deaf is not None:
            degraded.append(f"{name} does not tell Koko of changes, which are found by syncing alone: {deaf[0]}")
        unused = [] if down else self._unused(integration)
        checked_at = integration.last_check_at
        return present(
            status="down" if down else "degraded" if degraded else "healthy",
            lastCheck=iso(integration.updated_at if checked_at is None else checked_at),
            issues=[*down, *degraded, *unused] or None,
        )

    def _down(self, integration: Integration) -> list[str]:
        name = integration.provider_name
        match integration.status:
            case "disconnected":
                return [f"{name} is not connected"]
            case "pending":
                return [f"Somebody still has to finish connecting {name}"]
            case "error":
                return [integration.last_check_error or f"{name} no longer accepts the connection; connect it again"]
        return []

    def _degraded(self, integration: Integration, now: int) -> list[str]:
        issues = []
        if integration.last_check_error is not None:
            issues.append(integration.last_check_error)
        if rest_ms := self._breaker.rest_ms(integration.id):
            seconds = math.ceil(rest_ms / 1000)
            issues.append(f"{integration.provider_name} has not been answering; Koko tries again in {seconds} s")
        if integration.next_allowed_at is not None and integration.next_allowed_at > now:
            issues.append(f"{integration.provider_name} asks Koko to wait until {iso(integration.next_allowed_at)}")
        expires_at = integration.token_expires_at
        if expires_at is not None and expires_at <= now:
            issues.append(f"The access token of {integration.provider_name} has expired")
        issues += self._off(integration, optional=False)
        if integration.last_sync_status in ("failed", "partial"):
            issues.append(f"The last sync ended as {integration.last_sync_status}")
        return issues

    def _unused(self, integration: Integration) -> list[str]:
        """What the connection could do besides, and what that takes: it is healthy without."""
        issues = self._off(integration, optional=True)
        provider, config = self._registry.find(integration.provider), integration.config
        if isinstance(provider, Notifies) and not provider.has_channel(config) and config.get("notifyOn") != []:
            issues.append("Choose a channel (channelId) to get notifications")
        return issues

    def _off(self, integration: Integration, *, optional: bool) -> list[str]:
        if integration.auth_method == "api_key":
            return []
        manifest = self._registry.find(integration.provider).manifest
        off = manifest.features_off(tuple(integration.scope))
        return [
            f"{feature.label} is off: {', '.join(off[feature.label])} was not granted; connect again to grant it"
            for feature in manifest.features
            if feature.label in off and feature.optional is optional
        ]
