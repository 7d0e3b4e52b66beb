"""integration.exportMarkers, as a panel calls it."""

import itertools
import json
from typing import Any

import pytest

from koko_integrations.markers.comments import MOST_COMMENTS
from tests.conftest import TEAM, People
from tests.markers.conftest import Panel
from tests.service import RpcError, Service


def refusal(panel: Panel, **params: Any) -> RpcError:
    with pytest.raises(RpcError) as refused:
        panel.export(**params)
    return refused.value


@pytest.mark.parametrize(
    ("format", "content_type", "begins"),
    [
        ("json", "application/json", "{"),
        ("csv", "text/csv; charset=utf-8", "Timecode,"),
        ("edl", "text/plain; charset=utf-8", "TITLE: Trailer\r\n"),
        ("fcpxml", "application/xml", "<?xml"),
    ],
)
def test_a_file_for_each_format(panel: Panel, format: str, content_type: str, begins: str) -> None:
    panel.say("Too early", 4_200)
    exported = panel.export(format=format)
    assert exported["format"] == format
    assert exported["fileName"] == f"Trailer markers.{format}"
    assert exported["contentType"] == content_type
    assert exported["content"].startswith(begins)
    assert "Too early" in exported["content"]


@pytest.mark.parametrize(
    ("fps", "ms", "frame", "timecode"),
    [
        (23.976, 60_060, 1440, "00:01:00:00"),
        (25.0, 8_199, 205, "00:00:08:05"),
        (29.97, 60_026, 1799, "00:00:59;29"),
        (29.97, 60_060, 1800, "00:01:00;02"),
        (60.0, 1_016, 61, "00:00:01:01"),
        (25.0, -5, 0, "00:00:00:00"),
    ],
)
def test_to_the_frame(panel: Panel, fps: float, ms: int, frame: int, timecode: str) -> None:
    panel.set_fps(fps)
    panel.say("Here", ms)
    (marker,) = panel.markers()
    assert (marker["frame"], marker["timecode"]) == (frame, timecode)


def test_replies_are_part_of_what_they_reply_to(panel: Panel) -> None:
    first = panel.say("Too early", 4_200)
    panel.say("Brighter", 1_000)
    reply = panel.say("Agreed", None, parent_id=first, author_id="admin")
    panel.say("Done", None, parent_id=reply, author_id="owner", resolved=1)
    brighter, early = panel.markers()
    assert (brighter["comment"], brighter["replies"]) == ("Brighter", [])
    assert [(one["author"], one["comment"]) for one in early["replies"]] == [("Admin", "Agreed"), ("Owner", "Done")]


def test_what_has_lost_its_beginning_is_not_lost(panel: Panel) -> None:
    panel.say("Its parent is gone", 2_000, parent_id="gone")
    panel.say("A circle", 1_000, id="x", parent_id="y")
    panel.say("And back", 1_000, id="y", parent_id="x")
    panel.say("To itself", 1_000, id="z", parent_id="z")
    panel.say("To the circle", None, parent_id="x")
    found = {marker["comment"]: [one["comment"] for one in marker["replies"]] for marker in panel.markers()}
    assert found.pop("Its parent is gone") == []
    assert sorted([*found, *itertools.chain(*found.values())]) == ["A circle", "And back", "To itself", "To the circle"]


def test_about_the_whole_video(panel: Panel) -> None:
    panel.say("Make it shorter", None)
    (marker,) = panel.markers()
    assert (marker["frame"], marker["wholeVideo"]) == (0, True)


def test_without_the_resolved(panel: Panel) -> None:
    panel.say("Done", resolved=1)
    panel.say("Not done")
    assert [one["resolved"] for one in panel.markers()] == [True, False]
    assert [one["comment"] for one in panel.markers(includeResolved=False)] == ["Not done"]


def test_a_timeline_that_begins_later(panel: Panel) -> None:
    panel.set_fps(29.97)
    panel.say("Here", 60_060)
    assert panel.markers(startTimecode="01:00:00;00")[0]["timecode"] == "01:01:00;02"
    assert "01:01:00;02 01:01:00;03" in panel.content("edl", startTimecode="01:00:00:00")
    assert 'tcStart="8999991/2500s"' in panel.content("fcpxml", startTimecode="01:00:00;00")
    for wrong in ("1:00:00:00", "00:00:00:30", "00:01:00;00", "24:00:00;00"):
        refused = refusal(panel, startTimecode=wrong)
        assert (refused.code, list(refused.fields)) == ("BAD_REQUEST", ["startTimecode"])


@pytest.mark.parametrize("fps", [None, 0.0, 1000.0])
def test_a_rate_that_koko_does_not_know(panel: Panel, fps: float | None) -> None:
    """Assuming one would put every marker wrong, later ones more so: whoever has the timeline knows."""
    panel.set_fps(fps)
    panel.say("Here", 999)
    refused = refusal(panel)
    assert (refused.code, list(refused.fields)) == ("PRECONDITION_FAILED", ["fps"])
    assert panel.markers(fps=23.976)[0]["frame"] == 23
    assert list(refusal(panel, fps=0).fields) == ["fps"]


def test_another_rate_than_the_videos(panel: Panel) -> None:
    panel.say("Here", 1_000)
    assert panel.markers(fps=50)[0]["frame"] == 50


def test_nothing_said(panel: Panel) -> None:
    assert panel.markers() == []
    assert panel.content("csv").count("\r\n") == 1
    assert panel.content("edl") == "TITLE: Trailer\r\nFCM: NON-DROP FRAME\r\n\r\n"
    assert 'duration="95s"' in panel.content("fcpxml")
    panel.service.rows.query("UPDATE video SET duration = NULL")
    assert 'duration="1/25s"' in panel.content("fcpxml")


def test_an_author_who_is_gone(panel: Panel) -> None:
    if panel.service.settings.database_url.startswith("sqlite"):
        # Where Koko's own database does not hold its rows to their references.
        panel.service.rows.query("PRAGMA foreign_keys = OFF")
        panel.say("Here", author_id="nobody")
    else:
        panel.service.rows.query("ALTER TABLE comment DROP CONSTRAINT comment_author_id_fkey")
        panel.say("Here", author_id="nobody")
    assert panel.markers()[0]["author"] == "Somebody"


def test_only_videos_of_the_team(panel: Panel) -> None:
    panel.service.rows.insert("project", id="p2", name="Theirs", owner_id="stranger", status="active")
    panel.add_video("theirs", "p2", fps=25.0)
    refused = [refusal(panel, videoId=video_id) for video_id in ("theirs", "unknown")]
    assert [(one.code, one.message) for one in refused] == [("NOT_FOUND", "Video not found")] * 2


def test_who_may(panel: Panel, people: People) -> None:
    panel.say("Here")
    for token in (people.member, people.admin, panel.key):
        assert "Here" in panel.export(token=token)["content"]
    assert refusal(panel, token=people.stranger).code == "NOT_FOUND"
    other = panel.service.call("integration.connect", {"teamId": TEAM, "provider": "aftereffects"}, token=people.admin)
    assert refusal(panel, token=other["apiKey"]).code == "NOT_FOUND"
    assert "Here" in panel.export(integrationId=other["integration"]["id"], token=other["apiKey"])["content"]


def test_a_disconnected_panel(panel: Panel, people: People) -> None:
    panel.service.call("integration.disconnect", {"integrationId": panel.integration_id}, token=people.admin)
    assert refusal(panel).code == "UNAUTHORIZED"
    assert refusal(panel, token=people.member).code == "PRECONDITION_FAILED"


def test_only_what_calls_koko(service: Service, panel: Panel, people: People) -> None:
    service.rows.query("UPDATE integration SET provider = 'slack', provider_name = 'Slack'")
    refused = refusal(panel, token=people.member)
    assert (refused.code, list(refused.fields)) == ("BAD_REQUEST", ["integrationId"])
    assert "Adobe After Effects, Adobe Premiere, Make, Zapier" in refused.message


def test_ten_thousand_comments_and_too_many(panel: Panel) -> None:
    def add(first: int, last: int) -> None:
        numbers = f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) "
        panel.service.rows.query(
            "INSERT INTO comment (id, video_id, author_id, text, timecode, resolved, created_at, updated_at) "
            + numbers
            + "SELECT 'm' || i, 'video-1', 'member', 'Comment ' || i, i * 40, 0, i, i FROM n"
        )

    add(1, 10_000)
    markers = panel.markers()
    assert [marker["frame"] for marker in markers] == list(range(1, 10_001))
    assert panel.content("edl").count("|D:1") == 10_000
    add(10_001, MOST_COMMENTS + 1)
    assert refusal(panel).code == "PAYLOAD_TOO_LARGE"


def test_the_file_name_is_no_path(panel: Panel) -> None:
    panel.service.rows.query("UPDATE video SET title = ?", "../../etc/passwd\r\nX: y\u202e")
    exported = panel.export(format="json")
    assert exported["fileName"] == "etc_passwd  X: y markers.json"
    assert json.loads(exported["content"])["video"]["title"].startswith("../../etc")
