"""importOnUpload: new files of the watched folder arrive by themselves, once."""

from threading import Event
from typing import Any

import pytest

from providers.kit.errors import ProtocolBroken
from providers.kit.files import Stores
from providers.kit.items import Item
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.files.cases import CASES, Case
from tests.service import Service
from tests.sync.team import PROJECT
from tests.transfers.exchange import Exchange, exchange

CHANGES = "/2/files/list_folder/continue"
STORAGES = [case for case in CASES if case.slug != "figma"]


@pytest.fixture(params=STORAGES, ids=[case.slug for case in STORAGES])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def storage(service: Service, people: People, sandbox: Sandbox, case: Case) -> Exchange:
    return exchange(service, people, sandbox, case.slug)


def look(storage: Exchange) -> list[str]:
    """A sync, and what follows from it; the names of all assets."""
    job = storage.team.sync()
    assert job["status"] == "succeeded", job
    return imported(storage)


def imported(storage: Exchange) -> list[str]:
    """The names of all assets, once what a sync has found is there."""
    storage.service.run(lambda app: app.keeper.enqueue_waiting())
    storage.service.run(lambda _: storage.service.engine.idle())
    return [asset["name"] for asset in storage.assets()]


def test_what_is_new_arrives_once(storage: Exchange, sandbox: Sandbox, case: Case) -> None:
    person = case.person(sandbox)
    config: dict[str, Any] = storage.team.configure(
        importOnUpload=True, projectId=PROJECT, syncFolder=case.path_of(sandbox, "Rushes/Day 1")
    )["config"]
    assert config["importOnUpload"] is True
    status = storage.service.call(
        "integration.getStatus", {"integrationId": storage.team.target}, token=storage.team.people.admin
    )
    assert status["nextSyncAt"], "it looks by itself"
    assert look(storage) == [], "what was there is not new"
    storage.service.clock.advance(s=1)
    person.add("Rushes/Day 1/new.mp4", b"new pictures")
    person.add("Empty/elsewhere.mp4", b"elsewhere")
    assert look(storage) == ["new.mp4"]
    storage.service.clock.advance(s=1)
    assert look(storage) == ["new.mp4"]
    (asset,) = storage.assets()
    assert (asset["project_id"], asset["uploaded_by"]) == (PROJECT, "admin"), "in the name of who connected"
    assert storage.stored(asset) == b"new pictures"
    entry = storage.team.logs(action="import")[0]
    assert entry["details"]["cause"] == "watch"
    storage.team.configure(importOnUpload=False)
    storage.service.clock.advance(s=1)
    person.add("Rushes/Day 1/later.mp4", b"later")
    assert look(storage) == ["new.mp4"]


@pytest.fixture
def dropbox(service: Service, people: People, sandbox: Sandbox) -> Exchange:
    return exchange(service, people, sandbox, "dropbox")


def test_a_folder_that_is_chosen_during_a_sync(dropbox: Exchange) -> None:
    """The sync is of the one before: what is in the new one it has not learnt."""
    api, release = dropbox.team.sandbox.dropbox, Event()
    api.files.add(api.files.at("Empty"), "one.mp4", b"one")
    dropbox.team.configure(importOnUpload=True, projectId=PROJECT, syncFolder="/Empty")
    assert look(dropbox) == []
    api.fail(CHANGES, truthful=True, hang=release)
    asked = len(api.requests_to(CHANGES))
    job_id = dropbox.team.start(syncType="incremental")
    while len(api.requests_to(CHANGES)) == asked:
        dropbox.team.job(job_id)
    dropbox.team.configure(syncFolder="/Rushes")
    release.set()
    assert dropbox.team.finish(job_id)["status"] == "succeeded"
    dropbox.service.clock.advance(s=1)
    assert look(dropbox) == [], "what was there is not new"
    dropbox.service.clock.advance(s=1)
    api.files.add(api.files.at("Rushes"), "new.mp4", b"new")
    assert look(dropbox) == ["new.mp4"]


def test_a_file_that_cannot_be_read_is_in_no_others_way(dropbox: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    api, read = dropbox.team.sandbox.dropbox, Stores.file_item

    def file_item(self: Stores, *args: Any, **how: Any) -> Item:
        if how["name"] == "bad.mp4":
            raise ProtocolBroken("Dropbox has a file that nobody can read")
        return read(self, *args, **how)

    monkeypatch.setattr(Stores, "file_item", file_item)
    dropbox.team.configure(importOnUpload=True, projectId=PROJECT, syncFolder="/Empty")
    assert look(dropbox) == []
    dropbox.service.clock.advance(s=1)
    api.files.add(api.files.at("Empty"), "bad.mp4", b"bad")
    api.files.add(api.files.at("Empty"), "good.mp4", b"good")
    job = dropbox.team.sync()
    assert (job["status"], job["entities"][0]["failed"]) == ("partial", 1)
    assert imported(dropbox) == ["good.mp4"]


def test_watching_needs_a_project_of_the_team(storage: Exchange) -> None:
    refused = storage.team.refuse_configure(importOnUpload=True)
    assert "config.projectId" in refused.fields
    storage.team.koko.add_project("foreign", owner="stranger")
    refused = storage.team.refuse_configure(importOnUpload=True, projectId="foreign")
    assert "config.projectId" in refused.fields
