"""What Zapier and Make do in Koko with their key: comments, tasks, and the lists that people choose from."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.kit.work import Task
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM
from tests.delivery.conftest import Publishing
from tests.delivery.test_hooks import Zap
from tests.service import ORIGIN, Service, running_service, settings_for

MAPPED = {"asana": "1400", "monday": "501"}
TASK = {"projectId": "p1", "title": "Cut the intro", "description": "Ten seconds too long"}


@pytest.fixture
def service(database_url: str, sandbox: Sandbox) -> Iterator[Service]:
    """Without apps, so that everything is connected by keys."""
    with running_service(settings_for(database_url, origin_overrides=sandbox.hosting.origins)) as running:
        yield running


class Team:
    """A team with two projects, four videos, and Zapier."""

    def __init__(self, publishing: Publishing, sandbox: Sandbox) -> None:
        self.publishing = publishing
        self.rows = publishing.service.rows
        self.sandbox = sandbox
        for project_id, owner, videos in (("p1", "owner", "ab"), ("p2", "admin", "c"), ("p3", "stranger", "d")):
            self.rows.insert("project", id=project_id, name=f"Film {project_id}", owner_id=owner, status="active")
            for name in videos:
                self.add_video(f"video-{name}", project_id, updated_at=ord(name))
        self.zap = Zap(publishing)

    def add_video(self, video_id: str, project_id: str, **columns: Any) -> None:
        row = {"title": video_id.title(), "status": "ready", "duration": 95_000, "updated_at": 0} | columns
        self.rows.insert("video", id=video_id, project_id=project_id, **row)

    def connect(self, provider: str, **config: Any) -> str:
        """A project management tool, with `p1` mapped; its integration's id."""
        example = self.sandbox.hosting.announcement()[provider]["example"]
        ask = {"teamId": TEAM, "provider": provider, "config": example}
        target: str = self.publishing.call("integration.connect", ask)["integration"]["id"]
        wanted = {"projectMapping": {"p1": MAPPED[provider]}, **config}
        self.publishing.call("integration.configure", {"integrationId": target, "config": wanted})
        return target

    def asana_tasks(self, title: str = TASK["title"]) -> list[Task]:
        return [task for task in self.sandbox.asana.work.tasks.values() if task.title == title]

    def comments(self) -> list[tuple[Any, ...]]:
        return self.rows.query("SELECT video_id, author_id, text, timecode, parent_id FROM comment ORDER BY text")

    def journal(self, integration_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.publishing.call("integration.getLogs", {"integrationId": integration_id})[
            "logs"
        ]
        return [{"status": entry["status"], **entry["details"]} for entry in found if entry["action"] == "webhook"]


@pytest.fixture
def team(publishing: Publishing, sandbox: Sandbox) -> Team:
    return Team(publishing, sandbox)


def test_a_comment_and_a_reply_to_it(team: Team) -> None:
    made = team.zap.call("hook.createComment", videoId="video-a", text="Brighter, please", timecode=4.2)["comment"]
    assert made == {
        "id": made["id"],
        "videoId": "video-a",
        "content": "Brighter, please",
        "timecode": 4.2,
        "author": {"id": "admin", "name": "Admin"},
        "createdAt": made["createdAt"],
    }
    reply = team.zap.call("hook.createComment", videoId="video-a", text="Done", parentId=made["id"])["comment"]
    assert reply["parentId"] == made["id"]
    assert "timecode" not in reply
    assert team.comments() == [
        ("video-a", "admin", "Brighter, please", 4200, None),
        ("video-a", "admin", "Done", None, made["id"]),
    ]
    entries = team.journal(team.zap.id)
    assert {(entry["status"], entry["action"]) for entry in entries} == {("success", "create_comment")}
    assert {entry["commentId"] for entry in entries} == {made["id"], reply["id"]}


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"videoId": "video-d"}, "NOT_FOUND", None),
        ({"videoId": "video-none"}, "NOT_FOUND", None),
        ({"text": " \n"}, "BAD_REQUEST", "text"),
        ({"timecode": -1}, "BAD_REQUEST", "timecode"),
        ({"timecode": 95.001}, "BAD_REQUEST", "timecode"),
        ({"timecode": "4"}, "BAD_REQUEST", "timecode"),
        ({"parentId": "elsewhere"}, "BAD_REQUEST", "parentId"),
        ({"parentId": "none"}, "BAD_REQUEST", "parentId"),
    ],
)
def test_comments_that_are_refused(team: Team, params: dict[str, Any], code: str, field: str | None) -> None:
    now = team.publishing.service.clock.now
    row = {"author_id": "member", "text": "Hm", "resolved": 0, "created_at": now, "updated_at": now}
    team.rows.insert("comment", id="elsewhere", video_id="video-b", **row)
    refused = team.zap.refused("hook.createComment", **{"videoId": "video-a", "text": "Hello", **params})
    assert refused.code == code
    assert list(refused.fields) == ([field] if field else [])
    assert len(team.comments()) == 1


def test_a_repeated_comment_is_made_once(team: Team) -> None:
    ask = {"videoId": "video-a", "text": "Brighter", "requestId": "event_1"}
    made = team.zap.call("hook.createComment", **ask)
    assert team.zap.call("hook.createComment", **ask) == made
    assert len(team.comments()) == 1
    assert team.zap.refused("hook.createComment", **{**ask, "text": "Darker"}).code == "CONFLICT"
    assert team.zap.refused("hook.createTask", **TASK, requestId="event_1").code in ("CONFLICT", "BAD_REQUEST")
    # Without an id each is a comment of its own.
    for _ in range(2):
        team.zap.call("hook.createComment", videoId="video-a", text="Brighter")
    assert len(team.comments()) == 3
    # A refused one may be mended under the same id.
    team.zap.refused("hook.createComment", videoId="video-a", text="Hm", parentId="none", requestId="event_2")
    team.zap.call("hook.createComment", videoId="video-a", text="Hm", requestId="event_2")
    team.publishing.service.clock.advance(days=31)
    team.publishing.service.run(lambda app: app.retention.apply())
    assert team.rows.query("SELECT COUNT(*) FROM tool_request") == [(0,)]


def test_nobody_comments_who_has_left_the_team(team: Team) -> None:
    team.rows.query("DELETE FROM team_member WHERE user_id = ?", "admin")
    refused = team.zap.refused("hook.createComment", videoId="video-a", text="Hello")
    assert (refused.code, team.comments()) == ("PRECONDITION_FAILED", [])


def test_a_task(team: Team) -> None:
    asana = team.connect("asana")
    made = team.zap.call("hook.createTask", **TASK)["task"]
    [task] = team.asana_tasks()
    assert made == {"id": task.id, "url": made["url"], "integrationId": asana, "provider": "asana"}
    assert task.project == MAPPED["asana"]
    assert not task.done
    assert task.text == f"Ten seconds too long\n\n— Zapier for “Film p1” in Koko\n{ORIGIN}/projects/p1"
    told = {"action": "create_task", "from": "Zapier", "to": "Asana", "taskId": task.id, "itemsProcessed": 1}
    for integration_id in (asana, team.zap.id):
        assert team.journal(integration_id) == [{"status": "success", **told}]
    usage = team.publishing.call("integration.getStatus", {"integrationId": asana})["usage"]
    before = usage["apiCallsToday"]
    team.zap.call("hook.createTask", projectId="p1", title="Another")
    usage = team.publishing.call("integration.getStatus", {"integrationId": asana})["usage"]
    assert usage["apiCallsToday"] == before + 1


def test_a_task_begins_where_the_mapping_says(team: Team) -> None:
    team.connect("asana", statusMapping={"open": "In review"})
    team.zap.call("hook.createTask", **TASK)
    [task] = team.asana_tasks()
    assert task.status == "14002"


def test_a_sync_takes_the_task_for_what_it_is(team: Team) -> None:
    """Nothing comes back to Koko, and the task stays as it is."""
    asana = team.connect("asana")
    team.zap.call("hook.createTask", **TASK)
    for kind in ("full", "incremental"):
        job = team.publishing.call("integration.sync", {"integrationId": asana, "syncType": kind})["job"]["id"]
        team.publishing.service.run(lambda _: team.publishing.service.engine.idle())
        found = team.publishing.call("integration.getJob", {"jobId": job})["job"]
        assert found["status"] == "succeeded", found
    [task] = team.asana_tasks()
    assert (task.done, team.comments()) == (False, [])


def test_where_a_task_could_go(team: Team) -> None:
    refused = team.zap.refused("hook.createTask", **TASK)
    assert "connect one and map the project to it" in refused.fields["projectId"][0]
    asana = team.connect("asana")
    refused = team.zap.refused("hook.createTask", **{**TASK, "projectId": "p2"})
    assert f"map it in the projectMapping of Asana ({asana})" in refused.fields["projectId"][0]
    monday = team.connect("monday")
    refused = team.zap.refused("hook.createTask", **TASK)
    assert f"Asana ({asana}), monday.com ({monday})" in refused.fields["integrationId"][0]
    assert not team.asana_tasks()
    made = team.zap.call("hook.createTask", **TASK, integrationId=asana)["task"]
    assert (made["provider"], len(team.asana_tasks())) == ("asana", 1)
    made = team.zap.call("hook.createTask", **TASK, integrationId=monday)["task"]
    assert (made["provider"], made["integrationId"]) == ("monday", monday)
    refused = team.zap.refused("hook.createTask", **TASK, integrationId=team.zap.id)
    assert list(refused.fields) == ["integrationId"]
    team.publishing.call("integration.disconnect", {"integrationId": monday})
    assert team.zap.call("hook.createTask", **TASK)["task"]["integrationId"] == asana
    for project_id in ("p3", "none"):
        assert team.zap.refused("hook.createTask", **{**TASK, "projectId": project_id}).code == "NOT_FOUND"
    assert list(team.zap.refused("hook.createTask", **{**TASK, "title": " "}).fields) == ["title"]


def test_a_tool_that_lost_its_connection_is_named(team: Team) -> None:
    asana = team.connect("asana")
    team.sandbox.asana.fail("/api/1.0/tasks", status=401, body=b"{}", times=2)
    refused = team.zap.refused("hook.createTask", **TASK, requestId="r")
    assert refused.code == "BAD_REQUEST"
    team.rows.query("UPDATE integration SET status = 'error' WHERE id = ?", asana)
    refused = team.zap.refused("hook.createTask", **TASK)
    assert (refused.code, refused.message) == ("PRECONDITION_FAILED", "Asana is not connected; connect it again")


def test_a_repeated_task_is_made_once(team: Team) -> None:
    team.connect("asana")
    made = team.zap.call("hook.createTask", **TASK, requestId="event_1")
    assert team.zap.call("hook.createTask", **TASK, requestId="event_1") == made
    assert len(team.asana_tasks()) == 1


@pytest.mark.parametrize("status", [429, 400, 403])
def test_what_was_refused_may_be_repeated(team: Team, status: int) -> None:
    asana = team.connect("asana")
    team.sandbox.asana.fail("/api/1.0/tasks", status=status, body=b"{}", method="POST", headers={"Retry-After": "7"})
    refused = team.zap.refused("hook.createTask", **TASK, requestId="event_1")
    assert refused.data.get("retryAfter") == (7 if status == 429 else None)
    assert [entry["status"] for entry in team.journal(asana)] == ["failed"]
    team.zap.call("hook.createTask", **TASK, requestId="event_1")
    assert len(team.asana_tasks()) == 1


def test_what_may_have_been_made_is_not_made_again(team: Team) -> None:
    """Asana makes the task, and its answer is lost."""
    team.connect("asana")
    team.sandbox.asana.fail("/api/1.0/tasks", status=502, truthful=True, method="POST")
    assert team.zap.refused("hook.createTask", **TASK, requestId="event_1").code == "TIMEOUT"
    refused = team.zap.refused("hook.createTask", **TASK, requestId="event_1")
    assert refused.code == "CONFLICT"
    assert "not known" in refused.message
    assert len(team.asana_tasks()) == 1


def test_lists_show_what_changed_last_first(team: Team) -> None:
    team.rows.insert("project", id="p0", name="Empty", owner_id="owner", status="active")
    assert team.zap.call("hook.listProjects") == {
        "projects": [
            {"id": "p2", "name": "Film p2"},
            {"id": "p1", "name": "Film p1"},
            {"id": "p0", "name": "Empty"},
        ]
    }
    team.add_video("video-e", "p1", updated_at=1_000)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = team.zap.call("hook.listProjects", limit=1, **cursor)
        seen += [project["id"] for project in page["projects"]]
        if "nextCursor" not in page:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert seen == ["p1", "p2", "p0"]
    page = team.zap.call("hook.listVideos", projectId="p1", limit=2)
    assert [video["id"] for video in page["videos"]] == ["video-e", "video-b"]
    assert page["videos"][0] == {
        "id": "video-e",
        "title": "Video-E",
        "status": "ready",
        "updatedAt": "1970-01-01T00:00:01Z",
    }
    page = team.zap.call("hook.listVideos", projectId="p1", limit=2, cursor=page["nextCursor"])
    assert [video["id"] for video in page["videos"]] == ["video-a"]
    assert "nextCursor" not in page
    assert team.zap.refused("hook.listVideos", projectId="p3").code == "NOT_FOUND"
    assert list(team.zap.refused("hook.listVideos", projectId="p1", cursor="?").fields) == ["cursor"]


def test_a_panel_reads_and_does_not_write(team: Team) -> None:
    panel = Zap(team.publishing, "premiere")
    assert len(panel.call("hook.listProjects")["projects"]) == 2
    assert panel.refused("hook.createComment", videoId="video-a", text="Hello").code == "FORBIDDEN"
    assert panel.refused("hook.createTask", **TASK).code == "FORBIDDEN"
    make = Zap(team.publishing, "make")
    assert make.call("hook.createComment", videoId="video-a", text="Hello")["comment"]["content"] == "Hello"
