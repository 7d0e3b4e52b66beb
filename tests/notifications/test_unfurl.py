"""Koko's links in Slack's messages: previews of the team's videos, silence about all others."""

import json
from typing import Any

import pytest

from koko_integrations.notifications.unfurling import Target, read_link
from providers.kit.errors import Missing
from tests.connections.consent import connect
from tests.notifications.channels import COMMENT, SAID, Channel, Channels
from tests.notifications.test_outcomes import said
from tests.service import ORIGIN
from tests.sync.team import VIDEO

UNFURL = "/api/chat.unfurl"
LINK = f"{ORIGIN}/videos/{VIDEO}"


def unfurl(channels: Channels, to: Channel, *links: Any, **place: str) -> int:
    details = {"links": list(links)} | (place or {"channel": "C000000000", "message_ts": "1700000000.000100"})
    integration = channels.integration(to)
    return channels.service.run(lambda app: app.unfurler.unfurl(integration, details))


def sent(channels: Channels) -> dict[str, Any]:
    found: dict[str, Any] = channels.sandbox.slack.requests_to(UNFURL)[-1].data
    return found


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_links_of_the_teams_videos(channels: Channels) -> None:
    channel = channels.join("slack")
    comment = f"{LINK}?t=4.2&comment={COMMENT}"
    assert unfurl(channels, channel, LINK, {"url": comment, "domain": "app.koko.test"}, f"{LINK}?t=62.5", LINK) == 3
    asked = sent(channels)
    assert (asked["channel"], asked["ts"]) == ("C000000000", "1700000000.000100")
    assert list(json.loads(asked["unfurls"])) == [LINK, comment, f"{LINK}?t=62.5"], "by the links as they were pasted"
    whole, frame, position = channel.messages.all
    assert whole.lines[0] == "Trailer v3"
    assert frame.lines[:2] == ["Comment on Trailer v3", SAID]
    assert "Timecode: 0:04.2 (frame 105)" in frame.lines
    assert "Timecode: 1:02.5 (frame 1562)" in position.lines
    assert frame.links[0][1] == comment


def test_text_of_a_preview_means_nothing_but_itself(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.koko.change(COMMENT, text="<!channel> <@U1> & <https://evil.example|Koko>")
    unfurl(channels, channel, f"{LINK}?comment={COMMENT}")
    (preview,) = channel.messages.all
    assert preview.lines[1] == "<!channel> <@U1> & <https://evil.example|Koko>"
    assert preview.notified == []
    assert len(preview.links) == 1


def test_other_links_are_left_alone(channels: Channels) -> None:
    channels.koko.add_project("theirs", owner="stranger")
    channels.koko.add_video("video-2", "theirs", "Secret")
    channels.koko.comment("comment-2", "Secret words", video_id="video-2")
    channel = channels.join("slack")
    others = [f"{ORIGIN}/videos/video-2", f"{ORIGIN}/videos/none", "https://evil.example/videos/video-1", 5, None, {}]
    assert unfurl(channels, channel, *others) == 0
    assert channels.sandbox.slack.requests_to(UNFURL) == []
    # A comment on somebody else's video is not shown by naming one of ours.
    assert unfurl(channels, channel, f"{LINK}?comment=comment-2") == 1
    assert "Secret" not in "\n".join(channel.messages.all[0].lines)


def test_a_link_in_the_composer(channels: Channels) -> None:
    channel = channels.join("slack")
    place = {"channel": "COMPOSER", "message_ts": "Uxxx-909b5454", "unfurl_id": "Uxxx-909b5454", "source": "composer"}
    assert unfurl(channels, channel, LINK, **place) == 1
    asked = sent(channels)
    assert (asked["unfurl_id"], asked["source"]) == ("Uxxx-909b5454", "composer")
    assert "ts" not in asked


def test_nothing_without_a_place(channels: Channels) -> None:
    assert unfurl(channels, channels.join("slack"), LINK, channel="C1") == 0


def test_nothing_for_those_who_have_no_previews_or_are_not_connected(channels: Channels) -> None:
    assert unfurl(channels, channels.join("discord"), LINK) == 0
    channel = channels.join("slack")
    channels.service.call("integration.disconnect", {"integrationId": channel.target}, token=channels.people.admin)
    assert unfurl(channels, channel, LINK) == 0


def test_many_links(channels: Channels) -> None:
    channel = channels.join("slack")
    assert unfurl(channels, channel, *(f"{LINK}?t={number}" for number in range(50))) == 10


def test_what_slack_refuses(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.sandbox.slack.fail(UNFURL, **said("cannot_unfurl_message"))
    with pytest.raises(Missing):
        unfurl(channels, channel, LINK)


def test_scopes_are_asked_for(channels: Channels) -> None:
    granted = connect(channels.service, channels.people.admin, "slack")["scope"]
    assert {"links:read", "links:write"} <= set(granted)


LINKS = [
    (f"{ORIGIN}/videos/v1", Target("v1", None, None)),
    (f"{ORIGIN}/videos/v1/", Target("v1", None, None)),
    (f"{ORIGIN}/videos/a%2Fb?comment=c%20d&t=1.5", Target("a/b", "c d", 1500)),
    (f"{ORIGIN}/videos/v1?t=-5", Target("v1", None, None)),
    (f"{ORIGIN}/videos/v1?t=nan&comment=", Target("v1", None, None)),
    (f"{ORIGIN}/videos/v1?t=9999999", Target("v1", None, None)),
    (f"{ORIGIN}/videos/v1#anchor", Target("v1", None, None)),
    (f"{ORIGIN}/videos/", None),
    (f"{ORIGIN}/videos/v1/comments", None),
    (f"{ORIGIN}/videos/%00", None),
    (f"{ORIGIN}.evil.example/videos/v1", None),
    ("https://app.koko.test:444/videos/v1", None),
    ("https://app.koko.test@evil.example/videos/v1", None),
    ("https://user@app.koko.test/videos/v1", None),
    ("http://app.koko.test/videos/v1", None),
    ("https://[bad/videos/v1", None),
    ("https://app.koko.test:port/videos/v1", None),
    ("javascript:alert(1)", None),
    ("", None),
]


@pytest.mark.parametrize(("link", "target"), LINKS, ids=[case[0] for case in LINKS])
def test_reading_links(link: str, target: Target | None) -> None:
    assert read_link(link, ORIGIN) == target


def test_a_web_client_below_a_path() -> None:
    assert read_link("https://host.test/koko/videos/v1", "https://host.test/koko") == Target("v1", None, None)
    assert read_link("https://host.test/videos/v1", "https://host.test/koko") is None
