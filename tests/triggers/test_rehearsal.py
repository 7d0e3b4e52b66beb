"""testTriggers shows, and does nothing."""

import pytest

from tests.service import RpcError
from tests.triggers.studio import URGENT, Studio, condition, trigger

ROWS = ("event", "trigger_turn", "trigger_run", "integration_log", "sync_link", "trigger_task", "notification_thread")


def test_every_trigger_is_explained(studio: Studio) -> None:
    studio.set(
        studio.jira,
        trigger("create_task", {"title": "{{ video.titel }}"}, URGENT),
        trigger("create_task", {}, condition("video.duration", "greater_than", 60)),
        trigger("create_task", {}, event="video.created"),
        trigger("update_status", {"status": "resolved"}),
        trigger("send_notification", {"integrationId": studio.slack, "message": "Hi"}),
    )
    before = [studio.service.rows.query(f"SELECT * FROM {table}") for table in ROWS]
    asked = len(studio.sandbox.atlassian.seen) + len(studio.sandbox.slack.seen)
    event = {"type": "comment.created", "data": studio.comment("urgent")}
    task, longer, other, status, message = studio.rehearse(studio.jira, event)
    assert (task["wouldRun"], task["warnings"]) == (True, ["title: the event has no video.titel"])
    assert task["action"]["would"]["title"] == "urgent", "the usual one"
    assert (longer["matches"], longer["reason"]) == (False, "Not all of its conditions hold")
    assert longer["conditions"][0]["reason"] == "there is no such field in this event"
    assert (other["matches"], other["reason"]) == (False, "It is for video.created, and this is comment.created")
    assert (status["matches"], status["wouldRun"]) == (True, False)
    assert status["reason"] == "No task is linked to this comment yet"
    assert message["action"]["would"]["provider"] == "slack"
    assert [studio.service.rows.query(f"SELECT * FROM {table}") for table in ROWS] == before
    assert len(studio.sandbox.atlassian.seen) + len(studio.sandbox.slack.seen) == asked, "nobody is asked anything"


def test_events_of_the_past(studio: Studio) -> None:
    event_id = studio.react(studio.comment("urgent"))
    studio.set(studio.jira, trigger("create_task", {}, URGENT))
    result = studio.call("integration.testTriggers", integrationId=studio.jira, event=event_id)
    assert result["event"]["id"] == event_id
    assert [one["wouldRun"] for one in result["triggers"]] == [True]
    assert studio.issues == {}


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        ("event-unknown", "NOT_FOUND", None),
        ("", "BAD_REQUEST", "event"),
        (5, "BAD_REQUEST", "event"),
        (None, "BAD_REQUEST", "event"),
        ({"type": "comment.created"}, "BAD_REQUEST", "event.data"),
        ({"type": "comment.exploded", "data": {}}, "BAD_REQUEST", "event.type"),
        ({"type": "comment.created", "data": {}, "occurredAt": "now"}, "BAD_REQUEST", "event.occurredAt"),
    ],
)
def test_what_is_no_event(studio: Studio, event: object, code: str, field: str | None) -> None:
    refused = studio.refused("integration.testTriggers", integrationId=studio.zapier, event=event)
    assert refused.code == code
    assert list(refused.fields) == ([] if field is None else [field])


def test_events_of_other_teams_are_none(studio: Studio) -> None:
    event_id = studio.publish({}, "video.created")
    params = {"teamId": "team-2", "provider": "make"}
    theirs = studio.service.call("integration.connect", params, token=studio.people.stranger)["integration"]["id"]
    with pytest.raises(RpcError) as refused:
        studio.service.call(
            "integration.testTriggers", {"integrationId": theirs, "event": event_id}, token=studio.people.stranger
        )
    assert refused.value.code == "NOT_FOUND"


def test_a_video_of_another_team_is_not_told_of(studio: Studio) -> None:
    studio.koko.add_project("proj-2", owner="stranger")
    studio.koko.add_video("video-2", "proj-2", "Their secret")
    studio.set(studio.jira, trigger("create_task", {"title": "{{ video.title | default('unknown') }}"}))
    event = {"type": "comment.created", "data": {"comment": {"id": "c", "videoId": "video-2"}}}
    [shown] = studio.rehearse(studio.jira, event)
    assert shown["action"]["would"]["title"] == "unknown"


def test_what_the_publisher_says_counts_before_what_koko_knows(studio: Studio) -> None:
    title = "{{ video.title }} {{ video.status }} {{ project.name }} {{ event.type }} {{ data.video.title }}"
    studio.set(studio.jira, trigger("create_task", {"title": title}, event="video.created"))
    event = {"type": "video.created", "data": {"video": {"id": "video-1", "title": "New name"}}}
    [shown] = studio.rehearse(studio.jira, event)
    assert shown["action"]["would"]["title"] == "New name ready proj-1 video.created New name"
