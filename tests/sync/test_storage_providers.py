"""What is particular to each storage provider's files."""

import orjson
import pytest

from sandbox.drive_trees import SHARED_DRIVE
from sandbox.onedrive_drives import DRIVE
from sandbox.s3 import BUCKET
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.sync.storage import TAKE, InTree, connect, ids_of
from tests.sync.team import moved


def test_dropbox_knows_files_by_path_and_keeps_their_ids(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "dropbox")
    team.succeed()
    item = team.items("files")[f"/{TAKE}".lower()]
    node = sandbox.dropbox.files.at(TAKE)
    assert (item["title"], item["parentId"]) == (node.name, "/rushes/day 1")
    assert (item["fields"]["id"], item["fields"]["path"]) == (node.id, f"/{TAKE}")
    sandbox.dropbox.files.rename(node, node.name.upper())
    assert moved(team.succeed()) == {"updated": 1}, "another case is the same path"


def test_a_dropbox_folder_by_its_id(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "dropbox")
    team.configure(syncFolder=sandbox.dropbox.files.at("Rushes/Day 1/Sound").id)
    team.succeed()
    assert len(ids_of(team)) == 40
    assert ids_of(team, "folder") == {"/rushes/day 1/sound"}


def test_a_dropbox_folder_that_is_deleted_and_made_again(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "dropbox")
    team.succeed()
    files = sandbox.dropbox.files
    files.delete(files.at("Rushes/Day 2/Sound"))
    assert moved(team.succeed()) == {"deleted": 41}
    files.add(files.add_folder(files.at("Rushes/Day 2"), "Sound"), "new.wav", b"new")
    team.succeed()
    assert "/rushes/day 2/sound/new.wav" in ids_of(team)


def test_a_permission_that_dropbox_did_not_grant(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "dropbox")
    sandbox.dropbox.oauth.tokens[0].scopes = ("account_info.read",)
    job = team.sync()
    assert (job["status"], job["errors"]) == (
        "failed",
        ["files: Dropbox did not grant a permission that this needs; connect again (missing_scope)"],
    )


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_what_is_in_googles_bin_is_gone_until_it_is_restored(
    service: Service, people: People, sandbox: Sandbox
) -> None:
    team = connect(service, people, sandbox, "google_drive")
    team.succeed()
    before = ids_of(team)
    folder = sandbox.google.files.at("Rushes/Day 1")
    sandbox.google.files.trash(folder)
    assert moved(team.succeed()) == {"deleted": 1 + 550 + 1 + 40}, "Google speaks of the folder alone"
    assert moved(team.succeed("full")) == {}
    sandbox.google.files.trash(folder, restore=True)
    team.succeed()
    assert ids_of(team) == before
    assert moved(team.succeed("full")) == {}


@pytest.mark.parametrize("folder", [SHARED_DRIVE, "Dailies"])
def test_a_shared_drive_has_a_log_of_its_own(service: Service, people: People, sandbox: Sandbox, folder: str) -> None:
    team = connect(service, people, sandbox, "google_drive")
    shared = sandbox.google.drive.shared
    team.configure(syncFolder=shared.at("Dailies").id if folder == "Dailies" else folder)
    team.succeed()
    assert len(ids_of(team)) == 5
    made = shared.add(shared.at("Dailies"), "daily 6.mp4", b"six")
    sandbox.google.files.add(sandbox.google.files.root, "elsewhere.mp4", b"else")
    assert moved(team.succeed()) == {"created": 1}
    assert made.id in ids_of(team)
    shared.delete(made)
    assert moved(team.succeed()) == {"deleted": 1}


def test_going_through_a_folder_goes_on_where_it_was(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "google_drive")
    team.configure(syncFolder=sandbox.google.files.at("Rushes").id)
    for _ in range(2):
        sandbox.google.fail("/drive/v3/files", truthful=True)
    sandbox.google.fail("/drive/v3/files", status=429, headers={"Retry-After": "300"})
    job = team.sync()
    assert job["status"] == "queued", "it waits as long as the provider asks"
    before = len(ids_of(team))
    service.run(lambda app: app.keeper.enqueue_waiting())
    service.clock.advance(s=300)
    sandbox.google.seen.clear()
    service.run(lambda _: service.engine.let_go())
    service.run(lambda _: service.engine.idle())
    assert team.job(job["id"])["status"] == "succeeded"
    assert 0 < before < len(ids_of(team)) == 2 * 590
    # Rushes, one day and a page of sound are known; there are as many folders left.
    assert len(sandbox.google.requests_to("/drive/v3/files")) == 5 - 2
    assert moved(team.succeed()) == {}


def test_a_path_that_is_too_long(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "dropbox")
    files = sandbox.dropbox.files
    folder = files.at("Empty")
    for _ in range(9):
        folder = files.add_folder(folder, "ü" * 120)
    job = team.sync()
    assert (job["status"], job["entities"][0]["failed"]) == ("partial", 1)
    assert "path is too long" in job["errors"][0]


def test_my_drive_as_a_folder(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "google_drive")
    team.configure(syncFolder="root")
    team.succeed()
    files = sandbox.google.files
    made = files.add(files.root, "a/b 'c' \\ \u202e.mp4", b"any name is a name")
    assert moved(team.succeed()) == {"created": 1}
    assert team.items("files")[made.id]["title"] == made.name
    assert len(ids_of(team)) == len(InTree(files).paths())


def test_googles_rate_limits_are_waited_for(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "google_drive")
    body = (
        b'{"error":{"code":403,"message":"Slow","errors":[{"domain":"usageLimits","reason":"userRateLimitExceeded"}]}}'
    )
    sandbox.google.fail("/drive/v3/files", status=403, body=body, times=8)
    assert team.succeed()["files"]["created"] > 1100


def test_a_name_that_no_database_takes(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "google_drive")
    bad = sandbox.google.files.add(sandbox.google.files.root, "nul\0.mp4", b"?")
    job = team.sync()
    assert job["status"] == "partial"
    assert job["errors"] == [f"files {bad.id}: Google Drive has a file whose name holds a NUL character"]


def test_onedrives_folders_above_a_change_are_no_change(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "onedrive")
    files = sandbox.microsoft.files
    team.configure(syncFolder=files.at("Rushes").id)
    team.succeed()
    files.write(files.at(TAKE), b"another version")
    sandbox.microsoft.seen.clear()
    assert moved(team.succeed()) == {"updated": 1}
    # The change, and the folder that it is in.
    assert len(sandbox.microsoft.seen) == 2
    assert sandbox.microsoft.seen[0].headers["prefer"] == "deltaExcludeParent"


def test_a_folder_of_onedrive_as_list_files_shows_it(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "onedrive")
    files = sandbox.microsoft.files
    team.configure(syncFolder=f"{DRIVE}/{files.at('Rushes/Day 1').id}")
    team.succeed()
    assert len(ids_of(team)) == 590
    files.add(files.at("Rushes/Day 1"), "new.mp4", b"new")
    assert moved(team.succeed()) == {"created": 1}


@pytest.mark.parametrize("name", ["@odata.nextLink", "@odata.deltaLink"])
def test_a_link_that_leads_away_from_microsoft(service: Service, people: People, sandbox: Sandbox, name: str) -> None:
    team = connect(service, people, sandbox, "onedrive")
    body = orjson.dumps({"value": [], name: "https://graph.microsoft.com.evil.example/v1.0/me/drive/root/delta"})
    sandbox.microsoft.fail("/v1.0/me/drive/root/delta", body=body)
    job = team.sync()
    assert (job["status"], job["errors"]) == ("failed", ["files: OneDrive sent a next page that leads elsewhere"])


def test_the_last_word_of_onedrive_counts(service: Service, people: People, sandbox: Sandbox) -> None:
    team = connect(service, people, sandbox, "onedrive")
    team.succeed()
    known = sandbox.microsoft.files.at(TAKE).id
    entry = {"id": known, "name": "Later.mp4", "file": {}, "parentReference": {"id": "x"}}
    link = "https://graph.microsoft.com/v1.0/me/drive/root/delta?token=latest"
    told = [{"id": known, "deleted": {}}, entry | {"name": "Sooner.mp4"}, entry]
    body = {"value": told, "@odata.deltaLink": link}
    sandbox.microsoft.fail("/v1.0/me/drive/root/delta", body=orjson.dumps(body))
    assert moved(team.succeed()) == {"updated": 1}
    assert team.items("files")[known]["title"] == "Later.mp4"


@pytest.mark.parametrize("folder", ["Day 1", "Day 1/", "Rushes/Day 1/"])
def test_a_folder_below_the_prefix_of_s3(service: Service, people: People, sandbox: Sandbox, folder: str) -> None:
    team = connect(service, people, sandbox, "s3", prefix="Rushes/")
    team.succeed()
    assert len(ids_of(team)) == 2 * 590
    team.configure(syncFolder=folder)
    team.succeed()
    assert len(ids_of(team)) == 590
    sandbox.s3.files.add("Rushes/Day 10/a.mp4", b"not in Day 1")
    sandbox.s3.files.add("Rushes/Day 1/folder/", b"")
    sandbox.s3.files.add("Rushes/Day 1/ key //with?every=thing&+%25\u2028\x01.mp4", b"a key")
    assert moved(team.succeed()) == {"created": 1}
    item = team.items("files")["Rushes/Day 1/ key //with?every=thing&+%25\u2028\x01.mp4"]
    assert item["parentId"] == "Rushes/Day 1/ key //"


@pytest.mark.parametrize(
    "body", [b"<html>Welcome</html>", b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"]
)
def test_s3_answers_with_something_else(service: Service, people: People, sandbox: Sandbox, body: bytes) -> None:
    team = connect(service, people, sandbox, "s3")
    team.succeed()
    before = ids_of(team)
    sandbox.s3.fail(f"/{BUCKET}", body=body)
    job = team.sync()
    assert job["status"] == "failed", job
    assert ids_of(team) == before
