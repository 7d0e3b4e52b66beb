"""Jobs as callers see them: one at a time, followed, cancelled, listed, estimated."""

import sqlite3
from threading import Event

import psycopg
import pytest

from koko_integrations.sync import items
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.service import RpcError, Service
from tests.sync.team import PROJECT, Team, entities_of, join

TASKS = "/api/1.0/tasks"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    joined = join(service, people, sandbox, "asana")
    joined.configure(projectMapping={PROJECT: "1400"})
    return joined


@pytest.fixture
def held(sandbox: Sandbox) -> Event:
    """The second page of tasks waits for this."""
    release = Event()
    sandbox.asana.fail(TASKS, truthful=True)
    sandbox.asana.fail(TASKS, hang=release, truthful=True)
    return release


def wait_for_page(team: Team, job_id: str) -> dict[str, dict[str, object]]:
    """Returns when the job has kept the first page and asks for the second."""
    while len(team.sandbox.asana.requests_to(TASKS)) < 2:
        team.job(job_id)
    return entities_of(team.job(job_id))


def test_a_second_sync_is_the_one_that_runs(team: Team, held: Event) -> None:
    first = team.start(entities=["tasks"])
    wait_for_page(team, first)
    again = team.service.call(
        "integration.sync", {"integrationId": team.target, "syncType": "full"}, token=team.people.admin
    )["job"]
    assert (again["id"], again["status"]) == (first, "running")
    held.set()
    assert team.finish(first)["status"] == "succeeded"
    assert team.start() != first


def test_progress_while_it_runs(team: Team, held: Event) -> None:
    job_id = team.start(entities=["tasks"])
    tasks = wait_for_page(team, job_id)["tasks"]
    assert (tasks["status"], tasks["done"], tasks["created"]) == ("running", 100, 100)
    job = team.job(job_id)
    assert job["progress"]["done"] == 100
    assert job["startedAt"]
    assert "finishedAt" not in job
    held.set()
    job = team.finish(job_id)
    assert job["progress"]["done"] == 250
    assert job["finishedAt"]
    assert "estimatedTime" not in job


def test_the_total_is_known_the_second_time(team: Team) -> None:
    team.succeed("full", entities=["tasks"])
    assert team.sync("full", entities=["tasks"])["progress"] == {"done": 250, "total": 250}


def test_cancelling_a_running_job_keeps_what_it_has(team: Team, held: Event) -> None:
    job_id = team.start(entities=["tasks"])
    wait_for_page(team, job_id)
    asked = team.service.call("integration.cancelJob", {"jobId": job_id}, token=team.people.admin)["job"]
    assert (asked["status"], asked["cancelRequested"]) == ("running", True)
    held.set()
    assert team.finish(job_id)["status"] == "cancelled"
    assert 100 <= len(team.items("tasks")) < 250
    entry = team.logs()[0]
    assert (entry["status"], entry["details"]["errors"]) == ("partial", ["Cancelled"])
    assert "lastSyncStatus" not in team.integration(), "a run that was called off says nothing of the connection"
    team.succeed(entities=["tasks"])
    assert len(team.items("tasks")) == 250


def test_estimates_come_from_this_integrations_own_history(team: Team) -> None:
    def ask(sync_type: str) -> int:
        params = {"integrationId": team.target, "syncType": sync_type, "entities": ["tasks"]}
        job = team.service.call("integration.sync", params, token=team.people.admin)["job"]
        team.finish(job["id"])
        estimate: int = job["estimatedTime"]
        return estimate

    assert (ask("full"), ask("incremental")) == (60_000, 5_000)
    for duration, sync_type in ((7_000, "full"), (40, "incremental")):
        team.service.rows.query(
            "UPDATE job SET finished_at = started_at + ? WHERE request LIKE ?", duration, f'%"{sync_type}"%'
        )
    assert (ask("full"), ask("incremental")) == (7_000, 40)


def test_jobs_are_listed_a_page_at_a_time(team: Team) -> None:
    made = []
    for _ in range(5):
        team.service.clock.advance(s=1)
        made.append(team.sync(entities=["projects"])["id"])
    seen: list[str] = []
    params = {"integrationId": team.target, "limit": 2}
    cursor: dict[str, str] = {}
    while True:
        page = team.service.call("integration.listJobs", params | cursor, token=team.people.member)
        seen += [job["id"] for job in page["jobs"]]
        if "nextCursor" not in page:
            break
        assert len(page["jobs"]) == 2
        cursor = {"cursor": page["nextCursor"]}
    assert seen == made[::-1]
    failed = team.service.call("integration.listJobs", params | {"status": "failed"}, token=team.people.member)
    assert failed == {"jobs": []}
    with pytest.raises(RpcError) as refused:
        team.service.call("integration.listJobs", params | {"cursor": "nonsense"}, token=team.people.member)
    assert "cursor" in refused.value.fields


def test_entities_that_the_provider_lacks(team: Team) -> None:
    slack = join_slack(team)
    for entities in (["tasks"], ["projects", "comments"]):
        with pytest.raises(RpcError) as refused:
            slack.start(entities=entities)
        assert refused.value.code == "BAD_REQUEST"
        assert "it has projects" in refused.value.fields["entities"][0]
    with pytest.raises(RpcError) as refused:
        team.start(entities=[])
    assert refused.value.fields["entities"] == [
        "Name at least one of projects, tasks, comments, files, or leave it out"
    ]


def join_slack(team: Team) -> Team:
    from tests.connections.consent import connect

    target = str(connect(team.service, team.people.admin, "slack")["id"])
    return Team(team.service, team.people, team.sandbox, team.koko, "slack", target)


def test_only_what_is_connected_and_has_something_to_sync(team: Team) -> None:
    zapier = team.service.call("integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=team.people.admin)
    with pytest.raises(RpcError) as refused:
        team.service.call("integration.sync", {"integrationId": zapier["integration"]["id"]}, token=team.people.admin)
    assert (refused.value.code, refused.value.message) == (
        "BAD_REQUEST",
        "integrationId: Zapier has nothing to sync",
    )
    team.service.call("integration.disconnect", {"integrationId": team.target}, token=team.people.admin)
    with pytest.raises(RpcError) as refused:
        team.start()
    assert (refused.value.code, refused.value.message) == (
        "PRECONDITION_FAILED",
        "Asana is not connected; connect it first",
    )


def test_disconnecting_while_a_sync_runs_ends_it(team: Team, held: Event) -> None:
    job_id = team.start(entities=["tasks"])
    wait_for_page(team, job_id)
    team.service.call("integration.disconnect", {"integrationId": team.target}, token=team.people.admin)
    held.set()
    job = team.finish(job_id)
    assert job["status"] in ("partial", "failed")
    assert job["errors"]
    assert team.integration()["status"] == "disconnected"


def test_a_run_that_the_database_left_alone_is_taken_up_again(
    team: Team, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked, restarting or out of reach: nothing can be said of the job then, least of all that it has failed."""
    away = sqlite3.OperationalError if database_url.startswith("sqlite:") else psycopg.OperationalError

    def apply(*_: object, **__: object) -> None:
        raise away("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(items, "apply", apply)
        job_id = team.start(entities=["tasks"])
        assert team.finish(job_id)["status"] == "running"
    team.service.run(lambda app: app.keeper.recover())
    team.service.run(lambda app: app.keeper.enqueue_waiting())
    job = team.finish(job_id)
    assert (job["status"], job.get("errors"), entities_of(job)["tasks"]["created"]) == ("succeeded", None, 250)


def test_cancelling_a_job_that_the_provider_puts_off_ends_it_now(team: Team, sandbox: Sandbox) -> None:
    release = Event()
    sandbox.asana.fail(TASKS, truthful=True)
    sandbox.asana.fail(TASKS, hang=release, status=429, headers={"retry-after": "600"})
    job_id = team.start(entities=["tasks"])
    wait_for_page(team, job_id)
    asked = team.service.call("integration.cancelJob", {"jobId": job_id}, token=team.people.admin)["job"]
    assert asked["cancelRequested"]
    release.set()
    job = team.finish(job_id)
    assert (job["status"], job["progress"]["done"]) == ("cancelled", 100)
    assert "cancelRequested" not in job
    assert entities_of(job)["tasks"]["status"] == "skipped"


def test_a_job_that_cannot_be_handed_over_at_once_is_answered_and_handed_over_later(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def enqueue(*_: object) -> None:
        raise RuntimeError("the engine's store is locked")

    with monkeypatch.context() as patched:
        patched.setattr(team.service.engine, "enqueue", enqueue)
        job_id = team.start(entities=["tasks"])
        assert team.job(job_id)["status"] == "queued"
    team.service.run(lambda app: app.keeper.enqueue_waiting())
    assert team.finish(job_id)["status"] == "succeeded"
