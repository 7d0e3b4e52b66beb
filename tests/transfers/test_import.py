"""integration.importAssets as callers see it, with Dropbox as the provider."""

import errno
import time
from threading import Event
from typing import Any

import pytest

from koko_integrations.assets.staging import Staging
from koko_integrations.transfers import fetching, importing
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.service import RpcError, Service
from tests.sync.team import PROJECT
from tests.transfers.exchange import Exchange, digest, exchange

DOWNLOAD = "/2/files/download"
BIG = bytes(range(256)) * 4096 * 9
"""A little more than 9 MB."""


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def dropbox(service: Service, people: People, sandbox: Sandbox) -> Exchange:
    return exchange(service, people, sandbox, "dropbox")


def put(dropbox: Exchange, name: str, content: bytes = b"moving pictures") -> str:
    files = dropbox.team.sandbox.dropbox.files
    files.add(files.at("Empty"), name, content)
    return f"/Empty/{name}"


def test_titles_folders_and_names(dropbox: Exchange) -> None:
    dropbox.service.rows.insert("asset_folder", id="folder-1", project_id=PROJECT, name="Incoming")
    title = "Der erste Schnitt 🎬"
    path = put(dropbox, "cut.mp4")
    dropbox.take(folderId="folder-1", files=[{"externalPath": path, "title": title}])
    (asset,) = dropbox.assets()
    assert (asset["name"], asset["original_file_name"], asset["mime_type"]) == (title, "cut.mp4", "video/mp4")
    assert (asset["folder_id"], asset["uploaded_by"]) == ("folder-1", "owner")


@pytest.mark.parametrize("title", ["x" * 10_000, "../../etc/passwd", "a\u202eb\x07c", " . "])
def test_titles_that_are_no_names(dropbox: Exchange, title: str) -> None:
    path = put(dropbox, "cut.mp4")
    job = dropbox.take(files=[{"externalPath": path, "title": title}])
    assert job["status"] == "succeeded"
    (asset,) = dropbox.assets()
    assert 0 < len(asset["name"]) <= 255
    assert "/" not in asset["name"]
    assert dropbox.stored(asset) == b"moving pictures"
    assert dropbox.left_behind() == []


def test_zero_bytes(dropbox: Exchange) -> None:
    assert dropbox.take(put(dropbox, "empty.txt", b""))["status"] == "succeeded"
    assert (dropbox.assets()[0]["file_size"], dropbox.stored(dropbox.assets()[0])) == (0, b"")


def test_one_bad_file_fails_alone(dropbox: Exchange) -> None:
    good, gone = put(dropbox, "good.mp4"), "/Empty/gone.mp4"
    job = dropbox.take(good, gone, "/Rushes")
    assert job["status"] == "partial"
    by_path = {file["externalPath"]: file for file in job["files"]}
    assert by_path[good]["status"] == "done"
    assert by_path[good]["assetId"] == dropbox.assets()[0]["id"]
    assert by_path[gone]["status"] == by_path["/Rushes"]["status"] == "failed"
    assert "assetId" not in by_path[gone]
    assert len(job["errors"]) == 2
    entry = dropbox.team.logs(action="import")[0]
    assert (entry["status"], entry["details"]["itemsProcessed"], entry["details"]["itemsFailed"]) == ("partial", 1, 2)
    assert dropbox.left_behind() == []


def test_the_same_version_is_not_imported_twice(dropbox: Exchange) -> None:
    path = put(dropbox, "cut.mp4", b"one")
    first = dropbox.take(path)["files"][0]["assetId"]
    again = dropbox.take(path)["files"][0]
    assert (again["status"], again["assetId"]) == ("skipped", first)
    both = dropbox.start(path), dropbox.start(path)
    assert {dropbox.finish(job_id)["files"][0]["status"] for job_id in both} == {"skipped"}
    dropbox.team.sandbox.dropbox.files.write(dropbox.team.sandbox.dropbox.files.at("Empty/cut.mp4"), b"two")
    assert dropbox.take(path)["files"][0]["status"] == "done"
    assert len(dropbox.assets()) == 2
    dropbox.service.rows.query("UPDATE asset SET deleted_at = 1")
    assert dropbox.take(path)["files"][0]["status"] == "done", "what was deleted in Koko may come again"


def test_two_imports_of_a_new_file_at_once(dropbox: Exchange) -> None:
    path = put(dropbox, "cut.mp4", BIG)
    jobs = [dropbox.finish(job_id) for job_id in (dropbox.start(path), dropbox.start(path))]
    statuses = sorted(job["files"][0]["status"] for job in jobs)
    assert statuses in (["done", "skipped"], ["done", "done"])
    assert {digest(dropbox.stored(asset)) for asset in dropbox.assets()} == {digest(BIG)}


def test_a_dropped_connection_is_taken_up_where_it_broke(dropbox: Exchange) -> None:
    path = put(dropbox, "big.mov", BIG)
    half = BIG[: len(BIG) // 2]
    dropbox.team.sandbox.dropbox.fail(
        DOWNLOAD, body=half, headers={"content-length": str(len(BIG)), "dropbox-api-result": "{}"}
    )
    job = dropbox.take(path)
    assert job["status"] == "succeeded", job
    assert digest(dropbox.stored(dropbox.assets()[0])) == digest(BIG)
    ranges = [seen.headers.get("range") for seen in dropbox.team.sandbox.dropbox.requests_to(DOWNLOAD)]
    assert ranges[0] is None
    assert ranges[1] == f"bytes={len(half)}-"


def test_damaged_bytes_never_show(dropbox: Exchange) -> None:
    path = put(dropbox, "cut.mp4", b"moving pictures")
    dropbox.team.sandbox.dropbox.fail(
        DOWNLOAD, body=b"moving picturez", headers={"content-length": "15"}, times=importing.TRIES
    )
    job = dropbox.take(path)
    assert job["status"] == "failed"
    assert "damaged" in job["files"][0]["error"]
    assert dropbox.assets() == []
    assert dropbox.left_behind() == []
    assert dropbox.take(path)["status"] == "succeeded"


def test_a_source_that_changes_midway(dropbox: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(dropbox, "cut.mp4", b"old words")
    files = dropbox.team.sandbox.dropbox.files
    release = Event()
    dropbox.team.sandbox.dropbox.fail(DOWNLOAD, hang=release, status=409, body=b'{"error_summary":"path/not_found/"}')
    job_id = dropbox.start(path)
    while not dropbox.team.sandbox.dropbox.requests_to(DOWNLOAD):
        dropbox.team.job(job_id)
    files.write(files.at("Empty/cut.mp4"), b"new words")
    release.set()
    job = dropbox.finish(job_id)
    assert job["status"] == "succeeded", job
    assert dropbox.stored(dropbox.assets()[0]) == b"new words"


def test_a_provider_that_asks_for_patience(dropbox: Exchange) -> None:
    path = put(dropbox, "cut.mp4")
    dropbox.team.sandbox.dropbox.fail(DOWNLOAD, status=429, headers={"retry-after": "300"})
    job = dropbox.take(path)
    assert (job["status"], job["files"][0]["status"]) == ("queued", "running")
    dropbox.service.clock.advance(minutes=5)
    dropbox.service.run(lambda app: app.keeper.enqueue_waiting())
    assert dropbox.finish(job["id"])["status"] == "succeeded"


def test_a_full_disk(dropbox: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(dropbox, "big.mov", BIG)

    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "_write", no_space)
        job = dropbox.take(path)
    assert job["status"] == "failed"
    assert "no room" in job["files"][0]["error"]
    assert dropbox.left_behind() == [], "space is given back"
    with monkeypatch.context() as patched:
        patched.setattr(Staging, "_free_bytes", lambda _: 1_000)
        job = dropbox.take(path)
    assert "no room" in job["files"][0]["error"]
    assert dropbox.take(path)["status"] == "succeeded"


def test_cancelling_ends_it_within_a_second_and_leaves_nothing(dropbox: Exchange) -> None:
    release = Event()
    path = put(dropbox, "big.mov", BIG)
    dropbox.team.sandbox.dropbox.fail(DOWNLOAD, truthful=True, hang=release)
    job_id = dropbox.start(path)
    while not dropbox.team.sandbox.dropbox.requests_to(DOWNLOAD):
        dropbox.team.job(job_id)
    dropbox.service.call("integration.cancelJob", {"jobId": job_id}, token=dropbox.team.people.owner)
    asked = time.monotonic()
    job = dropbox.finish(job_id)
    release.set()
    assert time.monotonic() - asked < 1.5
    assert (job["status"], job["files"][0]["status"]) == ("cancelled", "cancelled")
    assert dropbox.assets() == []
    assert dropbox.left_behind() == []


def test_what_is_too_large(dropbox: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_FILE_BYTES", 1_000)
    job = dropbox.take(put(dropbox, "big.mov", BIG))
    assert "Koko takes up to 5 GB" in job["files"][0]["error"]
    assert dropbox.team.sandbox.dropbox.requests_to(DOWNLOAD) == [], "no byte was moved"


def test_who_may(dropbox: Exchange) -> None:
    path = put(dropbox, "cut.mp4")
    people = dropbox.team.people
    wanted: dict[str, Any] = {"projectId": PROJECT, "files": [{"externalPath": path}]}
    for method, params in (("importAssets", wanted), ("listFiles", {})):
        with pytest.raises(RpcError) as refused:
            dropbox.call(method, token=people.member, **params)
        assert (refused.value.code, refused.value.message[:20]) == ("FORBIDDEN", "Only an owner or edi")
    dropbox.service.rows.query("UPDATE project_member SET role = 'editor', can_upload = 1")
    assert dropbox.call("listFiles", token=people.member)["entries"]
    assert dropbox.call("importAssets", token=people.member, **wanted)["job"]
    dropbox.team.koko.add_project("foreign", owner="stranger")
    for project_id in ("foreign", "no-such-project"):
        with pytest.raises(RpcError) as refused:
            dropbox.call("importAssets", **(wanted | {"projectId": project_id}))
        assert refused.value.code == "NOT_FOUND"
    with pytest.raises(RpcError) as refused:
        dropbox.call("exportAssets", assetIds=["no-such-asset"])
    assert refused.value.code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"files": []}, "files"),
        ({"files": [{"externalPath": "/a"}] * 51}, "files"),
        ({"files": [{"title": "no path"}]}, "files.0.externalPath"),
        ({"files": [{"externalPath": ""}]}, "files.0.externalPath"),
        ({"folderId": "no-such-folder"}, "folderId"),
    ],
)
def test_wrong_input(dropbox: Exchange, params: dict[str, Any], path: str) -> None:
    with pytest.raises(RpcError) as refused:
        dropbox.call("importAssets", **({"projectId": PROJECT, "files": [{"externalPath": "/a"}]} | params))
    assert (refused.value.code, list(refused.value.fields)) == ("BAD_REQUEST", [path])


def test_only_where_there_are_files(dropbox: Exchange) -> None:
    made = dropbox.service.call(
        "integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=dropbox.team.people.owner
    )
    target = {"integrationId": made["integration"]["id"]}
    wanted: dict[str, Any] = {"projectId": PROJECT, "files": [{"externalPath": "/a"}]}
    for method, params in (("listFiles", {}), ("importAssets", wanted)):
        with pytest.raises(RpcError) as refused:
            dropbox.call(method, **params, **target)
        assert refused.value.code == "BAD_REQUEST"
        assert "Dropbox" in refused.value.message
    dropbox.service.call(
        "integration.disconnect", {"integrationId": dropbox.team.target}, token=dropbox.team.people.owner
    )
    with pytest.raises(RpcError) as refused:
        dropbox.call("importAssets", **wanted)
    assert refused.value.code == "PRECONDITION_FAILED"
