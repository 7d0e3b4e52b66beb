"""From a published event to the channel, by way of the ledger."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
import pytest

from tests.conftest import TEAM
from tests.notifications.channels import COMMENT, Channel, Channels
from tests.service import SERVICE_SECRET
from tests.sync.team import PROJECT, VIDEO

both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
DATA = {"comment": {"id": COMMENT, "videoId": VIDEO}}


def publish(channels: Channels, event_id: str, event_type: str = "comment.created", **changes: Any) -> int:
    """How many are to be told."""
    claims = {"iss": "api", "aud": "koko-integrations", "exp": channels.service.clock.now // 1000 + 200}
    params = {
        "id": event_id,
        "type": event_type,
        "teamId": TEAM,
        "projectId": PROJECT,
        "actorId": "member",
        "occurredAt": "2025-01-15T10:30:00Z",
        "data": DATA,
        **changes,
    }
    token = jwt.encode(claims, SERVICE_SECRET, algorithm="HS256")
    return int(channels.service.call("event.publish", params, token=token)["deliveries"])


def until(reached: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := reached()):
        assert time.monotonic() < deadline, "it does not come about"
        # No more often than a person may ask in an hour.
        time.sleep(0.05)
    return found


def deliveries(channels: Channels, channel: Channel, status: str) -> list[dict[str, Any]]:
    params = {"integrationId": channel.target, "status": status}
    answer = channels.service.call("integration.getDeliveries", params, token=channels.people.admin)
    found: list[dict[str, Any]] = answer["deliveries"]
    return found


@both_databases
@pytest.mark.parametrize("kind", ["slack", "teams", "workflow", "discord"])
def test_a_comment_is_shown_once(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    assert publish(channels, "event_1") == 1
    assert publish(channels, "event_1") == 0
    assert publish(channels, "event_2", "comment.reply") == 0, "the same comment, by another name"
    until(lambda: deliveries(channels, channel, "delivered"))
    assert len(channel.messages.all) == 1
    [log] = until(lambda: [log for log in channels.logs(channel) if log["details"].get("itemsProcessed")])
    assert (log["action"], log["status"]) == ("notify", "success")


def test_only_what_notify_on_says(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.configure(channel.target, notifyOn=["upload"])
    assert publish(channels, "event_1") == 0
    assert publish(channels, "event_2", "video.uploaded", data={"video": {"id": VIDEO}}) == 1
    assert publish(channels, "event_3", "video.created", data={"video": {"id": VIDEO}}) == 0, "one upload"


def test_a_revoked_channel_is_said_once_and_works_again_after_connecting(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.sandbox.slack.oauth.reset()
    assert publish(channels, "event_1") == 1
    until(lambda: deliveries(channels, channel, "failed"))
    until(lambda: channels.status(channel)["integration"]["status"] == "error")
    other = {"comment": {"id": "comment-2", "videoId": VIDEO}}
    assert publish(channels, "event_2", data=other) == 0
    again = channels.join("slack")
    assert again.target == channel.target
    assert publish(channels, "event_3", data=other) == 1
    until(lambda: deliveries(channels, channel, "delivered"))


def test_a_busy_provider_is_given_time(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.sandbox.slack.fail("/api/chat.postMessage", status=429, headers={"Retry-After": "30"}, times=1)
    publish(channels, "event_1")
    [waiting] = until(lambda: [one for one in deliveries(channels, channel, "pending") if one["attempts"]])
    assert waiting["attempts"][0]["verdict"] == "retry"
    channels.service.clock.advance(minutes=2)
    until(lambda: deliveries(channels, channel, "delivered"))
    assert len(channel.messages.all) == 1


def test_reconnecting_while_the_refusal_is_still_being_written(channels: Channels) -> None:
    """What is found of the connection of before does not end the one of now. Often, as it is a matter of moments."""
    for number in range(8):
        channel = channels.join("slack")
        channels.sandbox.slack.oauth.reset()
        publish(channels, f"lost_{number}", data={"comment": {"id": f"lost-{number}", "videoId": VIDEO}})
        status = "SELECT status FROM integration"
        deadline = time.monotonic() + 20
        while channels.service.rows.query(status) != [("error",)]:
            assert time.monotonic() < deadline
        channels.join("slack")
        publish(channels, f"kept_{number}", data={"comment": {"id": f"kept-{number}", "videoId": VIDEO}})
        until(partial(is_delivered, channels, channel, number + 1))
        channels.service.call("integration.disconnect", {"integrationId": channel.target}, token=channels.people.admin)


def is_delivered(channels: Channels, channel: Channel, count: int) -> bool:
    return len(deliveries(channels, channel, "delivered")) == count
