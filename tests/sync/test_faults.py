"""A provider that is down, busy, strange or closed to us in the middle of a sync: no stuck job, no lost item."""

from threading import Event

import pytest

from koko_integrations.jobs.runner import BROKEN
from providers.asana import Asana
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.sync.team import PROJECT, Team, entities_of, join, moved

TASKS = "/api/1.0/tasks"
ATTACHMENTS = "/api/1.0/attachments"
HTML = {"body": b"<html>Sorry</html>", "headers": {"content-type": "text/html"}}


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    joined = join(service, people, sandbox, "asana")
    joined.configure(projectMapping={PROJECT: "1400"})
    return joined


def status_of(team: Team) -> dict[str, object]:
    found: dict[str, object] = team.service.call(
        "integration.getStatus", {"integrationId": team.target}, token=team.people.admin
    )
    return found


def test_a_short_wait_is_waited_for(team: Team) -> None:
    before = team.service.clock.now
    team.sandbox.asana.fail(TASKS, status=429, headers={"retry-after": "40"})
    team.succeed(entities=["tasks"])
    assert team.service.clock.now - before >= 40_000
    assert len(team.items("tasks")) == 250


def test_a_long_wait_puts_the_job_off(team: Team) -> None:
    team.sandbox.asana.fail(TASKS, truthful=True)
    team.sandbox.asana.fail(TASKS, status=429, headers={"retry-after": "120"})
    job = team.sync(entities=["tasks"])
    assert job["status"] == "queued"
    assert job["nextAttemptAt"] > job["startedAt"]
    assert "2 min" in job["errors"][0]
    assert status_of(team)["nextAllowedAt"]
    assert team.logs() == [], "it has not ended"
    team.service.clock.advance(s=120)
    team.service.run(lambda app: app.keeper.enqueue_waiting())
    job = team.finish(job["id"])
    assert (job["status"], job.get("errors")) == ("succeeded", None)
    assert len(team.items("tasks")) == 250
    assert len(team.sandbox.asana.requests_to(TASKS)) == 4, "it went on from the second page"
    assert len(team.logs()) == 1


def test_a_job_that_was_put_off_can_be_cancelled(team: Team) -> None:
    team.sandbox.asana.fail(TASKS, status=429, headers={"retry-after": "600"})
    job_id = team.sync(entities=["tasks"])["id"]
    cancelled = team.service.call("integration.cancelJob", {"jobId": job_id}, token=team.people.admin)["job"]
    assert cancelled["status"] == "cancelled"
    assert team.start(entities=["tasks"]) != job_id


def test_too_long_a_wait_fails_the_run_and_says_how_long(team: Team) -> None:
    team.sandbox.asana.fail(TASKS, status=429, headers={"retry-after": "86400"})
    job = team.sync(entities=["tasks"])
    assert job["status"] == "failed"
    assert "24.0 h" in job["errors"][0]
    assert team.integration()["lastSyncStatus"] == "failed"
    assert team.integration()["syncErrors"] == job["errors"]


def test_a_provider_that_stays_down_ends_the_run(team: Team) -> None:
    team.sandbox.asana.fail(TASKS, truthful=True)
    team.sandbox.asana.fail(TASKS, status=503, times=1000)
    job = team.sync(entities=["tasks"])
    assert job["status"] == "partial"
    assert "HTTP 503" in job["errors"][0]
    assert team.integration()["status"] == "connected"
    assert len(team.items("tasks")) == 100
    assert (team.logs()[0]["status"], team.logs()[0]["details"]["errors"]) == ("partial", job["errors"])
    team.sandbox.asana.reset_faults()
    team.succeed(entities=["tasks"])
    assert len(team.items("tasks")) == 250


def test_a_token_revoked_midway(team: Team) -> None:
    release = Event()
    team.sandbox.asana.fail(TASKS, truthful=True)
    team.sandbox.asana.fail(TASKS, hang=release, status=401)
    job_id = team.start(entities=["tasks"])
    while len(team.sandbox.asana.requests_to(TASKS)) < 2:
        team.job(job_id)
    for token in list(team.sandbox.asana.oauth.tokens):
        team.sandbox.asana.oauth.revoke(token.refresh)
    release.set()
    job = team.finish(job_id)
    assert job["status"] == "partial"
    assert "connect" in job["errors"][0]
    assert team.integration()["status"] == "error"
    assert team.integration()["lastSyncStatus"] == "partial"
    told = [entry for entry in team.logs() if entry["action"] == "notify"]
    assert len(told) == 1, "the team is told once"


def test_one_bad_item_harms_no_other(team: Team) -> None:
    bad = team.sandbox.asana.work.of("1400")[10]
    bad.done = "perhaps"  # type: ignore[assignment] # what a provider may send
    job = team.sync("full", entities=["tasks"])
    assert job["status"] == "partial"
    assert bad.id in job["errors"][0]
    tasks = entities_of(job)["tasks"]
    assert (tasks["created"], tasks["failed"]) == (249, 1)
    details = team.logs()[0]["details"]
    assert (details["itemsProcessed"], details["itemsFailed"]) == (249, 1)
    assert team.integration()["syncErrors"] == job["errors"]
    bad.done = False
    team.succeed("full", entities=["tasks"])
    assert len(team.items("tasks")) == 250
    assert "syncErrors" not in team.integration()


@pytest.mark.parametrize(
    "answer",
    [HTML, {"body": b'{"data": {"gid": 5}}'}, {"body": b"[]"}, {"body": b'{"data": [], "next_page": "more"}'}],
    ids=["html", "object", "list", "next page"],
)
def test_answers_of_the_wrong_shape(team: Team, answer: dict[str, bytes]) -> None:
    team.sandbox.asana.fail(TASKS, **answer)
    job = team.sync("full")
    assert job["status"] == "partial", "the projects are there"
    assert entities_of(job)["tasks"]["status"] == "failed"
    assert entities_of(job)["tasks"]["reason"] in job["errors"][0]
    assert entities_of(job)["projects"]["status"] == "done"
    team.succeed("full")


def test_a_cursor_that_has_expired_starts_the_pass_over(team: Team) -> None:
    team.sandbox.asana.fail(TASKS, truthful=True)
    team.sandbox.asana.fail(
        TASKS, status=400, body=b'{"errors": [{"message": "offset: Your pagination token expired"}]}'
    )
    team.succeed("full", entities=["tasks"])
    assert len(team.items("tasks")) == 250


def test_what_the_provider_refuses_fails_alone_and_is_tried_again(team: Team) -> None:
    for number in range(3):
        team.koko.comment(f"comment-{number}", f"Words {number}", created_at=team.service.clock.now + number)
    team.sandbox.asana.fail(TASKS, truthful=True, method="POST")
    team.sandbox.asana.fail(TASKS, status=400, method="POST")
    job = team.sync(entities=["tasks"])
    assert job["status"] == "partial"
    assert "“Words 1”" in job["errors"][0]
    tasks = entities_of(job)["tasks"]
    assert (tasks["pushed"], tasks["failed"]) == (2, 1)
    assert moved(team.succeed(entities=["tasks"])) == {"pushed": 1}


@pytest.mark.parametrize("status", [400, 429, 503])
def test_a_task_that_cannot_be_moved_is_made_once(team: Team, status: int) -> None:
    team.configure(statusMapping={"open": "14002"})
    team.koko.comment("comment-1", "Only once")
    team.sandbox.asana.fail("/api/1.0/sections/14002/addTask", status=status, times=10)
    team.succeed(entities=["tasks"])
    assert len(team.sandbox.asana.work.of("1400")) == 251
    assert moved(team.succeed(entities=["tasks"])) == {}


def test_without_a_mapping_there_are_projects_to_choose_from_and_a_hint(team: Team) -> None:
    team.configure(projectMapping={})
    job = team.sync()
    assert job["status"] == "succeeded"
    assert "projectMapping" in job["notes"][0]
    assert {entity["entity"]: entity["status"] for entity in job["entities"]} == {
        "projects": "done",
        "tasks": "skipped",
        "comments": "skipped",
        "files": "skipped",
    }


def test_a_defect_of_ours_ends_the_job_and_is_told(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(*_: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patched:
        patched.setattr(Asana, "pull", pull)
        job = team.sync()
    assert (job["status"], job["errors"]) == ("failed", [BROKEN])
    assert team.logs()[0]["details"]["errors"] == [BROKEN]
    team.succeed()


def test_what_files_lack_does_not_keep_comments_from_being_pushed(team: Team) -> None:
    """A scope that was not granted switches off its own feature, and no other."""
    team.koko.comment("comment-1", "Pushed all the same")
    team.sandbox.asana.fail(ATTACHMENTS, status=403, times=1000)
    job = team.sync("full")
    assert job["status"] == "partial"
    assert entities_of(job)["files"]["status"] == "failed"
    assert team.linked("comment-1")


def test_one_task_whose_comments_are_refused_harms_no_other(team: Team) -> None:
    first = team.sandbox.asana.work.of("1400")[0]
    team.sandbox.asana.fail(f"{TASKS}/{first.id}/stories", status=403, times=1000)
    job = team.sync("full", entities=["comments"])
    assert job["status"] == "partial"
    comments = entities_of(job)["comments"]
    assert (comments["done"], comments["failed"]) == (249, 1)
    assert first.id in job["errors"][0]
    team.sandbox.asana.reset_faults()
    assert moved(team.succeed(entities=["comments"])) == {"created": 1}


def test_comments_that_are_all_refused_are_not_asked_for_task_by_task(team: Team) -> None:
    tasks = team.sandbox.asana.work.of("1400")
    for task in tasks:
        team.sandbox.asana.fail(f"{TASKS}/{task.id}/stories", status=403, times=1000)
    job = team.sync("full", entities=["comments"])
    assert job["status"] == "partial"
    assert entities_of(job)["comments"]["status"] == "failed"
    asked = [one for task in tasks for one in team.sandbox.asana.requests_to(f"{TASKS}/{task.id}/stories")]
    assert len(asked) < 30


def test_no_entity_runs_on_when_its_job_has_ended(team: Team) -> None:
    team.sandbox.asana.fail(TASKS, truthful=True)
    team.sandbox.asana.fail(TASKS, status=503, times=1000)
    job = team.sync("full")
    assert job["status"] == "partial"
    assert {name: entity["status"] for name, entity in entities_of(job).items()} == {
        "projects": "done",
        "tasks": "failed",
        "comments": "skipped",
        "files": "skipped",
    }


def test_a_provider_that_says_when_it_is_back_is_left_alone_until_then(team: Team) -> None:
    team.sandbox.asana.fail(TASKS, truthful=True)
    team.sandbox.asana.fail(TASKS, status=503, headers={"retry-after": "120"})
    job = team.sync(entities=["tasks"])
    assert job["status"] == "queued"
    assert job["nextAttemptAt"] > job["startedAt"]
    team.service.clock.advance(s=120)
    team.service.run(lambda app: app.keeper.enqueue_waiting())
    assert team.finish(job["id"])["status"] == "succeeded"
    assert len(team.items("tasks")) == 250


def test_a_token_that_has_been_replaced_meanwhile_says_nothing_of_the_new_one(team: Team) -> None:
    # As with a personal token: there is nothing to renew it with.
    team.service.rows.query("UPDATE integration SET refresh_token = NULL WHERE id = ?", team.target)
    release = Event()
    team.sandbox.asana.fail(TASKS, hang=release, status=401)
    job_id = team.start(entities=["tasks"])
    while not team.sandbox.asana.requests_to(TASKS):
        team.job(job_id)
    team.service.rows.query(
        "UPDATE integration_connection SET credential_version = credential_version + 1 WHERE integration_id = ?",
        team.target,
    )
    release.set()
    assert team.finish(job_id)["status"] in ("partial", "failed")
    assert team.integration()["status"] == "connected"
