"""The channel's end of the ledger of deliveries: an event becomes a notice, and what the provider says an outcome."""

import time
from typing import Any

from koko_integrations.connections.store import FIND
from koko_integrations.database import Database
from koko_integrations.delivery.outcome import Due, Outcome
from koko_integrations.integration import Integration
from koko_integrations.notifications.posting import ChannelPoster
from koko_integrations.notifications.scene import SceneReader
from koko_integrations.notifications.wording import TITLES, NoticeMaker
from koko_integrations.registry import Registry
from providers.kit.errors import CredentialsRefused, ProtocolBroken, ProviderError, Transient
from providers.kit.notices import Notifies


class ChannelNotifier:
    """Tells an integration's channel of an event: a ChannelSender."""

    def __init__(
        self, database: Database, registry: Registry, scenes: SceneReader, maker: NoticeMaker, poster: ChannelPoster
    ) -> None:
        self._database = database
        self._registry = registry
        self._scenes = scenes
        self._maker = maker
        self._poster = poster

    async def send(self, integration: Integration, due: Due) -> Outcome:
        """Never raises for what the provider does. Whether the channel wants the event has been decided before."""
        started = time.perf_counter()
        try:
            problem = await self._send(integration, due)
        except ProviderError as error:
            outcome = await self._outcome_of(integration, error)
        else:
            outcome = {"verdict": "delivered"} if problem is None else {"verdict": "failed", "error": problem}
        return Outcome(latency_ms=round((time.perf_counter() - started) * 1000), **outcome)

    async def _send(self, integration: Integration, due: Due) -> str | None:
        """What keeps the event from being told, if anything does. Raises ProviderError."""
        provider, config, data = self._registry.find(integration.provider), integration.config, due.data
        if not isinstance(provider, Notifies):
            return f"{integration.provider_name} has no channels"
        if due.event_type not in TITLES:
            return f"Channels are not told of {due.event_type}"
        if not provider.has_channel(config):
            return f"Choose a channel of {integration.provider_name} (channelId) to get notifications"
        if integration.status != "connected":
            raise CredentialsRefused(f"{integration.provider_name} is not connected")
        scene = await self._scenes.of_event(due.project_id, data)
        if scene is None:
            return "The event does not say which video it is about"
        notice = await self._maker.of_event(due.event_type, scene, data, due.actor_id)
        channel_id = config["channelId"] if provider.needs_channel(config) else None
        await self._poster.post(integration, provider, notice, scene.video_id, channel_id)
        return None

    async def _outcome_of(self, integration: Integration, error: ProviderError) -> dict[str, Any]:
        said: dict[str, Any] = {"error": error.explained}
        match error:
            case Transient():
                return said | {"verdict": "retry", "retry_after_s": error.retry_after_s}
            case ProtocolBroken():
                # What is no answer of theirs is most often the page of a proxy in between.
                return said | {"verdict": "retry"}
            case CredentialsRefused():
                # Somebody may have connected it again meanwhile.
                row = await self._database.read_one(FIND, id=integration.id)
                is_live = row is not None and Integration._make(row).status == "connected"
                return said | {"verdict": "retry" if is_live else "gone"}
        return said | {"verdict": "failed"}
