"""One thread for each video, where the provider has threads."""

import asyncio

import pytest

from koko_integrations.app import App
from koko_integrations.delivery.outcome import Outcome
from tests.notifications.channels import COMMENT, Channel, Channels
from tests.sync.team import PROJECT, VIDEO

THREADED = ("slack", "teams", "forum")
threaded = pytest.mark.parametrize("kind", THREADED)
both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


def join(channels: Channels, kind: str) -> Channel:
    if kind == "forum":
        channels.sandbox.discord.is_forum = True
        return channels.join("discord")
    return channels.join(kind)


def threads(channels: Channels) -> list[str]:
    return [row[0] for row in channels.service.rows.query("SELECT thread FROM notification_thread ORDER BY video_id")]


@threaded
@both_databases
def test_the_first_message_begins_the_thread(channels: Channels, kind: str) -> None:
    channel = join(channels, kind)
    first, second, third = (channels.tell(channel) for _ in range(3))
    root = first.id
    assert first.thread in (None, root)
    assert (second.thread, third.thread) == (root, root)
    assert threads(channels) == [root]


@threaded
def test_another_video_has_another_thread(channels: Channels, kind: str) -> None:
    channel = join(channels, kind)
    channels.koko.add_video("video-2", PROJECT, "Teaser")
    first = channels.tell(channel)
    other = channels.tell(channel, "video.uploaded", data={"video": {"id": "video-2"}})
    assert other.thread in (None, other.id)
    assert threads(channels) == [first.id, other.id]


@threaded
def test_a_thread_that_is_gone_is_begun_again(channels: Channels, kind: str) -> None:
    channel = join(channels, kind)
    root = channels.tell(channel).id
    channel.messages.remove(root)
    channels.sandbox.discord.threads.clear()
    again = channels.tell(channel)
    assert again.thread in (None, again.id)
    assert threads(channels) == [again.id]
    assert channels.tell(channel).thread == again.id


def test_a_locked_thread_of_discord_is_begun_again(channels: Channels) -> None:
    channel = join(channels, "forum")
    root = channels.tell(channel).id
    channels.sandbox.discord.closed.add(root)
    again = channels.tell(channel)
    assert again.id != root
    assert channels.tell(channel).thread == again.id


def test_a_forums_thread_has_the_videos_title(channels: Channels) -> None:
    channel = join(channels, "forum")
    channels.service.rows.query("UPDATE video SET title = ? WHERE id = ?", "@everyone\n" + "x" * 300, VIDEO)
    channels.tell(channel)
    (name,) = channels.sandbox.discord.threads.values()
    assert name.startswith("@everyone xxx")
    assert len(name) == 100


@pytest.mark.parametrize("kind", ["discord", "workflow"])
def test_without_threads_every_message_stands_alone(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    assert [channels.tell(channel).thread for _ in range(2)] == [None, None]
    assert threads(channels) == []


def test_a_channel_that_is_gone_is_tried_once_without_the_thread(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.tell(channel)
    channels.sandbox.slack.channels[channel.channel_id or ""].archived = True
    channels.sandbox.slack.seen.clear()
    outcome = channels.send(channel)
    assert outcome.verdict == "failed"
    assert "archived in Slack: choose another channel (channelId)" in str(outcome.error)
    sent = channels.sandbox.slack.requests_to("/api/chat.postMessage")
    assert ["thread_ts" in one.data for one in sent] == [True, False]


def test_another_channel_has_a_thread_of_its_own(channels: Channels) -> None:
    channel = channels.join("slack")
    first = channels.tell(channel)
    reviews = next(one.id for one in channels.sandbox.slack.channels.values() if one.name == "reviews")
    channels.configure(channel.target, channelId=reviews)
    assert channels.tell(channel).thread is None
    channels.configure(channel.target, channelId=channel.channel_id)
    assert channels.tell(channel).thread == first.id


@threaded
def test_several_at_once_begin_one_thread(channels: Channels, kind: str) -> None:
    channel = join(channels, kind)
    integration, dues = channels.integration(channel), [channels.due() for _ in range(6)]

    async def send_all(app: App) -> list[Outcome]:
        return await asyncio.gather(*(app.notifier.send(integration, due) for due in dues))

    outcomes = channels.service.run(send_all)
    assert {outcome.verdict for outcome in outcomes} == {"delivered"}
    roots = {message.thread or message.id for message in channel.messages.all}
    assert len(roots) == 1
    assert len(channel.messages.all) == 6


def test_threads_go_with_their_integration(channels: Channels) -> None:
    channels.tell(channels.join("slack"), data={"comment": {"id": COMMENT, "videoId": VIDEO}})
    assert len(threads(channels)) == 1
    channels.service.rows.query("PRAGMA foreign_keys = ON")
    channels.service.rows.query("DELETE FROM integration")
    assert threads(channels) == []
