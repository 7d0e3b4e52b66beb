"""integration.share: who may show which video to which channel, and what the channel gets."""

import json

import pytest

from tests.connections.consent import connect
from tests.notifications.channels import Channel, Channels
from tests.notifications.test_outcomes import fail, refused, said
from tests.service import ORIGIN, RpcError
from tests.sync.team import VIDEO

KINDS = ("slack", "teams", "workflow", "discord")
every = pytest.mark.parametrize("kind", KINDS)


@every
@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_a_member_shares_a_video(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    answer = channels.share(channel, message="Have a look, <!channel> @everyone [x](https://evil.example)")
    (message,) = channel.messages.all
    assert answer["success"] is True
    assert message.lines[0] == "Member shared Trailer v3"
    read = "\n".join(message.lines)
    assert "Have a look, <!channel> @everyone [x](https://evil.example)" in read
    assert "Project: Autumn" in read
    assert message.notified == []
    assert [url for _, url in message.links] == [f"{ORIGIN}/videos/{VIDEO}"]
    if kind != "workflow":
        assert answer["messageId"] == message.id
    expected = {"discord": "400000000000000004", "workflow": None}.get(kind, channel.channel_id)
    assert answer.get("channelId") == expected
    (entry,) = channels.logs(channel)
    assert (entry["action"], entry["status"]) == ("notify", "success")
    stored = channels.service.rows.query("SELECT details FROM integration_log")[0][0]
    assert '"sharedBy":"user:member"' in stored
    assert f'"videoId":"{VIDEO}"' in stored


def test_without_a_message(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.share(channel)
    lines = channel.messages.all[0].lines
    assert lines == ["Member shared Trailer v3", "Project: Autumn", "Video: Trailer v3"]


def test_sharing_is_no_reply(channels: Channels) -> None:
    channel = channels.join("slack")
    root = channels.tell(channel)
    channels.share(channel)
    assert channel.messages.all[-1].thread is None
    assert channels.tell(channel).thread == root.id, "and begins no thread"


def test_to_another_channel_than_the_configured(channels: Channels) -> None:
    channel = channels.join("slack")
    reviews = next(one.id for one in channels.sandbox.slack.channels.values() if one.name == "reviews")
    assert channels.share(channel, channelId=reviews)["channelId"] == reviews
    assert channel.messages.all[0].channel == "reviews"


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_other_peoples_videos_do_not_exist(channels: Channels) -> None:
    channels.koko.add_project("theirs", owner="stranger")
    channels.koko.add_video("video-2", "theirs", "Secret")
    channel = channels.join("slack")
    foreign = channels.refuse_share(channel, videoId="video-2")
    unknown = channels.refuse_share(channel, videoId="no-such-video")
    assert (foreign.code, foreign.message, foreign.data) == (unknown.code, unknown.message, unknown.data)
    assert foreign.code == "NOT_FOUND"
    assert channel.messages.all == []


def test_a_stranger_finds_no_integration(channels: Channels) -> None:
    channel = channels.join("slack")
    assert channels.refuse_share(channel, token=channels.people.stranger).code == "NOT_FOUND"


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_a_channel_has_to_be_named(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    refused = channels.refuse_share(channel, channelId=None)
    assert refused.code == "BAD_REQUEST"
    assert "Required: which channel" in refused.fields["channelId"][0]


@pytest.mark.parametrize("kind", ["workflow", "discord"])
def test_a_channels_own_address_takes_no_other(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    refused = channels.refuse_share(channel, channelId="C1")
    assert "posts to its own channel only" in refused.fields["channelId"][0]
    if kind == "discord":
        assert channels.share(channel, channelId="400000000000000004")["success"], "its own is no other"


@pytest.mark.parametrize("address", ["team-a/19:nope@thread.tacv2", "team-a", "/", "C1"])
def test_a_channel_of_teams_that_is_not_there(channels: Channels, address: str) -> None:
    refused = channels.refuse_share(channels.join("teams"), channelId=address)
    assert refused.code == "BAD_REQUEST"
    assert "channel" in refused.fields["channelId"][0]


def test_a_channel_of_slack_that_is_not_there(channels: Channels) -> None:
    channel = channels.join("slack")
    refused = channels.refuse_share(channel, channelId="C404")
    assert "choose another channel" in refused.fields["channelId"][0]
    (entry,) = channels.logs(channel)
    assert (entry["action"], entry["status"]) == ("notify", "failed")
    assert "channel_not_found" in json.dumps(entry)


def test_a_channel_that_koko_is_not_in(channels: Channels) -> None:
    channel = channels.join("slack")
    dailies = next(one.id for one in channels.sandbox.slack.channels.values() if one.name == "dailies")
    refused = channels.refuse_share(channel, channelId=dailies)
    assert (refused.code, refused.data["reason"]) == ("BAD_REQUEST", "not_in_channel")
    assert "invite Koko" in refused.message


def test_a_provider_that_is_down(channels: Channels) -> None:
    channel = channels.join("discord")
    fail(channels, "discord", channel, refused(429, 0, retry_after=4.5))
    slow = channels.refuse_share(channel)
    assert (slow.code, slow.data["retryAfter"]) == ("TIMEOUT", 5)


def test_a_connection_that_is_lost(channels: Channels) -> None:
    channel = channels.join("slack")
    fail(channels, "slack", channel, said("token_revoked"))
    assert channels.refuse_share(channel).code == "BAD_REQUEST"
    assert channels.status(channel)["integration"]["status"] == "error"
    assert channels.refuse_share(channel).code == "PRECONDITION_FAILED"


def test_a_provider_without_channels(channels: Channels) -> None:
    target = str(connect(channels.service, channels.people.admin, "asana")["id"])
    refused = channels.refuse_share(Channel("asana", target, None, channels.sandbox.slack.messages))
    assert "has no channels" in refused.fields["integrationId"][0]


def test_a_message_that_is_too_long(channels: Channels) -> None:
    refused = channels.refuse_share(channels.join("slack"), message="x" * 2001)
    assert "message" in refused.fields


def test_a_koko_key_cannot_share(channels: Channels) -> None:
    params = {"teamId": "team-1", "provider": "make"}
    key = channels.service.call("integration.connect", params, token=channels.people.admin)["apiKey"]
    channel = channels.join("slack")
    with pytest.raises(RpcError) as error:
        channels.share(channel, token=key)
    assert error.value.code == "FORBIDDEN"
