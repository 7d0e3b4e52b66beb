"""Each type of action, as people see what it does."""

import hashlib
import hmac

import pytest

from tests.delivery.receiver import Receiver
from tests.mapping.scene import to
from tests.sync.team import PROJECT, Team, moved
from tests.triggers.studio import CUT, URGENT, Studio, condition, trigger

DONE, IN_PROGRESS = "100109", "10011"


def jira_team(studio: Studio) -> Team:
    return Team(studio.service, studio.people, studio.sandbox, studio.koko, "jira", studio.jira)


def test_the_task_is_the_one_that_the_sync_would_make(studio: Studio) -> None:
    studio.set(studio.jira, trigger("create_task", {}))
    data = studio.comment("Brighter, please", timecode=4_200)
    studio.react(data)
    [issue] = studio.issues.values()
    assert (issue.title, issue.text.splitlines()[0]) == ("Brighter, please", "Brighter, please")
    assert issue.links[0]["object"]["url"].endswith("?t=4.2&comment=comment-1")
    team = jira_team(studio)
    team.succeed("full")
    assert list(studio.issues) == [issue.id], "no other is made, and none comes back"
    studio.koko.change("comment-1", text="Darker, please")
    assert moved(team.succeed()) == {"pushed": 1}
    assert issue.title == "Darker, please"


def test_a_comment_that_has_its_task_gets_no_other(studio: Studio) -> None:
    data = studio.comment("Brighter, please")
    studio.set(studio.jira)
    jira_team(studio).succeed("full")
    [issue] = studio.issues
    studio.set(studio.jira, trigger("create_task", {"title": "Again"}))
    [shown] = studio.rehearse(studio.jira, {"type": "comment.created", "data": data})
    assert shown["warnings"] == ["The comment has this task already, so no other is made"]
    event_id = studio.react(data)
    assert (studio.runs(event_id), list(studio.issues)) == (["succeeded"], [issue])


def test_words_of_a_template_are_not_taken_for_the_comments(studio: Studio) -> None:
    config = {"title": "{{ comment.author.name }} is urgent", "description": "Not what the comment says"}
    studio.set(studio.jira, trigger("create_task", config))
    studio.react(studio.comment("urgent, of course"))
    [issue] = studio.issues.values()
    assert (issue.title, issue.text.splitlines()[0]) == ("Member is urgent", "Not what the comment says")
    team = jira_team(studio)
    team.succeed("full")
    team.succeed()
    assert studio.koko.read("comment-1")["text"] == "urgent, of course"
    assert issue.title == "Member is urgent"


def test_a_project_of_its_own_leaves_the_sync_alone(studio: Studio) -> None:
    studio.set(studio.jira, trigger("create_task", {"projectId": "VFX"}))
    data = studio.comment("urgent")
    studio.react(data)
    work = studio.sandbox.atlassian.jira_api.work
    assert [task.title for task in work.of("10001") if task.title == "urgent"] == ["urgent"]
    jira_team(studio).succeed("full")
    assert [issue.title for issue in studio.issues.values()] == ["urgent"], "the mapped project has its own"


def test_mapped_fields_are_shown_and_not_written_twice(studio: Studio) -> None:
    team = jira_team(studio)
    mappings = [to("Timecode", "timecode")]
    studio.call("integration.mapFields", integrationId=studio.jira, entityType="comment", mappings=mappings)
    team.succeed("full")
    studio.set(studio.jira, trigger("create_task", {}))
    data = studio.comment("urgent", timecode=62_500)
    [shown] = studio.rehearse(studio.jira, {"type": "comment.created", "data": data})
    assert shown["action"]["would"]["fields"] == {"Timecode": "1:02.5"}
    studio.react(data)
    [issue] = studio.issues.values()
    assert list(issue.fields.values()) == ["1:02.5"]
    assert moved(team.succeed()) == {}, "the sync has nothing to add"


def test_a_mapping_that_fails_keeps_no_task_from_being_made(studio: Studio) -> None:
    script = "function (value) { if (value === 'urgent') { throw new Error('no'); } return value; }"
    mappings = [to("Timecode", "text", "custom", script)]
    studio.call("integration.mapFields", integrationId=studio.jira, entityType="comment", mappings=mappings)
    studio.set(studio.jira, trigger("create_task", {}))
    event_id = studio.react(studio.comment("urgent"))
    assert [issue.title for issue in studio.issues.values()] == ["urgent"]
    [told] = studio.story(event_id)["triggers"]
    assert told["note"].startswith("Made without its mapped fields: text to Timecode")


def test_a_task_that_the_sync_is_making_is_waited_for(studio: Studio) -> None:
    data = studio.comment("urgent")
    studio.set(studio.jira, trigger("create_task", {}))
    about = {"integration_id": studio.jira, "koko_id": "comment-1", "entity": "tasks", "container": CUT}
    studio.service.rows.insert("sync_link", **about, origin="koko", state="creating", attempted_at=0)
    event_id = studio.react(data)
    assert (studio.runs(event_id), studio.issues) == ([], {})
    jira_team(studio).succeed("full")
    studio.service.clock.advance(minutes=1)
    studio.settle()
    assert (studio.runs(event_id), len(studio.issues)) == (["succeeded"], 1)


def test_events_about_videos(studio: Studio) -> None:
    """A video is uploaded: a task to review it. It is approved: the task is done."""
    studio.set(
        studio.jira,
        trigger("create_task", {"title": "Review {{ video.title }}"}, event="video.created"),
        trigger(
            "update_status",
            {"status": "resolved"},
            condition("approval.status", "equals", "approved"),
            event="approval.completed",
        ),
    )
    approved = {"approval": {"id": "a", "videoId": "video-1", "status": "approved"}}
    early = studio.react(approved, "approval.completed")
    assert (studio.runs(early), studio.reason(early)) == (["failed"], "No task is linked to this video yet")
    studio.react({"video": {"id": "video-1"}}, "video.created")
    [issue] = studio.issues.values()
    assert (issue.title, issue.done) == ("Review Trailer v3", False)
    late = studio.react(approved, "approval.completed")
    assert studio.runs(late) == ["succeeded"]
    assert (issue.done, issue.status) == (True, DONE)
    jira_team(studio).succeed("full")
    assert issue.title == "Review Trailer v3"


def test_statuses_of_theirs_and_by_mapping(studio: Studio) -> None:
    config = {"statusMapping": {"resolved": "Won't Do"}}
    studio.call("integration.configure", integrationId=studio.jira, config=config)
    studio.set(
        studio.jira,
        trigger("create_task", {}),
        trigger("update_status", {"status": "in progress"}, event="comment.updated"),
        trigger("update_status", {"status": "resolved"}, event="comment.resolved"),
        trigger("update_status", {"status": "No such thing"}, event="comment.deleted"),
    )
    data = studio.comment("x")
    studio.react(data)
    [issue] = studio.issues.values()
    studio.react(data, "comment.updated")
    assert issue.status == IN_PROGRESS
    studio.react(data, "comment.resolved")
    assert issue.status == "100108", "statusMapping's"
    unknown = studio.react(data, "comment.deleted")
    assert "there is no status 'No such thing'; there are: To Do" in studio.reason(unknown)
    other = studio.react(studio.comment("y", "comment-2"), "comment.updated")
    assert studio.reason(other) == "No task is linked to this comment yet"
    del studio.sandbox.atlassian.jira_api.work.tasks[issue.id]
    gone = studio.react(data, "comment.updated")
    assert studio.reason(gone) == f"{issue.id} is not there any more"


def test_no_project_and_no_channel(studio: Studio) -> None:
    studio.set(studio.jira, trigger("create_task", {}, event="video.created"))
    event_id = studio.react({"video": {"id": "video-9", "title": "Elsewhere"}}, "video.created", projectId="proj-9")
    assert "No project there is mapped" in studio.reason(event_id)
    target = studio.slack
    studio.service.rows.query("UPDATE integration SET config = '{}' WHERE id = ?", target)
    studio.set(target, trigger("send_notification", {"message": "Hi"}))
    event_id = studio.react(studio.comment("x"))
    assert studio.reason(event_id) == "Choose a channel of Slack (channelId)"


def test_a_channel_by_name_of_its_own(studio: Studio) -> None:
    channel = studio.sandbox.slack.add_channel("alarms", member=True)
    studio.set(studio.slack, trigger("send_notification", {"channelId": channel.id}))
    studio.react(studio.comment("<!channel> *look*"))
    [message] = studio.sandbox.slack.messages.all
    assert (message.channel, message.notified) == ("alarms", [])
    assert message.lines[0] == "Comment on “Trailer v3”"
    assert "<!channel> *look*" in "\n".join(message.lines)
    assert message.links[0][1].endswith("/videos/video-1")


def test_the_event_is_posted(studio: Studio, receiver: Receiver) -> None:
    secret = "whsec-0123456789abcdef"
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url, "secret": secret}, URGENT))
    data = studio.comment('urgent: “ß”\n"quoted"')
    event_id = studio.react(data, actorId="member")
    [received] = receiver.received
    body = received.json()
    signature = body.pop("signature")
    assert body == {
        "id": event_id,
        "type": "comment.created",
        "timestamp": "2025-01-15T10:30:00Z",
        "projectId": PROJECT,
        "actorId": "member",
        "data": data,
    }
    assert signature.startswith("sha256=")
    signed = received.headers["x-koko-timestamp"].encode() + b"." + received.body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert received.headers["x-koko-signature"] == f"sha256={expected}"
    assert received.headers["x-koko-event"] == "comment.created"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"text": "{{ comment.content }}"}', {"text": 'a "b"\n\\'}),
        ('{"all": {{ comment | json }}}', None),
        ({"text": "{{ comment.content }}!", "n": 5, "list": ["{{ video.title }}"]}, None),
        (["{{ absent }}"], [""]),
    ],
)
def test_bodies(studio: Studio, receiver: Receiver, body: object, expected: object) -> None:
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url, "body": body}))
    data = studio.comment('a "b"\n\\')
    [shown] = studio.rehearse(studio.zapier, {"type": "comment.created", "data": data})
    assert receiver.received == []
    studio.react(data)
    [received] = receiver.received
    assert received.json() == shown["action"]["would"]["body"]
    assert expected is None or received.json() == expected
    assert "signature" not in received.body.decode()


def test_a_body_that_is_no_json(studio: Studio, receiver: Receiver) -> None:
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url, "body": "{{ comment.content }}"}))
    event_id = studio.react(studio.comment("not JSON"))
    assert "this is not JSON" in studio.reason(event_id)
    assert receiver.received == []


def test_tasks_of_every_project_management_tool_are_offered(studio: Studio) -> None:
    refused = studio.refuse(studio.slack, trigger("create_task", {"projectId": CUT}))
    for name in ("Asana", "Jira", "monday", "Notion", "Trello"):
        assert name in refused.message
