"""What an earlier attempt has left is only believed when it is still true; and nothing comes twice."""

import time
from threading import Event
from typing import Any

import pytest

from koko_integrations.app import App
from koko_integrations.database import Transaction
from koko_integrations.transfers import landing as landing_module
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.transfers.exchange import Exchange, digest, exchange

DOWNLOAD = "/2/files/download"
BIG = bytes(range(256)) * 4096 * 20
"""20 MB: more than is simply fetched once more."""


@pytest.fixture
def dropbox(service: Service, people: People, sandbox: Sandbox) -> Exchange:
    return exchange(service, people, sandbox, "dropbox")


def put(dropbox: Exchange, name: str, content: bytes) -> str:
    files = dropbox.team.sandbox.dropbox.files
    files.add(files.at("Empty"), name, content)
    return f"/Empty/{name}"


def leave_landing(dropbox: Exchange, path: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job that has fetched and verified its file when its worker dies; its id."""

    async def die(*_: object) -> None:
        raise dropbox_away()

    with monkeypatch.context() as patched:
        patched.setattr(landing_module.Landing, "land", die)
        job_id = dropbox.start(path)
        dropbox.service.run(lambda _: dropbox.service.engine.idle())
    assert dropbox.service.rows.query("SELECT status FROM job_file WHERE job_id = ?", job_id) == [("landing",)]
    return job_id


def dropbox_away() -> Exception:
    import sqlite3

    return sqlite3.OperationalError("the database is away, and the worker with it")


def go_on(dropbox: Exchange, job_id: str) -> dict[str, Any]:
    async def recover(app: App) -> None:
        await app.keeper.recover()
        await app.keeper.enqueue_waiting()

    dropbox.service.run(recover)
    return dropbox.finish(job_id)


@pytest.mark.parametrize("left", ["whole", "cut short", "damaged", "nothing"])
def test_verified_bytes_are_verified_again(dropbox: Exchange, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    """A power cut, or another machine: the row remembers more than the disk."""
    job_id = leave_landing(dropbox, put(dropbox, "big.mov", BIG), monkeypatch)
    staged = dropbox.store.parent / "staging" / f"{job_id}.0.part"
    match left:
        case "cut short":
            staged.write_bytes(BIG[: len(BIG) // 2])
        case "damaged":
            staged.write_bytes(BIG[:-1] + b"?")
        case "nothing":
            staged.unlink()
    dropbox.team.sandbox.dropbox.seen.clear()
    job = go_on(dropbox, job_id)
    assert (job["status"], job.get("errors")) == ("succeeded", None)
    (asset,) = dropbox.assets()
    assert (asset["file_size"], digest(dropbox.stored(asset))) == (len(BIG), digest(BIG))
    assert bool(dropbox.team.sandbox.dropbox.requests_to(DOWNLOAD)) is (left != "whole")
    assert dropbox.left_behind() == []


def test_one_file_asked_for_twice_comes_once(dropbox: Exchange) -> None:
    path = put(dropbox, "cut.mp4", b"moving pictures")
    by_id = dropbox.team.sandbox.dropbox.files.at("Empty/cut.mp4").id
    job = dropbox.take(path, path, by_id)
    assert job["status"] == "succeeded"
    assert sorted(file["status"] for file in job["files"]) == ["done", "skipped", "skipped"]
    assert len({file["assetId"] for file in job["files"]}) == 1
    assert len(dropbox.assets()) == 1
    assert job["progress"]["bytesTotal"] == job["progress"]["bytesDone"] == len(b"moving pictures")


def test_cancelling_while_the_provider_is_asked_for_the_file(dropbox: Exchange) -> None:
    release = Event()
    path = put(dropbox, "cut.mp4", b"moving pictures")
    dropbox.team.sandbox.dropbox.fail("/2/files/get_metadata", truthful=True, hang=release)
    job_id = dropbox.start(path)
    while not dropbox.team.sandbox.dropbox.requests_to("/2/files/get_metadata"):
        dropbox.team.job(job_id)
    dropbox.service.call("integration.cancelJob", {"jobId": job_id}, token=dropbox.team.people.owner)
    asked = time.monotonic()
    job = dropbox.finish(job_id)
    took = time.monotonic() - asked
    release.set()
    assert job["status"] == "cancelled"
    assert took < 1.5


def test_what_could_not_be_written_down_is_not_done(dropbox: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(dropbox, "cut.mp4", b"moving pictures")

    def refuse(tx: Transaction, *_: object) -> None:
        raise OSError("Koko's table does not take it")

    with monkeypatch.context() as patched:
        patched.setattr(landing_module, "add_asset", refuse)
        job = dropbox.take(path)
    assert (job["status"], job["files"][0]["status"]) == ("failed", "failed")
    assert dropbox.assets() == []
    assert dropbox.left_behind() == []
    assert dropbox.take(path)["status"] == "succeeded"


def test_another_account_ends_imports(dropbox: Exchange) -> None:
    from tests.connections.consent import connect

    release = Event()
    path = put(dropbox, "cut.mp4", b"moving pictures")
    dropbox.team.sandbox.dropbox.fail(DOWNLOAD, truthful=True, hang=release)
    job_id = dropbox.start(path)
    while not dropbox.team.sandbox.dropbox.requests_to(DOWNLOAD):
        dropbox.team.job(job_id)
    people = dropbox.team.people
    dropbox.service.call("integration.disconnect", {"integrationId": dropbox.team.target}, token=people.owner)
    dropbox.service.rows.query("UPDATE integration_connection SET account = ?", '{"id":"somebody","name":"Somebody"}')
    connect(dropbox.service, people.admin, "dropbox")
    job = dropbox.finish(job_id)
    release.set()
    assert job["status"] == "cancelled"
    assert dropbox.assets() == []
