"""What providers say against a message, and what comes of it."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from sandbox.kit.stand_in import StandIn
from tests.connections.consent import connect
from tests.notifications.channels import DISCORD_URL, Channel, Channels

POST = "/api/chat.postMessage"
HOOK = DISCORD_URL.removeprefix("https://discord.com").replace("/api/", "/api/v10/")
WORKFLOW = "/workflows/sandbox/triggers/manual/paths/invoke"


def path_of(channel: Channel) -> str:
    team, _, channel_id = (channel.channel_id or "").partition("/")
    return f"/v1.0/teams/{team}/channels/{channel_id}/messages"


def said(error: str) -> dict[str, Any]:
    return {"body": json.dumps({"ok": False, "error": error}).encode()}


def refused(status: int, code: int, **more: Any) -> dict[str, Any]:
    return {"status": status, "body": json.dumps({"code": code, "message": "No.", **more}).encode()}


def graph(status: int, code: str, **headers: str) -> dict[str, Any]:
    return {"status": status, "body": json.dumps({"error": {"code": code}}).encode(), "headers": headers}


CASES: list[tuple[str, dict[str, Any], str, str, float | None]] = [
    (
        "slack",
        said("not_in_channel"),
        "failed",
        "invite Koko to it, or have a Slack admin grant chat:write.public",
        None,
    ),
    ("slack", said("channel_not_found"), "failed", "choose another channel (channelId)", None),
    ("slack", said("is_archived"), "failed", "archived in Slack", None),
    ("slack", said("msg_too_long"), "failed", "too long for Slack", None),
    ("slack", said("msg_blocks_too_long"), "failed", "too long for Slack", None),
    ("slack", said("restricted_action"), "failed", "ask a Slack admin", None),
    ("slack", said("missing_scope"), "failed", "connect Slack again", None),
    ("slack", said("invalid_blocks"), "failed", "Slack refused the request (invalid_blocks)", None),
    ("slack", said("ratelimited") | {"headers": {"Retry-After": "7"}}, "retry", "slow down", 7),
    ("slack", {"status": 429, "headers": {"Retry-After": "30"}}, "retry", "slow down", 30),
    ("slack", said("internal_error"), "retry", "busy", None),
    ("slack", {"status": 503}, "retry", "HTTP 503", None),
    ("slack", {"body": b"<html>"}, "retry", "not JSON", None),
    ("teams", graph(403, "Forbidden"), "failed", "does not let this account use", None),
    ("teams", graph(404, "NotFound"), "failed", "choose another channel (channelId)", None),
    ("teams", graph(413, "TooLarge"), "failed", "HTTP 413", None),
    ("teams", graph(429, "TooManyRequests", **{"Retry-After": "12"}), "retry", "slow down", 12),
    ("teams", graph(503, "ServiceUnavailable", **{"Retry-After": "5"}), "retry", "HTTP 503", 5),
    ("workflow", {"status": 429, "headers": {"Retry-After": "3"}}, "retry", "slow down", 3),
    ("workflow", {"status": 502}, "retry", "HTTP 502", None),
    ("workflow", {"status": 400}, "failed", "HTTP 400", None),
    ("workflow", {"status": 302, "headers": {"Location": "http://127.0.0.1/"}}, "retry", "HTTP 302", None),
    ("discord", refused(429, 0, retry_after=64.57), "retry", "slow down", 64.57),
    ("discord", {"status": 429, "body": b"<html>", "headers": {"Retry-After": "9"}}, "retry", "slow down", 9),
    ("discord", refused(400, 50035), "failed", "HTTP 400) (code_50035)", None),
    ("discord", {"status": 500}, "retry", "HTTP 500", None),
]


@pytest.mark.parametrize(("kind", "fault", "verdict", "error", "wait_s"), CASES, ids=lambda value: str(value)[:60])
def test_refusals(
    channels: Channels, kind: str, fault: dict[str, Any], verdict: str, error: str, wait_s: float | None
) -> None:
    channel = channels.join(kind)
    fail(channels, kind, channel, fault)
    outcome = channels.send(channel)
    assert (outcome.verdict, outcome.retry_after_s) == (verdict, wait_s)
    assert error in str(outcome.error)
    assert channel.messages.all == []
    assert channels.status(channel)["integration"]["status"] == "connected"
    assert channels.logs(channel) == [], "the log is for whoever gives a delivery up"
    assert channels.send(channel).verdict == "delivered"


def fail(channels: Channels, kind: str, channel: Channel, fault: dict[str, Any], **more: Any) -> None:
    sandbox = channels.sandbox
    stand_ins: dict[str, tuple[StandIn, str]] = {
        "slack": (sandbox.slack, POST),
        "teams": (sandbox.microsoft, path_of(channel)),
        "workflow": (sandbox.microsoft, WORKFLOW),
        "discord": (sandbox.discord, HOOK),
    }
    stand_in, path = stand_ins[kind]
    stand_in.fail(path, **fault, **more)


LOST = [
    ("slack", said("token_revoked"), "no longer accepts the token"),
    ("workflow", {"status": 404}, "gone or turned off"),
    ("workflow", {"status": 401}, "gone or turned off"),
    ("discord", refused(404, 10015), "does not know this webhook any more"),
    ("discord", refused(401, 50027), "does not know this webhook any more"),
]


@pytest.mark.parametrize(("kind", "fault", "error"), LOST, ids=lambda value: str(value)[:40])
def test_lost_for_good(channels: Channels, kind: str, fault: dict[str, Any], error: str) -> None:
    channel = channels.join(kind)
    fail(channels, kind, channel, fault)
    outcome = channels.send(channel)
    assert outcome.verdict == "gone"
    assert error in str(outcome.error)
    assert channels.send(channel).verdict == "gone", "and is not asked again"
    status = channels.status(channel)
    assert (status["integration"]["status"], status["health"]["status"]) == ("error", "down")
    assert error in status["health"]["issues"][0]
    (entry,) = channels.logs(channel)
    assert (entry["action"], entry["status"]) == ("notify", "failed")
    assert "connection lost" in json.dumps(entry), "the team is told once"


def test_a_token_that_has_expired_is_renewed(channels: Channels) -> None:
    channels.sandbox.slack.rotate_tokens(on=True)
    channel = channels.join("slack")
    channels.sandbox.slack.oauth.tokens[-1].revoked = False
    channels.sandbox.clock.ahead_s = 50_000
    assert channels.send(channel).verdict == "delivered"
    assert len(channel.messages.all) == 1


def test_connected_again_while_it_was_being_refused(channels: Channels) -> None:
    """The refusal is about credentials that are no longer there."""
    channel = channels.join("slack")
    slack, answering = channels.sandbox.slack, Event()
    slack.seen.clear()
    fail(channels, "slack", channel, said("token_revoked"), hang=answering)
    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(channels.send, channel)
        while not slack.seen:
            assert not sending.done()
        channels.service.rows.query("UPDATE integration_connection SET credential_version = credential_version + 1")
        answering.set()
        outcome = sending.result(10)
    assert outcome.verdict == "retry"
    assert channels.status(channel)["integration"]["status"] == "connected"


def test_a_disconnected_integration(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.service.call("integration.disconnect", {"integrationId": channel.target}, token=channels.people.admin)
    channels.sandbox.slack.seen.clear()
    outcome = channels.send(channel)
    assert (outcome.verdict, outcome.error) == ("gone", "Slack is not connected")
    assert channels.sandbox.slack.seen == []


def test_connected_again_since_the_delivery_was_read(channels: Channels) -> None:
    channel = channels.join("slack")
    before = channels.integration(channel)._replace(status="error")
    due = channels.due()
    assert channels.service.run(lambda app: app.notifier.send(before, due)).verdict == "retry"


def test_no_channel_has_been_chosen(channels: Channels) -> None:
    target = str(connect(channels.service, channels.people.admin, "slack")["id"])
    channel = Channel("slack", target, None, channels.sandbox.slack.messages)
    outcome = channels.send(channel)
    assert outcome.verdict == "failed"
    assert "Choose a channel of Slack (channelId)" in str(outcome.error)


def test_an_integration_without_channels(channels: Channels) -> None:
    target = str(connect(channels.service, channels.people.admin, "asana")["id"])
    outcome = channels.send(Channel("asana", target, None, channels.sandbox.slack.messages))
    assert (outcome.verdict, outcome.error) == ("failed", "Asana has no channels")


def test_calls_are_counted(channels: Channels) -> None:
    channel = channels.join("slack")
    before = channels.status(channel)["usage"]["apiCallsToday"]
    channels.tell(channel)
    fail(channels, "slack", channel, {"status": 500})
    channels.send(channel)
    assert channels.status(channel)["usage"]["apiCallsToday"] == before + 2


def test_a_message_is_never_repeated_by_itself(channels: Channels) -> None:
    for kind in ("slack", "teams", "workflow", "discord"):
        channel = channels.join(kind)
        fail(channels, kind, channel, {"status": 502}, truthful=True)
        assert channels.send(channel).verdict == "retry"
        assert len(channel.messages.all) == 1, "it had been posted, and nobody knew"
        channel.messages.reset()
