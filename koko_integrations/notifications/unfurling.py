"""Previews of Koko's links, where somebody has pasted them in a channel."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from koko_integrations.integration import Integration
from koko_integrations.notifications.data import LONGEST_VIDEO_S
from koko_integrations.notifications.posting import ChannelPoster
from koko_integrations.notifications.scene import SceneReader
from koko_integrations.notifications.wording import NoticeMaker
from koko_integrations.registry import Registry
from providers.kit.connection import Connection
from providers.kit.notices import Notice, PreviewsLinks

MOST_LINKS = 10
_VIDEO_PATH = re.compile(r"/videos/([^/]{1,768})/?")
_SECONDS = re.compile(r"\d{1,7}(?:\.\d{1,6})?")


class Target(NamedTuple):
    """What a link leads to."""

    video_id: str
    comment_id: str | None
    timecode_ms: int | None


class Unfurler:
    """Answers what a provider tells of links (a Signal of the kind `link_shared`)."""

    def __init__(
        self, registry: Registry, scenes: SceneReader, maker: NoticeMaker, poster: ChannelPoster, web_url: str
    ) -> None:
        self._registry = registry
        self._scenes = scenes
        self._maker = maker
        self._poster = poster
        self._web_url = web_url

    async def unfurl(self, integration: Integration, details: Mapping[str, Any]) -> int:
        """Shows what is behind the links to videos in the team's projects, and how many those were; others are left
        alone. `details` are `links`, addresses or objects with a `url`, and the place: `channel` and `message_ts`,
        or `unfurl_id` and `source`. Raises ProviderError."""
        provider = self._registry.find(integration.provider)
        if not isinstance(provider, PreviewsLinks) or integration.status != "connected":
            return 0
        place = _place(details)
        previews = await self._previews(integration.team_id, details) if place else {}
        if not previews:
            return 0

        def unfurl(connection: Connection) -> None:
            provider.unfurl(connection, place, previews)

        await self._poster.use(integration, unfurl)
        return len(previews)

    async def _previews(self, team_id: str, details: Mapping[str, Any]) -> dict[str, Notice]:
        previews: dict[str, Notice] = {}
        for link in dict.fromkeys(_links(details)):
            target = read_link(link, self._web_url)
            if target is None or len(previews) == MOST_LINKS:
                continue
            scene = await self._scenes.of_team(team_id, target.video_id, target.comment_id)
            if scene is not None:
                previews[link] = self._maker.of_link(scene, target.timecode_ms)
        return previews


def read_link(link: str, web_url: str) -> Target | None:
    """The video, comment and position that a link of Koko's names; None for any other link."""
    try:
        asked, ours = urlsplit(link), urlsplit(web_url)
        elsewhere = (asked.scheme, asked.hostname, asked.port) != (ours.scheme, ours.hostname, ours.port)
        query = parse_qs(asked.query)
    except ValueError:
        return None
    base = ours.path.rstrip("/")
    found = _VIDEO_PATH.fullmatch(asked.path[len(base) :]) if asked.path.startswith(base) else None
    if elsewhere or asked.username is not None or found is None or "\0" in (video_id := unquote(found[1])):
        return None
    comment_id = query.get("comment", [""])[0]
    return Target(video_id, comment_id if comment_id and "\0" not in comment_id else None, _timecode_ms(query))


def _timecode_ms(query: Mapping[str, list[str]]) -> int | None:
    text = query.get("t", [""])[0]
    seconds = float(text) if _SECONDS.fullmatch(text) else math.nan
    return round(seconds * 1000) if seconds <= LONGEST_VIDEO_S else None


def _links(details: Mapping[str, Any]) -> Iterator[str]:
    given = details.get("links")
    for one in given if isinstance(given, list | tuple) else ():
        link = one.get("url") if isinstance(one, Mapping) else one
        if isinstance(link, str):
            yield link


def _place(details: Mapping[str, Any]) -> dict[str, str]:
    """In Slack's words; empty where it is not said."""
    named = {name: details.get(told) for name, told in _PLACE.items()}
    place = {name: value for name, value in named.items() if isinstance(value, str) and value}
    whole = {"channel", "ts"} <= place.keys() or {"unfurl_id", "source"} <= place.keys()
    return place if whole else {}


_PLACE = {"channel": "channel", "ts": "message_ts", "unfurl_id": "unfurl_id", "source": "source"}
"""Names of arguments, and of the event's members."""
