"""send_notification: a message in a channel of Slack, Teams or Discord. The provider escapes it for its own markup."""

from collections.abc import Iterator, Mapping
from typing import Any

from koko_integrations.connections.asking import Asker
from koko_integrations.notifications.wording import IN_KOKO
from koko_integrations.registry import Registry
from koko_integrations.rpc.fields import Text
from koko_integrations.rpc.wire import present
from koko_integrations.triggers import paths
from koko_integrations.triggers.actions.action import Action, Outcome, Plan, Scene, TargetedConfig, missing_names
from koko_integrations.triggers.actions.refusals import outcome_of
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
        where = target.config | ({"channelId": config["channelId"]} if "channelId" in config else {})
        channel_id = where.get("channelId") if provider.needs_channel(where) else None
        notice = _notice(scene, title or occasion.type, words, video_url(self._web_url, occasion))
        does = present(
            provider=target.provider, channelId=channel_id, title=notice.title, message=words, link=notice.link_url
        )
        warnings = missing_names(scene, ("title", without), ("message", lacking))
        if not provider.has_channel(where):
            said = f"Choose a channel of {target.provider_name} (channelId)"
            return Plan(does=does, warnings=warnings, problem=said)

        def post(connection: Connection) -> Posted:
            return provider.post(connection, notice, channel_id=channel_id, thread=None)

        async def perform() -> Outcome:
            try:
                posted = await self._asker.ask(target, post)
            except ProviderError as error:
                return outcome_of(error)
            return Outcome(status="succeeded", result=present(messageId=posted.id))

        return Plan(does=does, warnings=warnings, perform=perform)


def _notice(scene: Scene, title: str, words: str, url: str) -> Notice:
    project, video = (paths.look_up(scene.view, path) for path in (("project", "name"), ("video", "title")))
    facts = tuple((label, found) for label, found in (("Project", project), ("Video", video)) if isinstance(found, str))
    about = video if isinstance(video, str) else title
    return Notice(title=title, about=about, words=words or None, facts=facts, link_url=url, link_label=IN_KOKO)
