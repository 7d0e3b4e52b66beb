"""A comment with "urgent" in it creates a Jira issue and posts to Slack, once, as testTriggers has predicted."""

import pytest

from tests.mapping.scene import to
from tests.sync.team import VIDEO
from tests.triggers.studio import URGENT, Studio, condition, trigger

TASK = {"title": "Urgent: {{ comment.content }} ({{ video.title }})", "description": "{{comment.author.name}} says so"}


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_an_urgent_comment(studio: Studio) -> None:
    mappings = [to("Timecode", "timecode", "uppercase"), to("Seconds", "timecodeSeconds")]
    studio.call("integration.mapFields", integrationId=studio.jira, entityType="comment", mappings=mappings)
    studio.set(studio.jira, trigger("create_task", TASK, URGENT))
    studio.set(studio.slack, trigger("send_notification", {"message": "Look at *{{video.title}}* <now>"}, URGENT))
    data = studio.comment("This is URGENT & <b>bold</b>", timecode=62_500)
    event = {"type": "comment.created", "data": data}

    [task] = studio.rehearse(studio.jira, event)
    [message] = studio.rehearse(studio.slack, event)
    title = "Urgent: This is URGENT & <b>bold</b> (Trailer v3)"
    assert task["action"]["would"]["title"] == title
    assert (task["wouldRun"], message["wouldRun"]) == (True, True)
    assert task["conditions"] == [URGENT | {"found": "This is URGENT & <b>bold</b>", "holds": True}]
    assert message["action"]["would"]["message"] == "Look at *Trailer v3* <now>"
    assert (studio.issues, studio.messages) == ({}, []), "nothing is done"
    assert studio.log(studio.jira) == [], "and nothing logged"

    event_id = studio.react(data)
    [issue] = studio.issues.values()
    assert (issue.title, issue.text.splitlines()[0]) == (title, "Member says so")
    assert VIDEO in issue.text
    assert sorted(map(str, issue.fields.values())) == ["1:02.5", "62.5"], "what is mapped is in its fields"
    [posted] = studio.messages
    assert "Look at *Trailer v3* <now>" in posted, "as it is written: no markup of Slack's, and no entity"
    studio.publish(data, event_id=event_id)
    studio.settle()
    assert (len(studio.issues), len(studio.messages)) == (1, 1), "the same event again changes nothing"
    [ran] = studio.rehearse(studio.jira, event_id)
    assert (ran["wouldRun"], ran["ran"]) == (False, "succeeded")
    entry = studio.entry(event_id, studio.jira)
    assert (entry["action"], entry["status"]) == ("sync", "success")
    [told] = entry["details"]["triggers"]
    assert (told["outcome"], told["taskId"]) == ("succeeded", issue.id)
    assert studio.entry(event_id, studio.slack)["action"] == "notify"


def test_one_list_may_act_at_other_integrations(studio: Studio) -> None:
    ours = trigger("create_task", {}, URGENT)
    theirs = trigger("send_notification", {"integrationId": studio.slack, "message": "{{comment.content}}"}, URGENT)
    studio.set(studio.jira, ours, theirs)
    event_id = studio.react(studio.comment("urgent!"))
    assert studio.runs(event_id) == ["succeeded", "succeeded"]
    assert (len(studio.issues), len(studio.messages)) == (1, 1)


def test_a_comment_that_is_not_urgent(studio: Studio) -> None:
    studio.set(studio.jira, trigger("create_task", {}, URGENT, condition("video.title", "equals", "Trailer v3")))
    event_id = studio.react(studio.comment("No hurry"))
    assert (studio.issues, studio.runs(event_id)) == ({}, [])
    entry = studio.entry(event_id)
    assert entry["status"] == "success"
    [told] = entry["details"]["triggers"]
    assert told["matches"] is False
    assert [one["holds"] for one in told["conditions"]] == [False, True]
    assert told["conditions"][0]["reason"] == "it does not contain this"
    assert told["conditions"][0]["found"] == "No hurry"
