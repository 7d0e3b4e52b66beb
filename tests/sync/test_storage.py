"""Files in storage: each provider pulled whole, then followed by its own means in what changes."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import yaml

from sandbox.kit.files import Files
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.connections.test_specs import CASES as DESCRIPTIONS
from tests.connections.test_specs import FOLDER, check_all
from tests.service import RpcError, Service
from tests.sync.storage import CASES, ODD, TAKE, Case, Storage, connect
from tests.sync.team import moved

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.slug)
with_tree = pytest.mark.parametrize("case", CASES[:3], ids=lambda case: case.slug)


@pytest.fixture
def storage(case: Case, service: Service, people: People, sandbox: Sandbox) -> Storage:
    return Storage(case, sandbox, connect(service, people, sandbox, case.slug))


@every
def test_everything_page_by_page(storage: Storage) -> None:
    storage.stand_in.seen.clear()
    entities = storage.team.succeed("full")
    assert len(storage.stand_in.seen) == storage.case.everything, [seen.path for seen in storage.stand_in.seen]
    assert len(storage.ids) > 1100
    assert entities["files"]["created"] == entities["files"]["done"] == len(storage.team.items("files"))
    storage.agrees()


@every
def test_nothing_new_costs_one_request(storage: Storage) -> None:
    storage.team.succeed("full")
    storage.stand_in.seen.clear()
    assert moved(storage.team.succeed()) == {}
    assert len(storage.stand_in.seen) == storage.case.nothing, [seen.path for seen in storage.stand_in.seen]


@every
def test_what_changed_and_nothing_else(storage: Storage) -> None:
    team, person = storage.team, storage.person
    team.succeed("full")
    other = {"updated": 1} if storage.case.moves else {"created": 1, "deleted": 1}
    person.add("Rushes/Day 2/neu & 新.mp4")
    assert moved(team.succeed()) == {"created": 1}
    before = team.items("files")[storage.case.id_of(storage.sandbox, TAKE)]
    person.write(TAKE, b"another version")
    assert moved(team.succeed()) == {"updated": 1}
    after = team.items("files")[storage.case.id_of(storage.sandbox, TAKE)]
    assert after["fields"]["size"] == len(b"another version")
    assert after["fields"].items() & before["fields"].items() < before["fields"].items()
    person.rename(TAKE, "Best.mp4")
    assert moved(team.succeed()) == other
    person.move("Rushes/Day 1/Best.mp4", "Rushes/Day 2")
    assert moved(team.succeed()) == other
    person.delete("Rushes/Day 2/Best.mp4")
    assert moved(team.succeed()) == {"deleted": 1}
    storage.agrees()


@every
def test_many_changes_at_once(storage: Storage) -> None:
    storage.team.succeed("full")
    for number in range(1500):
        storage.person.add(f"Rushes/Day 1/more {number}.mp4")
    for take in range(1, 31):
        storage.person.delete(f"Rushes/Day 1/Sound/T{take:03}.wav")
    assert moved(storage.team.succeed()) == {"created": 1500, "deleted": 30}
    storage.agrees()


@every
def test_a_file_that_comes_and_goes_between_two_syncs(storage: Storage) -> None:
    storage.team.succeed("full")
    storage.person.add("Rushes/Day 1/brief.mp4")
    storage.person.delete("Rushes/Day 1/brief.mp4")
    storage.person.delete(TAKE)
    storage.person.add(TAKE, b"the same name")
    storage.team.succeed()
    storage.agrees()


@every
def test_one_folder_with_all_that_is_below_it(storage: Storage) -> None:
    storage.follow("Rushes/Day 1")
    storage.team.succeed("full")
    assert storage.ids == storage.under("Rushes/Day 1")
    assert storage.case.id_of(storage.sandbox, "Rushes/Day 1/Sound/T001.wav") in storage.ids
    storage.stand_in.seen.clear()
    assert moved(storage.team.succeed()) == {}
    assert len(storage.stand_in.seen) == 1
    storage.person.add("Rushes/Day 2/outside.mp4")
    storage.person.add("Rushes/Day 2/Sound/outside.wav")
    storage.person.write("readme.txt", b"outside")
    assert moved(storage.team.succeed()) == {}
    storage.person.add("Rushes/Day 1/Sound/inside.wav")
    assert moved(storage.team.succeed()) == {"created": 1}
    storage.person.move("Rushes/Day 2/outside.mp4", "Rushes/Day 1/Sound")
    assert moved(storage.team.succeed()) == {"created": 1}
    storage.person.move(TAKE, "Rushes/Day 2")
    assert moved(storage.team.succeed()) == {"deleted": 1}
    assert storage.ids == storage.under("Rushes/Day 1")
    assert moved(storage.team.succeed("full")) == {}


@with_tree
def test_whole_folders_come_and_go(storage: Storage) -> None:
    storage.follow("Rushes")
    storage.team.succeed("full")
    files: Files = storage.person.files  # type: ignore[attr-defined]
    storage.person.move("日本語", "Rushes")
    assert moved(storage.team.succeed())["created"] == 1 + 1 + 1 + 6
    assert storage.ids == storage.under("Rushes")
    storage.person.rename("Rushes/日本語", "Japan")
    storage.team.succeed()
    assert storage.ids == storage.under("Rushes")
    storage.person.move("Rushes/Day 2", "Empty")
    assert moved(storage.team.succeed())["deleted"] == 1 + 550 + 1 + 40
    assert storage.ids == storage.under("Rushes")
    storage.person.delete("Rushes/Japan")
    assert moved(storage.team.succeed())["deleted"] == 1 + 1 + 1 + 6
    folder = files.add_folder(files.add_folder(files.at("Rushes"), "A"), "B")
    files.add(folder, "deep.mp4", b"deep")
    assert moved(storage.team.succeed())["created"] == 3
    files.rename(files.at("Rushes"), "Renamed")
    files.add(folder, "deeper.mp4", b"deep")
    storage.team.succeed()
    if storage.case.slug != "dropbox":
        assert storage.ids == storage.under("Renamed"), "a folder is followed wherever it goes"


@with_tree
def test_a_folder_goes_while_everything_is_followed(storage: Storage) -> None:
    storage.team.succeed("full")
    storage.person.delete("Rushes/Day 2")
    assert moved(storage.team.succeed()) == {"deleted": 1 + 550 + 1 + 40}
    storage.person.move("Rushes/Day 1/Sound", "Empty")
    storage.team.succeed()
    storage.agrees()


@every
def test_a_folder_that_is_not_there(storage: Storage) -> None:
    storage.team.configure(syncFolder="no such folder")
    job = storage.team.sync()
    assert job["status"] == "failed"
    assert "no such folder" in job["errors"][0]
    assert "check syncFolder" in job["errors"][0]
    storage.team.configure(syncFolder="/../../me/messages")
    assert "check syncFolder" in storage.team.sync()["errors"][0]
    storage.team.configure(syncFolder="")
    storage.team.succeed()
    assert len(storage.ids) > 1100


@with_tree
def test_a_file_is_no_folder(storage: Storage) -> None:
    storage.follow(TAKE)
    assert "check syncFolder" in storage.team.sync()["errors"][0]


@every
def test_an_expired_cursor_means_starting_over(storage: Storage) -> None:
    storage.team.succeed("full")
    storage.person.delete(TAKE)
    storage.person.add(ODD + ".bak")
    storage.case.expire(storage.sandbox)
    assert moved(storage.team.succeed()) == {"created": 1, "deleted": 1}
    storage.agrees()


@every
def test_an_expired_cursor_of_a_folder_means_starting_over(storage: Storage) -> None:
    storage.follow("Rushes")
    storage.team.succeed("full")
    storage.person.delete(TAKE)
    storage.case.expire(storage.sandbox)
    assert moved(storage.team.succeed()) == {"deleted": 1}
    assert moved(storage.team.succeed()) == {}
    assert storage.ids == storage.under("Rushes")


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("case", CASES[:1], ids=lambda case: case.slug)
def test_another_folder_to_follow(storage: Storage) -> None:
    storage.follow("Rushes/Day 1")
    storage.team.succeed()
    for path, folders in (("Rushes", ("Rushes",)), ("Rushes/Day 2", ("Rushes/Day 2",))):
        storage.follow(path)
        storage.team.succeed()
        assert storage.ids == storage.under(*folders)
        assert moved(storage.team.succeed()) == {}
    storage.person.delete(TAKE)
    storage.follow("Rushes/Day 1")
    storage.team.succeed()
    assert storage.ids == storage.under("Rushes/Day 1"), "nothing is remembered of what it was before"
    storage.team.configure(syncFolder="")
    storage.team.succeed()
    storage.agrees()


SPOIL: dict[str, Callable[[dict[str, Any]], object]] = {
    "dropbox": lambda entry: entry.pop("id"),
    "google_drive": lambda entry: entry.update(size="many"),
    "onedrive": lambda entry: entry.update(lastModifiedDateTime="yesterday"),
}


@with_tree
def test_what_cannot_be_read_is_told_of_and_kept(storage: Storage) -> None:
    known = storage.case.id_of(storage.sandbox, TAKE)
    storage.stand_in.seen.clear()
    storage.team.succeed("full")
    body = orjson.loads(storage.stand_in.requests_to(storage.case.list_path)[0].answer)
    entries = body.get("entries") or body.get("files") or body.get("value")
    spoilt = next(entry for entry in entries if entry.get("path_lower", entry["id"]) == known)
    SPOIL[storage.case.slug](spoilt)
    storage.stand_in.fail(storage.case.list_path, body=orjson.dumps(body))
    job = storage.team.sync("full")
    assert (job["status"], job["entities"][0]["failed"]) == ("partial", 1), job
    assert job["errors"][0].startswith(f"files {known}: ")
    storage.agrees()


@every
def test_there_is_nothing_to_choose_from(storage: Storage) -> None:
    asked = {"integrationId": storage.team.target, "kind": "projects"}
    with pytest.raises(RpcError, match="none to choose from"):
        storage.team.service.call("integration.listResources", asked, token=storage.team.people.admin)
    refused = storage.team.refuse_configure(projectMapping={"proj-1": "x"})
    assert "no projects to map to" in refused.fields["config.projectMapping"][0]


@pytest.mark.skipif(not FOLDER.exists(), reason="the providers' API descriptions are not beside this checkout")
@with_tree
def test_what_is_asked_and_answered_is_what_is_described(storage: Storage) -> None:
    name, prefix = next((name, prefix) for slug, name, _, prefix in DESCRIPTIONS if slug == storage.case.slug)
    storage.team.succeed()
    storage.follow("Rushes")
    storage.team.succeed()
    storage.person.delete(TAKE)
    storage.person.rename("Rushes/Day 2", "Day two")
    storage.team.succeed()
    spec = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    assert check_all(spec, storage.stand_in, prefix) >= 5
