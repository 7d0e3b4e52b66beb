"""`integration.test` of a webhook: one ping, sent at once and not again."""

from koko_integrations.clock import Clock
from koko_integrations.connections import store
from koko_integrations.connections.check import CheckResult
from koko_integrations.connections.live import LiveConnections
from koko_integrations.connections.outlets import recover as mark_recovered
from koko_integrations.database import Database, Transaction
from koko_integrations.delivery import endpoints
from koko_integrations.delivery.custom import CustomWebhooks
from koko_integrations.delivery.destination import Destination
from koko_integrations.delivery.payload import PING, ping
from koko_integrations.delivery.poster import GONE, Poster
from koko_integrations.delivery.senders import post_signed
from koko_integrations.errors import PreconditionFailed
from koko_integrations.ids import new_id
from koko_integrations.integration import Integration
from koko_integrations.journal import write_entry
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import present
from providers.kit.base import ForwardsEvents


class Pinger:
    """Tests what events are posted to."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        registry: Registry,
        live: LiveConnections,
        webhooks: CustomWebhooks,
        poster: Poster,
    ) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._live = live
        self._webhooks = webhooks
        self._poster = poster

    def handles(self, integration: Integration) -> bool:
        """Whether the integration is an address that events are posted to."""
        forwards = isinstance(self._registry.find(integration.provider), ForwardsEvents)
        return self._webhooks.has(integration) or (forwards and integration.auth_method == "keys")

    async def ping(self, integration: Integration) -> CheckResult:
        """One that answers is on again, whatever has been before. Raises PreconditionFailed."""
        if integration.status not in ("connected", "error"):
            raise PreconditionFailed(f"{integration.provider_name} is not connected; connect it first")
        to, gone = await self._target(integration)
        body = ping(integration.id, self._clock.now_ms())
        outcome = await post_signed(self._clock, self._poster.to(to.url), to, new_id("msg"), PING, body, gone)
        delivered = outcome.verdict == "delivered"

        def note(tx: Transaction) -> None:
            now = self._clock.now_ms()
            errors = None if outcome.error is None else [outcome.error]
            details = present(event=PING, duration=outcome.latency_ms, errors=errors)
            write_entry(tx, integration.id, "webhook", "success" if delivered else "failed", details, now)
            if delivered and store.find(tx, integration.id).status != "disconnected":
                endpoints.turn_on(tx, integration.id)
                mark_recovered(tx, integration.id, now)

        await self._database.write(note)
        errors = [] if outcome.error is None else [outcome.error]
        return CheckResult(success=delivered, latency_ms=outcome.latency_ms, permissions=[], errors=errors)

    async def _target(self, integration: Integration) -> tuple[Destination, frozenset[int]]:
        if self._webhooks.has(integration):
            return await self._webhooks.open(integration), GONE
        provider = self._registry.find(integration.provider)
        assert isinstance(provider, ForwardsEvents), "handles() has been asked"
        return Destination(url=provider.event_url((await self._live.open(integration)).connection)), provider.gone
