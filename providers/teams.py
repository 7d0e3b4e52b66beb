"""Microsoft Teams: OAuth as the connecting user, or the URL of a Workflows webhook.

Source: learn.microsoft.com/graph/api/{user-get,user-list-joinedteams,channel-list}, learn.microsoft.com/power-automate/
teams (Workflows), learn.microsoft.com/graph/api/{channel-post-messages,chatmessage-post-replies}. Office 365 connector
URLs were retired in 2026. What there is to pull are channels: projects, in Koko's words. An archived one is gone.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from providers.kit.base import ConnectsByKeys, ListsItems
from providers.kit.connection import Connection, Identity, Resource
from providers.kit.errors import CredentialsRefused, Missing, Rejected, StartOver
from providers.kit.items import Item, Page, Pull, Skipped
from providers.kit.manifest import Feature, Field, Manifest
from providers.kit.microsoft import entra
from providers.kit.microsoft_inbound import HearsGraph
from providers.kit.notices import Notice, Notifies, Posted
from providers.kit.paths import segment
from providers.kit.teams.card import graph_message, workflow_message

POSTING = ("Team.ReadBasic.All", "Channel.ReadBasic.All", "ChannelMessage.Send")
WORKFLOW_HOSTS = (".logic.azure.com", ".api.powerplatform.com", ".powerautomate.com")
RETIRED_HOST = ".webhook.office.com"
TEAMS = "/me/joinedTeams"
# Graph looks up a channel's email address each time, slowly, unless it is not among what was asked for.
CHANNEL = "id,displayName,description,isArchived,membershipType,webUrl"


@dataclass(frozen=True, kw_only=True)
class _Way:
    """What is still to be asked: the channels of `teams`, each with its id and its name, the first of them from the
    page `channels` on; then the page `following` of teams."""

    teams: list[list[str]]
    channels: str | None = None
    following: str | None = None

    @classmethod
    def read(cls, cursor: str | None) -> "_Way":
        return cls(teams=[], following=TEAMS) if cursor is None else cls(**orjson.loads(cursor))

    def cursor(self) -> str | None:
        return orjson.dumps(asdict(self)).decode() if self.teams or self.following else None


class Teams(HearsGraph, ConnectsByKeys, ListsItems, Notifies):
    change_types = "created,updated,deleted"
    longest_minutes = 4_320
    told_entities = ("projects",)
    resource_kinds = ("channels",)
    entities = ("projects",)
    mapped = False
    manifest = Manifest(
        slug="teams",
        name="Microsoft Teams",
        category="communication",
        description="Send notifications to Microsoft Teams channels",
        features=(Feature("Comment notifications", POSTING), Feature("Upload alerts", POSTING)),
        fields=(
            Field(
                name="webhookUrl",
                hint="the URL of the workflow 'Post to a channel when a webhook request is received'",
                kind="url",
                secret=True,
                required=True,
            ),
        ),
        several=True,
        removal_hint="Remove Koko at https://myapps.microsoft.com, or delete the workflow.",
    )
    # Channel messages do not exist for personal accounts.
    oauth = entra("organizations")

    def whoami(self, connection: Connection) -> Identity:
        url = connection.credentials.secrets.get("webhookUrl")
        if url is not None:
            return self._workflow(url)
        me = self.graph(connection, "/me")
        return Identity(account_id=self.require_text(me, "id"), account_name=str(me.get("displayName") or "Teams"))

    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        """The team of the channel that is posted to: its channels may be watched with what Koko may do anyway, its
        messages with more than that."""
        team, _, channel = str(connection.config.get("channelId") or "").partition("/")
        return (team,) if channel and "webhookUrl" not in connection.config else ()

    def resource_of(self, connection: Connection, target: str) -> str:
        return f"/teams/{segment(target)}/channels"

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        if connection.credentials.access_token is None:
            raise Rejected("A workflow posts to its own channel; there is nothing to choose")
        return [
            Resource(id=_address(team.id, channel.id), name=channel.name, parent_name=team.name)
            for team in self.read_resources(_live(self.graph_pages(connection, TEAMS)))
            for channel in self.read_resources(_live(self.graph_pages(connection, _channels(team.id))))
        ]

    def pull(self, connection: Connection, pull: Pull) -> Page:
        if connection.credentials.access_token is None:
            raise Rejected(
                "Teams is connected by a webhook address, which posts to its own channel and shows no others; connect "
                "it with a Microsoft account to sync channels"
            )
        way = _Way.read(pull.cursor)
        if not way.teams:
            found, following = self._page(connection, way.following or TEAMS, begun=pull.cursor is not None)
            teams = [[team.id, team.name] for team in self.read_resources(_live(found))]
            return Page(cursor=_Way(teams=teams, following=following).cursor())
        (team_id, team), *others = way.teams
        try:
            found, following = self._page(connection, way.channels or _channels(team_id), begun=bool(way.channels))
        except Missing:
            # The team has been deleted, or left, since we read its name.
            found, following = [], None
        items, unread = self.read_items(_live(found), lambda entry: self._read_channel(entry, team_id, team))
        left = _Way(teams=way.teams if following else others, channels=following, following=way.following)
        return Page(
            items=tuple(items),
            skipped=tuple(Skipped(_address(team_id, one.id), one.reason) for one in unread),
            cursor=left.cursor(),
        )

    def needs_channel(self, config: Mapping[str, Any]) -> bool:
        return "webhookUrl" not in config

    def post(self, connection: Connection, notice: Notice, *, channel_id: str | None, thread: str | None) -> Posted:
        url = connection.credentials.secrets.get("webhookUrl")
        if url is not None:
            self._run_workflow(url, notice)
            return Posted()
        team, _, channel = (channel_id or "").partition("/")
        if not team or not channel:
            raise Missing("This is no channel of Teams: choose one by channelId, as integration.listResources has them")
        path = f"/teams/{segment(team)}/channels/{segment(channel)}/messages"
        try:
            body = self.graph_post(
                connection, path if thread is None else f"{path}/{segment(thread)}/replies", graph_message(notice)
            )
        except Missing as missing:
            raise Missing(
                "Teams has no such channel, or whoever connected Teams is not in its team any more: choose another "
                "channel (channelId)",
                reason=missing.reason,
            ) from None
        message_id = body.get("id")
        return Posted(id=message_id, thread=thread or message_id) if isinstance(message_id, str) else Posted()

    def _run_workflow(self, url: str, notice: Notice) -> None:
        """Posts by a workflow, which answers before it has done so: whether it will is not known. It has no threads."""
        self._workflow(url)
        answer = self.http.request(self.manifest.name, "POST", url, json=workflow_message(notice))
        if answer.status in (401, 403, 404, 410):
            raise CredentialsRefused(
                "The workflow is gone or turned off in Teams: turn it on, or connect the URL of another one"
            )
        answer.require_success()

    def _page(self, connection: Connection, path: str, *, begun: bool) -> tuple[list[Any], str | None]:
        try:
            return self.graph_page(connection, path)
        except Rejected as refusal:
            if begun:
                raise StartOver(f"{self.manifest.name} no longer knows where we were", reason=refusal.reason) from None
            raise

    def _read_channel(self, entry: Mapping[str, Any], team_id: str, team: str) -> Item:
        return Item(
            id=_address(team_id, self.require_text(entry, "id")),
            title=self.require_text(entry, "displayName"),
            text=entry.get("description"),
            parent_id=team_id,
            url=entry.get("webUrl"),
            fields={"team": team, "isPrivate": entry.get("membershipType") == "private"},
        )

    def _workflow(self, url: str) -> Identity:
        """The shape of the URL is all that can be proven: a workflow answers only to a message."""
        host = urlsplit(url).hostname or ""
        if host.endswith(RETIRED_HOST):
            raise Rejected(
                "Microsoft has retired Office 365 connectors: add the workflow 'Post to a channel when a webhook "
                "request is received' to the channel, and use its URL"
            )
        if not host.endswith(WORKFLOW_HOSTS):
            raise Rejected("This is not the URL of a Teams workflow")
        return Identity(account_id=hashlib.sha256(url.encode()).hexdigest()[:32], account_name="Teams workflow")


def _channels(team_id: str) -> str:
    return f"/teams/{segment(team_id)}/channels?$select={CHANNEL}"


def _address(team_id: str, channel_id: str) -> str:
    """A channel is addressed by both."""
    return f"{team_id}/{channel_id}"


def _live(entries: list[Any]) -> list[Any]:
    """What is not archived: nobody can post there."""
    return [entry for entry in entries if not isinstance(entry, dict) or entry.get("isArchived") is not True]
