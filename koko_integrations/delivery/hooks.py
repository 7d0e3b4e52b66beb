"""REST hooks: Zapier and Make subscribe with their key, each subscription an endpoint of its own.

Source: docs.zapier.com/platform/build/hook-trigger.
"""

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.delivery import destination, endpoints, leases
from koko_integrations.delivery.addresses import check_target
from koko_integrations.delivery.destination import Destination
from koko_integrations.errors import BadRequest, Forbidden, PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.models import Endpoint
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import dump_text
from koko_integrations.vault import Vault
from providers.kit.base import SubscribesHooks
from providers.kit.http import HttpClient

MOST = 500

_FIND_OFF = Statement(
    Endpoint.select(Endpoint.off_at).where(
        (Endpoint.id == param("id")) & (Endpoint.integration_id == param("integration_id")) & (Endpoint.kind == "hook")
    )
)


class Hooks:
    """Subscribes and unsubscribes."""

    def __init__(self, clock: Clock, database: Database, vault: Vault, http: HttpClient, registry: Registry) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._http = http
        self._registry = registry

    async def subscribe(self, integration: Integration, url: str, event: str, filters: Mapping[str, str]) -> str:
        """The subscription's id: the same for the same subscription. Raises BadRequest, Forbidden and
        PreconditionFailed."""
        provider = self._registry.find(integration.provider)
        if not isinstance(provider, SubscribesHooks):
            raise Forbidden(f"{integration.provider_name} does not subscribe to events")
        if provider.hook_host.fullmatch(urlsplit(url).hostname or "") is None and not self._http.guard.names_allowed(
            url
        ):
            raise BadRequest.field("hookUrl", f"This is not an address of {provider.manifest.name}")
        await check_target(self._http, url, "hookUrl")
        content = dump_text([integration.id, url, event, dict(sorted(filters.items()))])
        hook_id = f"hook_{hashlib.sha256(content.encode()).hexdigest()[:32]}"
        sealed = destination.seal(self._vault, hook_id, integration.team_id, Destination(url=url))

        def add(tx: Transaction) -> None:
            now = self._clock.now_ms()
            known = tx.row(_FIND_OFF, id=hook_id, integration_id=integration.id)
            if known is not None and known[0] is None:
                return
            count = tx.row(endpoints.COUNT_HOOKS, integration_id=integration.id)
            if count is not None and count[0] >= MOST:
                raise PreconditionFailed(
                    f"An integration has at most {MOST} subscriptions; unsubscribe from some first"
                )
            if known is not None:
                endpoints.change(tx, hook_id, [event], sealed)
                return
            endpoints.add(
                tx, hook_id, integration.id, integration.team_id, "hook", [event], sealed, now, filters=filters
            )

        await self._database.write(add)
        return hook_id

    async def unsubscribe(self, integration: Integration, hook_id: str) -> None:
        """One that is not there, or not any more, is no error."""

        def end(tx: Transaction) -> None:
            if tx.row(_FIND_OFF, id=hook_id, integration_id=integration.id) is not None:
                leases.turn_off(tx, hook_id, "Unsubscribed", self._clock.now_ms())

        await self._database.write(end)
