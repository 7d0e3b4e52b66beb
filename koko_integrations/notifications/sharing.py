"""`integration.share`: a team member shows a video to a channel, at once."""

from dataclasses import dataclass
from typing import Any

from koko_integrations.access.actor import Actor
from koko_integrations.clock import Clock
from koko_integrations.database import Database
from koko_integrations.errors import BadRequest, NotFound, PreconditionFailed, from_provider
from koko_integrations.integration import Integration
from koko_integrations.journal import Outcome, write_entry
from koko_integrations.notifications.posting import ChannelPoster
from koko_integrations.notifications.scene import SceneReader
from koko_integrations.notifications.wording import NoticeMaker
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import present
from providers.kit.errors import Missing, ProviderError
from providers.kit.notices import Notifies


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Where the message is; what the provider does not tell is None."""

    message_id: str | None
    channel_id: str | None


class Sharer:
    """Shares videos. Each one is a message of its own, outside of the video's thread."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        registry: Registry,
        scenes: SceneReader,
        maker: NoticeMaker,
        poster: ChannelPoster,
    ) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._scenes = scenes
        self._maker = maker
        self._poster = poster

    async def share(
        self, integration: Integration, actor: Actor, *, video_id: str, channel_id: str | None, message: str | None
    ) -> Shared:
        """Raises NotFound for a video in none of the team's projects, BadRequest for a wrong channel,
        PreconditionFailed, and what the provider's failure translates to."""
        provider = self._registry.find(integration.provider)
        if not isinstance(provider, Notifies):
            raise BadRequest.field("integrationId", f"{integration.provider_name} has no channels to share to")
        if integration.status != "connected":
            raise PreconditionFailed(f"{integration.provider_name} is not connected; connect it first")
        chosen = _channel(integration, provider, channel_id)
        scene = await self._scenes.of_team(integration.team_id, video_id)
        if scene is None:
            raise NotFound("Video not found")
        notice = await self._maker.of_sharing(scene, actor.user_id, message)
        try:
            posted = await self._poster.post_alone(integration, provider, notice, chosen)
        except ProviderError as error:
            await self._log(integration, actor, video_id, chosen, error.explained)
            if isinstance(error, Missing) and chosen is not None:
                raise BadRequest.field("channelId", error.explained) from error
            raise from_provider(error) from error
        await self._log(integration, actor, video_id, chosen, None)
        return Shared(message_id=posted.id, channel_id=chosen or integration.config.get("channelId"))

    async def _log(
        self, integration: Integration, actor: Actor, video_id: str, channel_id: str | None, problem: str | None
    ) -> None:
        details: dict[str, Any] = present(
            event="video shared",
            videoId=video_id,
            channelId=channel_id,
            sharedBy=actor.label,
            errors=None if problem is None else [problem],
        )
        status: Outcome = "success" if problem is None else "failed"
        now = self._clock.now_ms()
        await self._database.write(lambda tx: write_entry(tx, integration.id, "notify", status, details, now))


def _channel(integration: Integration, provider: Notifies, given: str | None) -> str | None:
    """The channel to name to the provider. Raises BadRequest."""
    name, config = integration.provider_name, integration.config
    if provider.needs_channel(config):
        if given is None:
            raise BadRequest.field("channelId", f"Required: which channel of {name} to share to")
        return given
    if given is not None and given != config.get("channelId"):
        raise BadRequest.field("channelId", f"This connection of {name} posts to its own channel only; leave it out")
    return None
