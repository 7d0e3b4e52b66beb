"""Items that are not shown any more: gone, moved, or only hidden; and what is not believed to have gone."""

from collections.abc import Mapping
from typing import Any

import pytest

from providers.asana import Asana
from providers.kit.connection import Connection
from providers.kit.errors import ProtocolBroken
from providers.kit.items import Item, Page, Pull
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.sync.team import PROJECT, Team, join, moved

TASKS = "/api/1.0/tasks"


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    joined = join(service, people, sandbox, "asana")
    joined.configure(projectMapping={PROJECT: "1400"})
    return joined


def test_more_than_half_gone_at_once_is_not_believed(team: Team) -> None:
    team.succeed("full", entities=["tasks"])
    work = team.sandbox.asana.work
    for task in work.of("1400")[:150]:
        work.delete(task.id)
    job = team.sync("full", entities=["tasks"])
    assert job["status"] in ("partial", "failed")
    assert "150 of 250 tasks are not at Asana any more" in job["errors"][0]
    assert len(team.items("tasks")) == 250
    assert moved(team.succeed("full", entities=["tasks"], force=True)) == {"deleted": 150}
    assert len(team.items("tasks")) == 100


def test_a_mapped_project_that_has_gone_harms_no_other(team: Team) -> None:
    team.koko.add_project("proj-2")
    team.configure(projectMapping={PROJECT: "1400", "proj-2": "1401"})
    del team.sandbox.asana.work.projects["1401"]
    job = team.sync("full", entities=["tasks"])
    assert job["status"] == "partial"
    assert "tasks of 1401" in job["errors"][0]
    assert len(team.items("tasks")) == 250
    job = team.sync()
    assert job["status"] == "partial"
    assert any("1401" in error for error in job["errors"])


def test_a_page_of_comments_that_comes_again_and_again_deletes_nothing(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.succeed("full", entities=["comments"])
    known = team.items("comments")
    real = Asana.pull

    def pull(asana: Asana, connection: Connection, asked: Pull) -> Page:
        if asked.entity != "comments":
            return real(asana, connection, asked)
        return Page(cursor="the same")

    with monkeypatch.context() as patched:
        patched.setattr(Asana, "pull", pull)
        job = team.sync("full", entities=["comments"])
    assert job["status"] == "partial"
    assert team.items("comments") == known


def test_what_was_being_made_where_nothing_is_mapped_any_more_is_made_where_it_is(team: Team) -> None:
    team.koko.comment("comment-1", "Still wanted")
    team.sandbox.asana.fail(TASKS, status=503, method="POST", times=1000)
    assert team.sync(entities=["tasks"])["status"] == "partial"
    team.sandbox.asana.reset_faults()
    team.configure(projectMapping={PROJECT: "1401"})
    team.succeed(entities=["tasks"])
    assert team.sandbox.asana.work.tasks[team.linked("comment-1")].project == "1401"


def test_a_task_that_comes_back_from_the_bin_is_kept_in_step_again(team: Team) -> None:
    team.koko.comment("comment-1", "Deleted by mistake")
    team.succeed("full")
    work = team.sandbox.asana.work
    task = work.tasks[team.linked("comment-1")]
    work.delete(task.id)
    assert moved(team.succeed("full"))["deleted"] == 1
    work.tasks[task.id] = task
    work.gone.pop(task.id)
    work.change(task.id, done=True)
    team.succeed()
    assert team.koko.read("comment-1")["resolved"] == 1


def test_a_task_that_moves_to_a_project_that_is_looked_at_later_stays_linked(team: Team) -> None:
    team.koko.add_project("proj-2")
    team.configure(projectMapping={PROJECT: "1400", "proj-2": "1401"})
    team.koko.comment("comment-1", "Moved elsewhere")
    team.succeed("full")
    work = team.sandbox.asana.work
    task = work.tasks[team.linked("comment-1")]
    work.change(task.id, project="1401", status=work.projects["1401"].columns[0].id)
    team.succeed("full")
    work.change(task.id, done=True)
    for _ in range(2):
        # Seen after the turn of the comment's own project, and brought to it at its next.
        team.succeed()
    assert team.koko.read("comment-1")["resolved"] == 1


def test_comments_that_moved_with_their_task_are_seen_to_go(team: Team) -> None:
    team.koko.add_project("proj-2")
    team.configure(projectMapping={PROJECT: "1400", "proj-2": "1401"})
    team.succeed("full")
    work = team.sandbox.asana.work
    task = work.of("1400")[0]
    assert task.comments
    work.change(task.id, project="1401", status=work.projects["1401"].columns[0].id)
    team.succeed()
    gone = task.comments.pop()
    work.change(task.id)
    team.succeed()
    assert gone.id not in team.items("comments")


def test_a_mapped_project_that_was_renamed_and_then_goes_is_missed(team: Team) -> None:
    team.succeed("full", entities=["projects"])
    team.sandbox.asana.work.projects["1400"].name = "Renamed"
    assert moved(team.succeed(entities=["projects"])) == {"updated": 1}
    del team.sandbox.asana.work.projects["1400"]
    assert moved(team.succeed("full", entities=["projects"])) == {"deleted": 1}


def test_a_comment_that_cannot_be_read_any_more_is_not_gone(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.koko.comment("comment-1", "A task of ours")
    team.succeed()
    work = team.sandbox.asana.work
    said = work.comment(team.linked("comment-1"), "Grace", "Brought to Koko")
    team.succeed()
    assert len(team.koko.replies("comment-1")) == 1
    real = Asana._read_comment

    def read_comment(asana: Asana, entry: Mapping[str, Any], task_id: str) -> Item:
        if entry["gid"] == said.id:
            raise ProtocolBroken("Asana sent a comment of a new kind")
        return real(asana, entry, task_id)

    with monkeypatch.context() as patched:
        patched.setattr(Asana, "_read_comment", read_comment)
        job = team.sync("full")
    assert job["status"] == "partial"
    assert said.id in team.items("comments")
    assert len(team.koko.replies("comment-1")) == 1
