"""Jobs of files that wait, and what they have left where they were: cancelled, or without their database."""

import sqlite3
from typing import Any

import pytest

from koko_integrations.transfers import files
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.sync.team import PROJECT
from tests.transfers.exchange import Exchange, digest, exchange
from tests.transfers.test_import import BIG, DOWNLOAD, put


@pytest.fixture
def dropbox(service: Service, people: People, sandbox: Sandbox) -> Exchange:
    return exchange(service, people, sandbox, "dropbox")


def cancel(dropbox: Exchange, job_id: str) -> dict[str, Any]:
    asked = dropbox.service.call("integration.cancelJob", {"jobId": job_id}, token=dropbox.team.people.owner)
    job: dict[str, Any] = asked["job"]
    return job


def next_round(dropbox: Exchange, job_id: str) -> dict[str, Any]:
    dropbox.service.run(lambda app: app.keeper.enqueue_waiting())
    return dropbox.finish(job_id)


def put_off_half_way(dropbox: Exchange) -> str:
    """An import that has half of its file, and is asked to wait."""
    api, half = dropbox.team.sandbox.dropbox, BIG[: len(BIG) // 2]
    api.fail(DOWNLOAD, body=half, headers={"content-length": str(len(BIG)), "dropbox-api-result": "{}"})
    api.fail(DOWNLOAD, status=429, headers={"retry-after": "300"})
    job = dropbox.take(put(dropbox, "big.mov", BIG))
    assert (job["status"], job["files"][0]["done"]) == ("queued", len(half))
    return str(job["id"])


def test_cancelled_while_it_is_put_off(dropbox: Exchange) -> None:
    """What it has so far is cleared away at once, not when it would have gone on."""
    job_id = put_off_half_way(dropbox)
    assert cancel(dropbox, job_id)["cancelRequested"] is True
    asked = len(dropbox.team.sandbox.dropbox.seen)
    job = next_round(dropbox, job_id)
    assert (job["status"], job["files"][0]["status"]) == ("cancelled", "cancelled")
    assert dropbox.left_behind() == []
    assert len(dropbox.team.sandbox.dropbox.seen) == asked, "the provider is left alone"
    assert [entry["details"]["errors"] for entry in dropbox.team.logs(action="import")] == [["Cancelled"]]


def test_cancelled_before_it_began(dropbox: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    async def enqueue(*_: object) -> None:
        raise RuntimeError("the engine's store is locked")

    with monkeypatch.context() as patched:
        patched.setattr(dropbox.service.engine, "enqueue", enqueue)
        job_id = dropbox.start(put(dropbox, "cut.mov"))
    assert cancel(dropbox, job_id)["status"] == "cancelled"
    job = next_round(dropbox, job_id)
    assert (job["status"], [file["status"] for file in job["files"]]) == ("cancelled", ["cancelled"])
    assert dropbox.assets() == []


def test_without_its_database_it_neither_fails_nor_gives_back_what_it_has(
    dropbox: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = put_off_half_way(dropbox)
    dropbox.service.clock.advance(minutes=5)

    def save(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(files, "save", save)
        assert next_round(dropbox, job_id)["status"] == "running"
    dropbox.service.run(lambda app: app.keeper.recover())
    job = next_round(dropbox, job_id)
    assert (job["status"], job.get("errors")) == ("succeeded", None)
    assert digest(dropbox.stored(dropbox.assets()[0])) == digest(BIG)
    ranges = [seen.headers.get("range") for seen in dropbox.team.sandbox.dropbox.requests_to(DOWNLOAD)]
    assert ranges[-1] == f"bytes={len(BIG) // 2}-", "it goes on from what it had"


def test_a_project_that_is_deleted_meanwhile(dropbox: Exchange) -> None:
    job_id = put_off_half_way(dropbox)
    dropbox.service.rows.query("DELETE FROM project WHERE id = ?", PROJECT)
    dropbox.service.clock.advance(minutes=5)
    job = next_round(dropbox, job_id)
    assert (job["status"], job["files"][0]["status"]) == ("failed", "failed")
    assert job["files"][0]["error"] == "The project has been deleted in Koko"
