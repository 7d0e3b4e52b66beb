"""Which way an endpoint is sent to: a signed webhook, a hook, an address of a provider's, or a channel."""

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from koko_integrations.clock import Clock
from koko_integrations.connections.live import LiveConnections
from koko_integrations.connections.store import FIND
from koko_integrations.database import Database
from koko_integrations.delivery import destination, signing
from koko_integrations.delivery.destination import Destination
from koko_integrations.delivery.leases import Leased
from koko_integrations.delivery.outcome import ChannelSender, Due, Outcome
from koko_integrations.delivery.payload import body_of
from koko_integrations.delivery.poster import GONE, Poster, Receiver
from koko_integrations.integration import Integration
from koko_integrations.journal import Action
from koko_integrations.registry import Registry
from koko_integrations.vault import Vault
from providers.kit.base import ForwardsEvents
from providers.kit.errors import ProviderError, Transient

UNPROVEN = (401, 403)


class Sender(Protocol):
    """Sends the deliveries of one endpoint. `action` is what the journal calls it."""

    @property
    def action(self) -> Action: ...

    async def send(self, due: Due) -> Outcome:
        """Never raises for what the receiver does."""


class Senders:
    """Opens endpoints for sending."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        vault: Vault,
        registry: Registry,
        live: LiveConnections,
        poster: Poster,
        channels: ChannelSender,
    ) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._registry = registry
        self._live = live
        self._poster = poster
        self._channels = channels

    async def open(self, leased: Leased) -> Sender:
        """Raises VaultError for an address that cannot be opened, ProviderError for one that is not there."""
        if leased.sealed is not None:
            opened = destination.unseal(self._vault, leased.id, leased.team_id, leased.sealed)
            receiver = self._poster.to(opened.url)
            return WebhookSender(self._clock, receiver, opened, with_id=leased.kind == "hook")
        row = await self._database.read_one(FIND, id=leased.integration_id)
        assert row is not None, "an endpoint goes with its integration"
        integration = Integration._make(row)
        provider = self._registry.find(integration.provider)
        if isinstance(provider, ForwardsEvents):
            try:
                url = provider.event_url((await self._live.open(integration)).connection)
            except ProviderError as error:
                return Unreachable("retry" if isinstance(error, Transient) else "failed", error.explained)
            receiver = self._poster.to(url)
            return WebhookSender(self._clock, receiver, Destination(url=url), with_id=True, gone=provider.gone)
        return ToChannel(self._channels, integration)

    async def close(self) -> None:
        await self._poster.close()


@dataclass(frozen=True)
class WebhookSender:
    """Posts JSON, signed anew at each attempt where the receiver has a secret."""

    clock: Clock
    receiver: Receiver
    to: Destination
    with_id: bool
    gone: frozenset[int] = GONE
    action: Action = field(default="webhook", init=False)

    async def send(self, due: Due) -> Outcome:
        body = body_of(due, with_id=self.with_id)
        return await post_signed(self.clock, self.receiver, self.to, due.id, due.event_type, body, self.gone)


@dataclass(frozen=True)
class ToChannel:
    """Tells a channel."""

    channels: ChannelSender
    integration: Integration
    action: Action = field(default="notify", init=False)

    async def send(self, due: Due) -> Outcome:
        return await self.channels.send(self.integration, due)


@dataclass(frozen=True)
class Unreachable:
    """There is nowhere to send to."""

    verdict: Literal["retry", "failed"]
    why: str
    action: Action = field(default="webhook", init=False)

    async def send(self, due: Due) -> Outcome:
        return Outcome(verdict=self.verdict, error=self.why)


async def post_signed(
    clock: Clock,
    receiver: Receiver,
    to: Destination,
    message_id: str,
    event_type: str,
    body: bytes,
    gone: frozenset[int] = GONE,
) -> Outcome:
    """One attempt, with everything by which the receiver can verify it."""
    now = clock.now_ms()
    secrets = to.signing(now)
    if secrets:
        body = signing.sign_inside(body, secrets[0].text, now // 1000)
    proofs = signing.headers(message_id, body, secrets, now // 1000)
    outcome = await receiver.post({**to.headers, **proofs, "X-Koko-Event": event_type}, body, gone)
    if len(secrets) > 1 and outcome.http_status in UNPROVEN:
        # The receiver may not know the new secret yet: it is given the time that both are good.
        return replace(outcome, verdict="retry")
    return outcome
