"""Connected channels, what they are told, and what people see there."""

import json
from dataclasses import dataclass
from typing import Any

from koko_integrations.connections.store import FIND
from koko_integrations.delivery.outcome import Due, Outcome
from koko_integrations.integration import Integration
from sandbox.kit.messages import Message, Messages
from sandbox.stand_ins import Sandbox
from sandbox.teams_messages import WORKFLOW_URL
from tests.conftest import TEAM, People
from tests.connections.consent import connect
from tests.service import RpcError, Service
from tests.sync.team import PROJECT, VIDEO, Koko

COMMENT = "comment-1"
SAID = "The logo comes too early"
DISCORD_URL = "https://discord.com/api/webhooks/100000000000000001/sandbox-webhook-token-of-the-reviews-channel"


@dataclass
class Channel:
    """One integration; `channel_id` is what has been chosen, None where the connection is a channel's own address."""

    slug: str
    target: str
    channel_id: str | None
    messages: Messages


class Channels:
    """A team with a project, a video of 25 frames a second, and a comment."""

    def __init__(self, service: Service, people: People, sandbox: Sandbox) -> None:
        self.service, self.people, self.sandbox = service, people, sandbox
        self.koko = Koko(service)
        self.koko.furnish()
        service.rows.query("UPDATE project SET name = 'Autumn' WHERE id = ?", PROJECT)
        service.rows.query("UPDATE video SET fps = 25 WHERE id = ?", VIDEO)
        self.koko.comment(COMMENT, SAID, timecode=4_200)
        self._events = 0

    def join(self, kind: str) -> Channel:
        """`slack`, `teams` (as somebody), `workflow` (Teams by an address) or `discord`."""
        return getattr(self, f"_join_{kind}")()  # type: ignore[no-any-return]

    def _join_slack(self) -> Channel:
        target = str(connect(self.service, self.people.admin, "slack")["id"])
        general = next(one.id for one in self.sandbox.slack.channels.values() if one.name == "general")
        self.configure(target, channelId=general)
        return Channel("slack", target, general, self.sandbox.slack.messages)

    def _join_teams(self) -> Channel:
        target = str(connect(self.service, self.people.admin, "teams")["id"])
        team = self.sandbox.microsoft.teams.teams["team-a"]
        address = f"{team.id}/{team.channels[0].id}"
        self.configure(target, channelId=address)
        return Channel("teams", target, address, self.sandbox.microsoft.channels.messages)

    def _join_workflow(self) -> Channel:
        return Channel("teams", self._by_url("teams", WORKFLOW_URL), None, self.sandbox.microsoft.channels.messages)

    def _join_discord(self) -> Channel:
        return Channel("discord", self._by_url("discord", DISCORD_URL), None, self.sandbox.discord.messages)

    def _by_url(self, provider: str, url: str) -> str:
        params = {"teamId": TEAM, "provider": provider, "config": {"webhookUrl": url}}
        connected = self.service.call("integration.connect", params, token=self.people.admin)
        return str(connected["integration"]["id"])

    def configure(self, target: str, **config: Any) -> None:
        params = {"integrationId": target, "config": config}
        self.service.call("integration.configure", params, token=self.people.admin)

    def integration(self, channel: Channel) -> Integration:
        row = self.service.run(lambda app: app.database.read_one(FIND, id=channel.target))
        assert row is not None
        return Integration._make(row)

    def due(self, event_type: str = "comment.created", **changes: Any) -> Due:
        """A delivery of an event; of the comment unless `data` says otherwise."""
        self._events += 1
        data = changes.pop("data", {"comment": {"id": COMMENT, "videoId": VIDEO}})
        members = {"project_id": PROJECT, "actor_id": "member"} | changes
        return Due(
            id=f"dlv-{self._events}",
            endpoint_id="end-1",
            event_id=f"evt-{self._events}",
            event_type=event_type,
            data_json=json.dumps(data),
            occurred_at=self.service.clock.now,
            created_at=self.service.clock.now,
            tries=0,
            **members,
        )

    def send(self, channel: Channel, due: Due | None = None) -> Outcome:
        integration, sent = self.integration(channel), due or self.due()
        return self.service.run(lambda app: app.notifier.send(integration, sent))

    def tell(self, channel: Channel, event_type: str = "comment.created", **changes: Any) -> Message:
        """A delivery that arrives: the message as people see it."""
        outcome = self.send(channel, self.due(event_type, **changes))
        assert (outcome.verdict, outcome.error) == ("delivered", None)
        return channel.messages.all[-1]

    def share(self, channel: Channel, *, token: str | None = None, **changes: Any) -> dict[str, Any]:
        params = {"integrationId": channel.target, "videoId": VIDEO}
        if channel.channel_id is not None:
            params["channelId"] = channel.channel_id
        asked = {name: value for name, value in (params | changes).items() if value is not None}
        result: dict[str, Any] = self.service.call("integration.share", asked, token=token or self.people.member)
        return result

    def refuse_share(self, channel: Channel, **changes: Any) -> RpcError:
        try:
            self.share(channel, **changes)
        except RpcError as refused:
            return refused
        raise AssertionError("it was accepted")

    def logs(self, channel: Channel) -> list[dict[str, Any]]:
        params = {"integrationId": channel.target}
        found: list[dict[str, Any]] = self.service.call("integration.getLogs", params, token=self.people.admin)["logs"]
        return found

    def status(self, channel: Channel) -> dict[str, Any]:
        asked = {"integrationId": channel.target}
        found: dict[str, Any] = self.service.call("integration.getStatus", asked, token=self.people.member)
        return found
