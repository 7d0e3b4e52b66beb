"""Every storage: a folder is browsed, its files are imported, one is exported, and every byte is the same."""

from typing import Any

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.files.cases import CASES, Case
from tests.service import Service
from tests.transfers.exchange import Exchange, digest, exchange

STORAGES = [case for case in CASES if case.slug != "figma"]


@pytest.fixture(params=STORAGES, ids=[case.slug for case in STORAGES])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def storage(service: Service, people: People, sandbox: Sandbox, case: Case) -> Exchange:
    return exchange(service, people, sandbox, case.slug)


def writable(sandbox: Sandbox, case: Case) -> tuple[str, dict[str, str]]:
    """A folder that files may be written into, with the parameter that names it. Google lets Koko write to the top of
    the drive and to what it has made itself."""
    if case.slug == "google_drive":
        return "", {}
    return "Empty/", {"folderId": case.path_of(sandbox, "Empty")}


def browse(storage: Exchange, folder: str | None) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    more: dict[str, str] = {} if folder is None else {"folderId": folder}
    while True:
        page = storage.call("listFiles", **more)
        entries += page["entries"]
        if "nextCursor" not in page:
            return entries
        more["cursor"] = page["nextCursor"]


def test_a_folder_comes_and_one_file_goes_back(storage: Exchange, sandbox: Sandbox, case: Case) -> None:
    folder = case.path_of(sandbox, "Rushes/Day 1")
    entries = [entry for entry in browse(storage, folder) if entry["kind"] == "file"][:50]
    assert len(entries) > 3
    job = storage.take(*(entry["externalPath"] for entry in entries))
    assert (job["status"], job.get("errors")) == ("succeeded", None)
    assert job["progress"]["done"] == job["progress"]["total"] == len(entries)
    assets = {asset["name"]: asset for asset in storage.assets()}
    for entry in entries:
        content = case.content(sandbox, f"Rushes/Day 1/{entry['name']}")
        asset = assets[entry["name"]]
        assert digest(storage.stored(asset)) == digest(content)
        assert asset["file_size"] == len(content)
        assert (asset["project_id"], asset["uploaded_by"], asset["original_file_name"]) == (
            "proj-1",
            "owner",
            entry["name"],
        )
    assert storage.left_behind() == []
    entry = storage.team.logs(action="import")[0]
    assert (entry["status"], entry["details"]["itemsProcessed"]) == ("success", len(entries))
    one = next(iter(assets.values()))
    where, folder_id = writable(sandbox, case)
    done = storage.give(one["id"], **folder_id)
    assert (done["status"], done.get("errors")) == ("succeeded", None), done
    assert case.content(sandbox, f"{where}{one['name']}") == storage.stored(one)
    assert done["files"][0]["externalPath"] == case.path_of(sandbox, f"{where}{one['name']}")
    assert storage.team.logs(action="export")[0]["status"] == "success"


def test_nothing_is_overwritten_without_being_told(storage: Exchange, sandbox: Sandbox, case: Case) -> None:
    source = case.put(sandbox, "cut.mp4", b"the first cut")
    storage.take(source)
    (asset,) = storage.assets()
    where, folder_id = writable(sandbox, case)
    storage.give(asset["id"], **folder_id)
    case.person(sandbox).write(f"{where}cut.mp4", b"somebody's")
    refused = storage.give(asset["id"], **folder_id)
    assert refused["status"] == "failed"
    assert "already" in refused["files"][0]["error"]
    assert case.content(sandbox, f"{where}cut.mp4") == b"somebody's"
    renamed = storage.give(asset["id"], **folder_id, onConflict="rename")
    assert renamed["status"] == "succeeded"
    assert renamed["files"][0]["name"] != "cut.mp4"
    assert case.content(sandbox, f"{where}cut.mp4") == b"somebody's"
    replaced = storage.give(asset["id"], **folder_id, onConflict="replace")
    assert replaced["status"] == "succeeded"
    assert case.content(sandbox, f"{where}cut.mp4") == b"the first cut"
