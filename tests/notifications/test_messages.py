"""What people read in a channel, and what text from outside must not do there."""

import pytest

from tests.notifications.channels import COMMENT, SAID, Channels
from tests.service import ORIGIN
from tests.sync.team import VIDEO

KINDS = ("slack", "teams", "workflow", "discord")
FRAME = f"{ORIGIN}/videos/{VIDEO}?t=4.2&comment={COMMENT}"
HOSTILE = (
    "@everyone @here <!channel> <!everyone> <!here|you> <@U0PERSON> <@123456789012345678> <@&1> <#C1> <at>Ada</at> "
    "[label](https://evil.example) <https://evil.example|Koko> https://evil.example/a_b_c *b* _i_ ~s~ `c` ||s|| "
    ":smile: <script>alert(1)</script> & &lt; &amp; \\ \\[x](https://evil.example) {{DATE(2017-02-14T06:00Z,SHORT)}}\n"
    "# head\n- item\n> quote\n```\ncode\n```\n"
    "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET} \N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4} end"
)

every = pytest.mark.parametrize("kind", KINDS)


@every
def test_a_comment(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    message = channels.tell(channel)
    read = "\n".join(message.lines)
    assert message.lines[0] == "New comment on Trailer v3"
    for shown in (SAID, "Project: Autumn", "Video: Trailer v3", "Author: Member", "Timecode: 0:04.2 (frame 105)"):
        assert shown in read
    assert [url for _, url in message.links] == [FRAME]
    assert message.notified == []


@every
def test_text_means_nothing_but_itself(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    channels.koko.change(COMMENT, text=HOSTILE)
    channels.service.rows.query(
        "UPDATE video SET title = ? WHERE id = ?", "<!channel> [a](https://evil.example)", VIDEO
    )
    channels.service.rows.query('UPDATE "user" SET name = ? WHERE id = ?', "<@U1>\r\n@everyone", "member")
    message = channels.tell(channel)
    assert message.notified == []
    assert [url for _, url in message.links] == [FRAME]
    read = "\n".join(message.lines)
    assert HOSTILE in read
    assert message.lines[0] == "New comment on <!channel> [a](https://evil.example)"
    assert "Author: <@U1> @everyone" in read, "a name is one line"


@every
def test_line_ends_and_what_cannot_be_seen(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    unseen = "\x07\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}\N{FIRST STRONG ISOLATE}"
    channels.koko.change(COMMENT, text=f"one\r\ntwo\rthree\N{LINE SEPARATOR}four{unseen}five\n\n\n\n\nsix")
    read = "\n".join(channels.tell(channel).lines)
    assert "one\ntwo\nthree\nfour[31mfive" in read
    assert "six" in read
    assert "\n\n\n" not in read


@every
def test_a_very_long_text_is_cut(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    for letter in ("x", "<", "&", "*", '"', "\\", "\N{FACE WITH TEARS OF JOY}", "\n", "\nx", "word "):
        channels.koko.change(COMMENT, text="begin " + letter * (100_000 // len(letter)) + " end")
        channels.service.rows.query("UPDATE video SET title = ? WHERE id = ?", "t" + letter * 2000 + "t", VIDEO)
        channels.service.rows.query("UPDATE project SET name = ?", letter * 2000 + "p")
        message = channels.tell(channel)
        read = "\n".join(message.lines)
        assert "begin" in read
        assert "…" in read or letter == "\n"
        assert [url for _, url in message.links] == [FRAME]


def test_slack_gets_long_text_in_pieces_between_words(channels: Channels) -> None:
    channel = channels.join("slack")
    text = " ".join(f"word-{number}" for number in range(500))
    channels.koko.change(COMMENT, text=text)
    message = channels.tell(channel)
    pieces = message.lines[1:3]
    assert max(map(len, pieces)) <= 3000
    assert " ".join(pieces) == text


def test_what_slack_says_in_a_notification(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.koko.change(COMMENT, text="<!channel> & more\nthan a line")
    raw = channels.tell(channel).raw
    assert raw["text"] == "New comment on Trailer v3: &lt;!channel&gt; &amp; more than a line"
    sent = channels.sandbox.slack.requests_to("/api/chat.postMessage")[0].data
    assert (sent["unfurl_links"], sent["unfurl_media"]) == ("false", "false")


@every
def test_a_letter_of_several_parts_is_not_cut_in_two(channels: Channels, kind: str) -> None:
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    channels.koko.change(COMMENT, text=family * 3000)
    read = "\n".join(channels.tell(channels.join(kind)).lines)
    cut = read[: read.index("…")]
    assert cut.endswith(family)


EVENTS = [
    ("comment.created", {"comment": {"id": "reply-1", "videoId": VIDEO}}, "New reply on Trailer v3", ["Agreed"]),
    ("comment.reply", {"comment": {"id": "reply-1", "videoId": VIDEO}}, "New reply on Trailer v3", ["Agreed"]),
    (
        "comment.resolved",
        {"comment": {"id": COMMENT, "videoId": VIDEO}},
        "Comment resolved on Trailer v3",
        [SAID, "Author: Member", "Resolved by: Admin"],
    ),
    (
        "approval.requested",
        {"approval": {"id": "a1", "videoId": VIDEO, "requestedBy": {"id": "owner"}, "message": "By Friday"}},
        "Approval requested for Trailer v3",
        ["Requested by: Owner", "By Friday"],
    ),
    (
        "approval.completed",
        {"approval": {"id": "a1", "videoId": VIDEO, "status": "changes_requested", "completedBy": "owner"}},
        "Approval completed for Trailer v3",
        ["Decision: Changes requested", "Decided by: Owner"],
    ),
    ("video.uploaded", {"video": {"id": VIDEO}}, "New upload: Trailer v3", ["Uploaded by: Admin"]),
    ("video.created", {"video": {"id": VIDEO}}, "New upload: Trailer v3", ["Project: Autumn"]),
]


@pytest.mark.parametrize(("event_type", "data", "title", "shown"), EVENTS, ids=[case[0] for case in EVENTS])
@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_every_kind_of_event(
    channels: Channels, event_type: str, data: dict[str, object], title: str, shown: list[str]
) -> None:
    channel = channels.join("slack")
    channels.koko.comment("reply-1", "Agreed", parent_id=COMMENT)
    message = channels.tell(channel, event_type, data=data, actor_id="admin")
    assert message.lines[0] == title
    read = "\n".join(message.lines)
    for text in shown:
        assert text in read
    assert message.links[0][1].startswith(f"{ORIGIN}/videos/{VIDEO}")


@every
def test_what_the_tables_do_not_know_the_event_does(channels: Channels, kind: str) -> None:
    channel = channels.join(kind)
    comment = {
        "id": "comment/of yesterday",
        "videoId": "video-9",
        "content": "Great work on this scene!",
        "author": {"id": "user_789", "name": "John Doe"},
        "timecode": 62.5,
    }
    data = {"comment": comment, "video": {"id": "video-9", "title": "Teaser"}}
    message = channels.tell(channel, data=data, actor_id=None)
    read = "\n".join(message.lines)
    for text in (
        "New comment on Teaser",
        "Great work on this scene!",
        "Author: John Doe",
        "Timecode: 1:02.5",
        "Autumn",
    ):
        assert text in read
    assert message.links[0][1] == f"{ORIGIN}/videos/video-9?t=62.5&comment=comment%2Fof%20yesterday"


SHAPELESS = [
    {"comment": {"videoId": VIDEO, "content": 5, "author": "x", "timecode": "soon"}},
    {"comment": {"id": "", "videoId": VIDEO, "author": None, "timecode": float("1e300")}},
    {"videoId": VIDEO, "comment": ["x"]},
    {"video": {"id": VIDEO, "title": {"a": 1}}, "comment": {"timecode": True, "parentId": 1}},
    {"videoId": VIDEO, "comment": {"id": "nul\0", "content": "nul\0"}},
]


@pytest.mark.parametrize("data", SHAPELESS, ids=range(len(SHAPELESS)))
@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_data_of_any_shape(channels: Channels, data: dict[str, object]) -> None:
    channel = channels.join("slack")
    message = channels.tell(channel, data=data)
    assert message.lines[0] == "New comment on Trailer v3"
    assert "Author: Member" in message.lines, "whoever did it"


def test_an_event_tells_nothing_of_another_project(channels: Channels) -> None:
    channels.koko.add_project("secret", owner="stranger")
    channels.koko.add_video("video-2", "secret", "Secret title")
    channels.koko.comment("comment-2", "Secret words", video_id="video-2")
    channel = channels.join("slack")
    message = channels.tell(channel, data={"comment": {"id": "comment-2", "videoId": "video-2"}})
    assert "Secret" not in "\n".join(message.lines)


def test_an_event_of_no_video(channels: Channels) -> None:
    outcome = channels.send(channels.join("slack"), channels.due(data={"comment": {"content": "Hello"}}))
    assert outcome.verdict == "failed"
    assert "does not say which video" in str(outcome.error)


def test_an_event_that_channels_are_not_told_of(channels: Channels) -> None:
    channel = channels.join("slack")
    outcome = channels.send(channel, channels.due("video.ready", data={"video": {"id": VIDEO}}))
    assert outcome.verdict == "failed"
    assert channel.messages.all == []
