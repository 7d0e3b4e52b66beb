"""Which events a channel is told of, and what of them only once."""

from typing import Any

import pytest

from koko_integrations.event_types import EVENT_TYPES
from koko_integrations.notifications.wanted import WORDS, subject_of, wants
from koko_integrations.notifications.wording import TITLES
from providers.asana import Asana
from providers.discord import Discord
from providers.kit.base import Provider
from providers.kit.egress import EgressGuard
from providers.kit.http import HttpClient
from providers.slack import Slack
from providers.teams import Teams
from tests.notifications.channels import Channels
from tests.service import Service

HTTP = HttpClient(EgressGuard(()))
SLACK, TEAMS, DISCORD = Slack(HTTP), Teams(HTTP), Discord(HTTP)
CHOSEN = {"channelId": "C1"}
COMMENTS = ["comment.created", "comment.resolved", "comment.reply"]
APPROVALS = ["approval.requested", "approval.completed"]
UPLOADS = ["video.created", "video.uploaded"]

CASES: list[tuple[Provider, dict[str, Any], list[str]]] = [
    (SLACK, CHOSEN, [*COMMENTS, *APPROVALS, *UPLOADS]),
    (SLACK, CHOSEN | {"notifyOn": []}, []),
    (SLACK, CHOSEN | {"notifyOn": ["comment"]}, COMMENTS),
    (SLACK, CHOSEN | {"notifyOn": ["approval", "upload"]}, [*APPROVALS, *UPLOADS]),
    (SLACK, {}, []),
    (SLACK, {"channelId": "", "notifyOn": ["comment"]}, []),
    (TEAMS, {"notifyOn": ["comment"]}, []),
    (TEAMS, {"channelId": "team/channel", "notifyOn": ["upload"]}, UPLOADS),
    (TEAMS, {"webhookUrl": "••••abcd", "notifyOn": ["upload"]}, UPLOADS),
    (DISCORD, {}, [*COMMENTS, *APPROVALS, *UPLOADS]),
    (DISCORD, {"notifyOn": ["approval"]}, APPROVALS),
    (Asana(HTTP), CHOSEN, []),
]


@pytest.mark.parametrize(("provider", "config", "wanted"), CASES, ids=range(len(CASES)))
def test_wants(provider: Provider, config: dict[str, Any], wanted: list[str]) -> None:
    found = [event_type for event_type in (*EVENT_TYPES, "project.created") if wants(provider, config, event_type)]
    assert sorted(found) == sorted(wanted)


def test_every_word_has_its_words() -> None:
    assert WORDS.keys() == TITLES.keys()
    assert WORDS.keys() <= set(EVENT_TYPES)


def test_told_once() -> None:
    video = {"video": {"id": "v1", "title": "Trailer"}}
    assert subject_of("video.created", video) == subject_of("video.uploaded", video) == "upload:v1"
    comment = {"comment": {"id": "c1", "videoId": "v1"}}
    assert subject_of("comment.created", comment) == subject_of("comment.reply", comment) == "comment:c1"
    assert subject_of("comment.resolved", comment) is None, "as often as it is resolved"
    assert subject_of("approval.requested", {"approval": {"id": "a1", "videoId": "v1"}}) is None
    assert subject_of("video.created", {}) is None
    assert subject_of("comment.created", {"comment": []}) is None


def test_status_says_that_a_channel_has_to_be_chosen(channels: Channels) -> None:
    channel = channels.join("slack")
    assert "issues" not in channels.status(channel)["health"]
    service: Service = channels.service
    service.rows.query("UPDATE integration SET config = '{}'")
    health = channels.status(channel)["health"]
    assert health["status"] == "healthy", "everything else works"
    assert health["issues"] == ["Choose a channel (channelId) to get notifications"]
    channels.configure(channel.target, notifyOn=[])
    assert "issues" not in channels.status(channel)["health"], "nobody wants any"


def test_a_channels_own_address_needs_no_choice(channels: Channels) -> None:
    for kind in ("discord", "workflow"):
        assert "issues" not in channels.status(channels.join(kind))["health"]


def test_a_connection_from_before_link_previews(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.service.rows.query("UPDATE integration SET scope = ?", '["chat:write","channels:read"]')
    health = channels.status(channel)["health"]
    assert health["status"] == "healthy", "it does what it was connected for"
    assert health["issues"] == [
        "Link previews is off: links:read, links:write was not granted; connect again to grant it"
    ]
    assert channels.send(channel).verdict == "delivered"
    again = channels.join("slack")
    assert again.target == channel.target, "it may be connected again in place, for what is missing"
    assert "issues" not in channels.status(again)["health"]
