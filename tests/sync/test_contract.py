"""What every project management provider's sync does: the same cases over all of them."""

from dataclasses import dataclass

import pytest

from sandbox.kit.stand_in import StandIn
from sandbox.kit.work import Task, Work
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import ORIGIN, Service
from tests.sync.cases import CASES, Case
from tests.sync.team import PROJECT, Koko, Team, join, moved

PUSHED = ("comment-1", "comment-2")


@dataclass
class Both:
    """Both sides of a mapped project."""

    case: Case
    team: Team
    stand_in: StandIn
    work: Work

    @property
    def koko(self) -> Koko:
        return self.team.koko

    def notice(self) -> dict[str, dict[str, object]]:
        """A sync that sees new comments at the provider."""
        return self.team.succeed("incremental" if self.case.notices_comments else "full")


@pytest.fixture(params=CASES, ids=[case.slug for case in CASES])
def both(request: pytest.FixtureRequest, service: Service, people: People, sandbox: Sandbox) -> Both:
    case: Case = request.param
    team = join(service, people, sandbox, case.slug)
    team.configure(projectMapping={PROJECT: case.container})
    return Both(case, team, case.stand_in(sandbox), case.work(sandbox))


def is_done(task: Task) -> bool:
    return task.done


def tasks_of(both: Both) -> int:
    return len(both.work.of(both.case.container))


def test_a_full_sync_brings_everything(both: Both) -> None:
    entities = both.team.succeed("full")
    assert tuple(entities) == both.case.entities
    assert all(entity["status"] == "done" for entity in entities.values())
    expected = {
        "projects": set(both.work.projects),
        "tasks": {task.id for task in both.work.of(both.case.container)},
        "comments": {comment.id for task in both.work.of(both.case.container) for comment in task.comments},
        "files": {file.id for task in both.work.of(both.case.container) for file in task.files},
    }
    for entity in both.case.entities:
        assert len(both.team.items(entity)) == len(expected[entity]), entity
        assert entities[entity]["created"] == len(expected[entity]), entity
    assert len(both.team.items("tasks")) > 100, "there is more than one page of them"
    task = both.work.of(both.case.container)[0]
    assert task.title in {item["title"] for item in both.team.items("tasks").values()}


def test_nothing_new_costs_one_request_for_each_entity(both: Both) -> None:
    both.team.succeed("full")
    both.stand_in.seen.clear()
    entities = both.team.succeed()
    assert moved(entities) == {}
    assert len(both.stand_in.seen) <= len(both.case.entities), [seen.path for seen in both.stand_in.seen]


def test_one_change_on_each_side_moves_exactly_those_two(both: Both) -> None:
    both.team.succeed("full")
    theirs = both.work.of(both.case.container)[5]
    both.work.change(theirs.id, title="Another name")
    both.koko.comment("comment-1", "Brighter, please", timecode=62_500)
    entities = both.team.succeed()
    assert moved(entities) == {"updated": 1, "pushed": 1}
    assert "Another name" in {item["title"] for item in both.team.items("tasks").values()}
    made = both.work.tasks[both.team.linked("comment-1")]
    assert made.project == both.case.container
    assert made.title == "Brighter, please"
    assert moved(both.team.succeed()) == {}, "nothing echoes"
    assert moved(both.team.succeed("full")) == {}, "not in a full pass either"


def test_a_comment_carries_its_timecode_and_a_link_to_the_frame(both: Both) -> None:
    both.koko.comment("comment-1", "Brighter & <b>bolder</b>\nhere", timecode=62_500)
    both.team.succeed()
    made = both.work.tasks[both.team.linked("comment-1")]
    link = f"{ORIGIN}/videos/video-1?t=62.5&comment=comment-1"
    texts = [made.text, *(comment.text for comment in made.comments), *(str(one) for one in made.links)]
    assert any(link in text for text in texts), texts
    whole = "\n".join(texts)
    assert "Brighter & <b>bolder</b>" in made.title
    assert "1:02.5" in whole
    assert "Trailer v3" in whole
    assert "Member" in whole


def test_resolved_and_done_stay_in_step(both: Both) -> None:
    both.koko.comment("comment-1", "Fix the sound")
    both.team.succeed()
    made = both.work.tasks[both.team.linked("comment-1")]
    assert not is_done(made)
    both.koko.change("comment-1", resolved=1)
    assert moved(both.team.succeed()) == {"pushed": 1}
    assert is_done(made)
    assert moved(both.team.succeed()) == {}
    both.koko.change("comment-1", resolved=0)
    both.team.succeed()
    assert not is_done(made)
    statuses = both.work.projects[both.case.container].columns
    done_status = next((column.id for column in statuses if column.done), made.status)
    both.work.change(made.id, done=True, status=done_status)
    assert moved(both.team.succeed()) == {"updated": 1, "returned": 1}
    assert both.koko.read("comment-1")["resolved"] == 1
    assert both.koko.read("comment-1")["resolved_by"] == "admin", "in the name of who connected"
    assert moved(both.team.succeed()) == {}


def test_a_comment_that_is_resolved_already_becomes_a_task_that_is_done(both: Both) -> None:
    both.koko.comment("comment-1", "Done before anybody synced", resolved=1)
    both.team.succeed()
    assert both.work.tasks[both.team.linked("comment-1")].done
    assert moved(both.team.succeed()) == {}


def test_words_edited_in_koko_reach_the_task(both: Both) -> None:
    both.koko.comment("comment-1", "First words")
    both.team.succeed()
    both.koko.change("comment-1", text="Second words")
    assert moved(both.team.succeed()) == {"pushed": 1}
    assert both.work.tasks[both.team.linked("comment-1")].title == "Second words"
    assert moved(both.team.succeed()) == {}


def test_words_edited_at_the_provider_reach_koko(both: Both) -> None:
    both.koko.comment("comment-1", "First words")
    both.team.succeed()
    made = both.work.tasks[both.team.linked("comment-1")]
    both.work.change(made.id, title="Their words")
    entities = both.team.succeed()
    assert entities["tasks"]["returned"] == 1
    assert both.koko.read("comment-1")["text"] == "Their words"
    both.team.succeed()
    assert moved(both.team.succeed()) == {}
    if both.case.has_text:
        both.work.change(made.id, text=made.text.replace("Their words", "Longer words,\nand more"))
        both.team.succeed()
        assert both.koko.read("comment-1")["text"] == "Longer words,\nand more"
        assert moved(both.team.succeed()) == {}


def test_where_both_sides_changed_the_newer_one_wins_and_it_is_said(both: Both) -> None:
    for comment_id in PUSHED:
        both.koko.comment(comment_id, f"Words of {comment_id}")
    both.team.succeed()
    for comment_id in PUSHED:
        both.work.change(both.team.linked(comment_id), title=f"Theirs of {comment_id}")
    now = both.team.service.clock.now
    both.koko.change("comment-1", text="Ours, older", updated_at=now - 3_600_000)
    both.koko.change("comment-2", text="Ours, newer", updated_at=now + 3_600_000)
    job = both.team.sync()
    assert job["status"] == "succeeded"
    assert both.koko.read("comment-1")["text"] == "Theirs of comment-1"
    assert both.koko.read("comment-2")["text"] == "Ours, newer"
    assert both.work.tasks[both.team.linked("comment-2")].title in ("Ours, newer", "Theirs of comment-2")
    assert sum("both sides" in note for note in job["notes"]) == 2, job["notes"]
    both.team.succeed()
    assert moved(both.team.succeed()) == {}


def test_replies_and_their_comments_go_both_ways(both: Both) -> None:
    both.koko.comment("comment-1", "The thread")
    both.koko.comment("reply-1", "A reply", parent_id="comment-1")
    entities = both.team.succeed()
    assert (entities["tasks"]["pushed"], entities["comments"]["pushed"]) == (1, 1)
    made = both.work.tasks[both.team.linked("comment-1")]
    assert any("A reply" in comment.text for comment in made.comments)
    assert moved(both.team.succeed()) == {}
    theirs = both.work.comment(made.id, "Grace", "Said at the provider")
    both.notice()
    replies = both.koko.replies("comment-1")
    assert any("Grace" in reply and "Said at the provider" in reply for reply in replies), replies
    assert len(replies) == 2
    assert moved(both.notice()) == {}, "what came from there does not go back"
    if both.case.edits_comments:
        both.koko.change("reply-1", text="A better reply")
        both.team.succeed()
        assert any("A better reply" in comment.text for comment in made.comments)
    both.work.edit_comment(theirs.id, "Said better")
    both.notice()
    assert any("Said better" in reply for reply in both.koko.replies("comment-1"))
    assert moved(both.notice()) == {}
    assert len(made.comments) == len([one for one in made.comments if "Said" in one.text or "reply" in one.text])


def test_deletions_are_noticed(both: Both) -> None:
    both.koko.comment("comment-1", "Will lose its task")
    both.team.succeed("full")
    other = both.work.of(both.case.container)[7]
    both.work.delete(both.team.linked("comment-1"))
    both.work.delete(other.id)
    before = len(both.team.items("tasks"))
    job = both.team.sync("full")
    assert job["status"] == "succeeded"
    assert len(both.team.items("tasks")) == before - 2
    assert any("deleted" in note for note in job["notes"])
    assert both.koko.read("comment-1")["text"] == "Will lose its task"
    assert moved(both.team.succeed()) == {}, "it is not made again"


def test_a_comment_deleted_in_koko_closes_its_task(both: Both) -> None:
    both.koko.comment("comment-1", "Never mind")
    both.team.succeed()
    made = both.work.tasks[both.team.linked("comment-1")]
    both.koko.delete("comment-1")
    job = both.team.sync()
    assert made.done
    assert any("deleted in Koko" in note for note in job["notes"])
    assert moved(both.team.succeed()) == {}


def test_statuses_are_chosen_by_id_where_a_name_is_not_enough(both: Both) -> None:
    work, case = both.work, both.case
    both.koko.add_project("proj-2")
    both.koko.add_video("video-2", "proj-2", "Feature")
    both.team.configure(projectMapping={PROJECT: case.container, "proj-2": case.duplicating})
    refused = both.team.refuse_configure(statusMapping={"proj-2/resolved": case.duplicated})
    assert refused.code == "BAD_REQUEST"
    assert "2 statuses" in refused.fields["config.statusMapping.proj-2/resolved"][0]
    twins = [column for column in work.projects[case.duplicating].columns if column.name == case.duplicated]
    assert len(twins) == 2
    both.team.configure(statusMapping={"proj-2/resolved": twins[1].id})
    both.koko.comment("comment-1", "To the second one", video_id="video-2")
    both.team.succeed()
    both.koko.change("comment-1", resolved=1)
    both.team.succeed()
    made = work.tasks[both.team.linked("comment-1")]
    assert made.status == twins[1].id
    assert moved(both.team.succeed()) == {}
    both.koko.comment("comment-2", "Moved by them", video_id="video-2")
    both.team.succeed()
    work.change(both.team.linked("comment-2"), status=twins[1].id, done=twins[1].done)
    both.team.succeed()
    assert both.koko.read("comment-2")["resolved"] == 1


def test_a_task_leaves_the_resolved_status_where_only_that_one_is_mapped(both: Both) -> None:
    columns = both.work.projects[both.case.duplicating].columns
    target = next(column for column in columns[1:] if not column.done)
    both.team.configure(projectMapping={PROJECT: both.case.duplicating})
    both.team.configure(statusMapping={"resolved": target.id})
    both.koko.comment("comment-1", "There and back")
    both.team.succeed()
    both.koko.change("comment-1", resolved=1)
    both.team.succeed()
    made = both.work.tasks[both.team.linked("comment-1")]
    assert made.status == target.id
    both.koko.change("comment-1", resolved=0)
    both.team.succeed()
    assert made.status != target.id
    assert not is_done(made)
    both.work.change(made.id, title="Touched")
    both.team.succeed()
    assert both.koko.read("comment-1")["resolved"] == 0


def test_a_task_that_moves_to_another_mapped_project_is_not_lost(both: Both) -> None:
    both.koko.add_project("proj-2")
    both.team.configure(projectMapping={"proj-2": both.case.duplicating, PROJECT: both.case.container})
    both.team.succeed("full")
    known = len(both.team.items("tasks"))
    other = both.work.projects[both.case.duplicating]
    task = both.work.of(both.case.container)[4]
    both.work.change(task.id, project=other.id, status=other.columns[0].id)
    both.team.succeed()
    assert len(both.team.items("tasks")) == known
    assert moved(both.team.succeed("full")) == {}


def test_a_dry_run_tells_and_changes_nothing(both: Both) -> None:
    both.team.succeed("full")
    both.koko.comment("comment-1", "Not yet")
    both.work.change(both.work.of(both.case.container)[3].id, title="Renamed")
    before, tasks = both.team.items("tasks"), tasks_of(both)
    logs = len(both.team.logs())
    entities = both.team.succeed(dryRun=True)
    assert moved(entities) == {"updated": 1, "pushed": 1}
    assert (both.team.items("tasks"), tasks_of(both), len(both.team.logs())) == (before, tasks, logs)
    assert moved(both.team.succeed()) == {"updated": 1, "pushed": 1}, "the real one finds the same to do"


def test_an_answer_that_was_lost_is_looked_for_before_anything_is_made_again(both: Both) -> None:
    both.team.succeed("full")
    both.koko.comment("comment-1", "Only once")
    before = tasks_of(both)
    both.stand_in.fail(both.case.create_path, status=502, truthful=True, method="POST")
    both.team.succeed()
    assert tasks_of(both) == before + 1
    assert both.work.tasks[both.team.linked("comment-1")].title == "Only once"
    assert moved(both.team.succeed()) == {}


def test_a_task_whose_making_was_cut_short_is_finished(both: Both) -> None:
    """Where a new task becomes done by a request of its own, that one was never sent."""
    both.team.succeed("full")
    both.koko.comment("comment-1", "Done before anybody synced", resolved=1)
    before = tasks_of(both)
    both.stand_in.fail(both.case.create_path, status=502, truthful=True, method="POST")
    both.team.succeed()
    both.team.succeed()
    assert tasks_of(both) == before + 1
    assert both.work.tasks[both.team.linked("comment-1")].done
    assert both.koko.read("comment-1")["resolved"] == 1
    assert moved(both.team.succeed()) == {}
