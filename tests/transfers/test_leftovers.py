"""What does not get to its end leaves nothing in staging, in the store, at Bunny Stream or at a storage."""

import time
from collections.abc import Iterator
from threading import Event

import pytest

from koko_integrations.assets import bunny as module
from koko_integrations.settings import BunnyLibrary
from sandbox.bunny import API_KEY, LIBRARY_ID
from sandbox.s3 import BUCKET
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service, running_service, sandboxed
from tests.sync.team import PROJECT, clock_of_today
from tests.transfers.exchange import Exchange, exchange

DOWNLOAD = "/2/files/download"
CONTENT = bytes(range(256)) * 4096
UPLOAD = f"/tusupload/{2:032x}"
"""The first number is the video's."""
VIDEO = f"/library/{LIBRARY_ID}/videos/00000000-0000-4000-8000-{1:012}"


@pytest.fixture
def service(database_url: str, sandbox: Sandbox) -> Iterator[Service]:
    settings = sandboxed(database_url, sandbox, bunny=BunnyLibrary(id=LIBRARY_ID, api_key=API_KEY))
    with running_service(settings, clock_of_today()) as running:
        yield running


@pytest.fixture
def dropbox(service: Service, people: People, sandbox: Sandbox) -> Exchange:
    return exchange(service, people, sandbox, "dropbox")


def put(sandbox: Sandbox, name: str) -> str:
    files = sandbox.dropbox.files
    files.add(files.at("Empty"), name, CONTENT)
    return f"/Empty/{name}"


def test_a_video_that_is_refused(dropbox: Exchange, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", len(CONTENT) // 2)
    sandbox.bunny.fail(UPLOAD, method="PATCH", truthful=True)
    sandbox.bunny.fail(UPLOAD, method="PATCH", status=400)
    job = dropbox.take(put(sandbox, "cut.mp4"))
    assert (job["status"], job["files"][0]["status"]) == ("failed", "failed")
    assert sandbox.bunny.videos == {}
    assert dropbox.left_behind() == []


def test_what_cannot_be_taken_back_is_told(dropbox: Exchange, sandbox: Sandbox) -> None:
    sandbox.bunny.fail(UPLOAD, method="PATCH", status=400)
    sandbox.bunny.fail(VIDEO, method="DELETE", status=400)
    job = dropbox.take(put(sandbox, "cut.mp4"))
    assert (job["status"], job["files"][0]["status"]) == ("failed", "failed")
    assert any("could not be removed" in error for error in job["errors"])
    assert [entry["details"]["jobId"] for entry in dropbox.team.logs(action="import")] == [job["id"]]
    assert dropbox.left_behind() == []


def test_what_another_job_has_brought_meanwhile(dropbox: Exchange, sandbox: Sandbox) -> None:
    path = put(sandbox, "cut.zip")
    half = {"content-length": str(len(CONTENT)), "dropbox-api-result": "{}"}
    sandbox.dropbox.fail(DOWNLOAD, body=CONTENT[: len(CONTENT) // 2], headers=half)
    sandbox.dropbox.fail(DOWNLOAD, status=429, headers={"retry-after": "300"})
    waiting = dropbox.take(path)
    assert (waiting["status"], len(dropbox.left_behind())) == ("queued", 1)
    assert dropbox.take(path)["status"] == "succeeded"
    dropbox.service.clock.advance(minutes=5)
    dropbox.service.run(lambda app: app.keeper.enqueue_waiting())
    assert dropbox.finish(waiting["id"])["files"][0]["status"] == "skipped"
    assert dropbox.left_behind() == []


def test_what_somebody_else_goes_on_with(dropbox: Exchange, sandbox: Sandbox) -> None:
    """The job has been taken over when its credentials turn out to be no good any more."""
    path, release = put(sandbox, "cut.zip"), Event()
    half = {"content-length": str(len(CONTENT)), "dropbox-api-result": "{}"}
    sandbox.dropbox.fail(DOWNLOAD, body=CONTENT[: len(CONTENT) // 2], headers=half)
    sandbox.dropbox.fail(DOWNLOAD, status=401, body=b"{}", hang=release, times=2)
    job_id = dropbox.start(path)
    while len(sandbox.dropbox.requests_to(DOWNLOAD)) < 2:
        time.sleep(0.01)
    dropbox.service.rows.query("UPDATE job SET epoch = epoch + 1 WHERE id = ?", job_id)
    release.set()
    assert dropbox.finish(job_id)["status"] == "running"
    assert len(dropbox.left_behind()) == 1


def test_an_export_that_is_refused_midway(service: Service, people: People, sandbox: Sandbox) -> None:
    s3 = exchange(service, people, sandbox, "s3")
    key = f"{PROJECT}/reel.zip"
    (s3.store / PROJECT).mkdir()
    (s3.store / key).write_bytes(bytes(18 * 1024 * 1024))
    columns = {"mime_type": "application/zip", "storage_key": key, "storage_url": (s3.store / key).as_uri()}
    named = {"name": "reel.zip", "original_file_name": "reel.zip", "file_size": 18 * 1024 * 1024}
    service.rows.insert("asset", id="reel", project_id=PROJECT, uploaded_by="owner", **named, **columns)
    sandbox.s3.fail(f"/{BUCKET}/Empty/reel.zip", method="PUT", truthful=True)
    refusal = b"<Error><Code>QuotaExceeded</Code></Error>"
    sandbox.s3.fail(f"/{BUCKET}/Empty/reel.zip", method="PUT", status=403, body=refusal)
    job = s3.give("reel", folderId="Empty/")
    assert (job["status"], job["files"][0]["status"]) == ("failed", "failed")
    assert sandbox.s3.files.unfinished() == 0
    assert service.rows.query("SELECT session FROM job_file WHERE job_id = ?", job["id"]) == [(None,)]
