"""send_notification: a message in a channel of Slack, Teams or Discord. The provider escapes it for its own markup."""

from collections.abc import Iterator, Mapping
from typing import Any

from koko_integrations.registry import Registry
from koko_integrations.rpc.fields import Text
from koko_integrations.rpc.wire import present
from koko_integrations.triggers.actions.action import Action, Outcome, Plan, Scene, TargetedConfig, missing_names
from koko_integrations.triggers.actions.asking import Asker, outcome_of
from koko_integrations.triggers.actions.rendering import TITLES, WORDS, render, render_line, usual, video_url
from providers.kit.connection import Connection
from providers.kit.errors import ProviderError
from providers.kit.notices import Notice, Notifies, Posted


class NotificationConfig(TargetedConfig):
    message = Text()
    title = Text()
    channelId = Text(min_chars=1, max_chars=256)


class SendNotification(Action):
    name = "send_notification"
    schema = NotificationConfig()
    needs = Notifies
    lacking = "posts no messages; name an integration of Slack, Teams or Discord by config.integrationId"

    def __init__(self, registry: Registry, asker: Asker, web_url: str) -> None:
        self._registry = registry
        self._asker = asker
        self._web_url = web_url

    def templates(self, config: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
        for name in ("message", "title"):
            if name in config:
                yield name, config[name], False

    async def plan(self, scene: Scene) -> Plan:
        config, target, occasion = scene.config, scene.target, scene.occasion
        provider = self._registry.find(target.provider)
        assert isinstance(provider, Notifies), "what it needs is checked before it is planned"
        title, without = render_line(scene, config.get("title") or usual(TITLES, occasion.type))
        words, lacking = render(scene, config.get("message") or usual(WORDS, occasion.type))
        channel_id = config.get("channelId") or target.config.get("channelId")
        notice = Notice(
            title=title or occasion.type,
            words=words or None,
            link_url=video_url(self._web_url, occasion),
            link_label="Open in Koko",
        )

        def post(connection: Connection) -> Posted:
            return provider.post(connection, notice, channel_id=channel_id, thread=None)

        async def perform() -> Outcome:
            try:
                posted = await self._asker.ask(target, post)
            except ProviderError as error:
                return outcome_of(error)
            return Outcome(status="succeeded", result=present(messageId=posted.id))

        return Plan(
            does=present(
                provider=target.provider, channelId=channel_id, title=notice.title, message=words, link=notice.link_url
            ),
            warnings=missing_names(scene, ("title", without), ("message", lacking)),
            perform=perform,
        )
