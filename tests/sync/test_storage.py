"""Files in storage: each provider pulled whole, then by its own means followed in what changes, against its stand-in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import pytest

from sandbox.drive import SHARED_DRIVE
from sandbox.kit.files import Files
from sandbox.kit.stand_in import StandIn
from sandbox.s3 import BUCKET, KEYS, Bucket
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.service import RpcError, Service
from tests.sync.team import Koko, Team, join, moved

TAKE = "Rushes/Day 1/Scene 1 take 7.mp4"
ODD = "日本語/素材 🎬/it's 100% #final+v2 (1).mp4"


class Person(Protocol):
    """Somebody at the provider. Files are named by paths such as Rushes/Day 1/a.mp4."""

    def add(self, path: str, content: bytes = b"new") -> None: ...
    def write(self, path: str, content: bytes) -> None: ...
    def rename(self, path: str, name: str) -> None: ...
    def move(self, path: str, folder: str) -> None: ...
    def delete(self, path: str) -> None: ...
    def paths(self) -> set[str]: ...


@dataclass
class InTree:
    files: Files

    def add(self, path: str, content: bytes = b"new") -> None:
        folder, _, name = path.rpartition("/")
        self.files.add(self.files.at(folder), name, content)

    def write(self, path: str, content: bytes) -> None:
        self.files.write(self.files.at(path), content)

    def rename(self, path: str, name: str) -> None:
        self.files.rename(self.files.at(path), name)

    def move(self, path: str, folder: str) -> None:
        self.files.move(self.files.at(path), self.files.at(folder))

    def delete(self, path: str) -> None:
        self.files.delete(self.files.at(path))

    def paths(self) -> set[str]:
        return {node.path[1:] for node in self.files.root.walk() if not node.is_folder}


@dataclass
class InBucket:
    bucket: Bucket

    def add(self, path: str, content: bytes = b"new") -> None:
        self.bucket.add(path, content)

    def write(self, path: str, content: bytes) -> None:
        self.bucket.add(path, content)

    def rename(self, path: str, name: str) -> None:
        self.bucket.rename(path, f"{path.rpartition('/')[0]}/{name}")

    def move(self, path: str, folder: str) -> None:
        self.bucket.rename(path, f"{folder}/{path.rpartition('/')[2]}")

    def delete(self, path: str) -> None:
        self.bucket.delete(path)

    def paths(self) -> set[str]:
        return self.bucket.keys()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One provider. `id_of` is what an item of a file is known by, `everything` how many requests it takes to list all
    that the stand-in is furnished with, `nothing` how many to find nothing new. With `moves` off, what is renamed or
    moved is another item."""

    slug: str
    stand_in: Callable[[Sandbox], StandIn]
    person: Callable[[Sandbox], Person]
    folder: Callable[[Sandbox, str], str]
    id_of: Callable[[Sandbox, str], str]
    list_path: str
    feed_path: str
    everything: int
    nothing: int = 1
    moves: bool = True
    expire: Callable[[Sandbox], None]


def _s3_expires(sandbox: Sandbox) -> None:
    body = b"<Error><Code>InvalidArgument</Code><Message>The continuation token is incorrect</Message></Error>"
    sandbox.s3.fail(f"/{BUCKET}", truthful=True)
    sandbox.s3.fail(f"/{BUCKET}", status=400, body=body)


CASES = [
    Case(
        slug="dropbox",
        stand_in=lambda s: s.dropbox,
        person=lambda s: InTree(s.dropbox.files),
        folder=lambda s, path: f"/{path}",
        id_of=lambda s, path: f"/{path}".lower(),
        list_path="/2/files/list_folder",
        feed_path="/2/files/list_folder/continue",
        everything=2,
        moves=False,
        expire=lambda s: s.dropbox.storage.expire_cursors(),
    ),
    Case(
        slug="google_drive",
        stand_in=lambda s: s.google,
        person=lambda s: InTree(s.google.files),
        folder=lambda s, path: s.google.files.at(path).id,
        id_of=lambda s, path: s.google.files.at(path).id,
        list_path="/drive/v3/files",
        feed_path="/drive/v3/changes",
        # And where the log of changes stands.
        everything=1 + 2,
        expire=lambda s: s.google.drive.expire_tokens(),
    ),
    Case(
        slug="onedrive",
        stand_in=lambda s: s.microsoft,
        person=lambda s: InTree(s.microsoft.files),
        folder=lambda s, path: f"/{path}",
        id_of=lambda s, path: s.microsoft.files.at(path).id,
        list_path="/v1.0/me/drive/root/delta",
        feed_path="/v1.0/me/drive/root/delta",
        everything=6,
        expire=lambda s: s.microsoft.drive.expire_tokens(),
    ),
    Case(
        slug="s3",
        stand_in=lambda s: s.s3,
        person=lambda s: InBucket(s.s3.files),
        folder=lambda s, path: f"{path}/",
        id_of=lambda s, path: path,
        list_path=f"/{BUCKET}",
        feed_path=f"/{BUCKET}",
        everything=2,
        nothing=2,
        moves=False,
        expire=_s3_expires,
    ),
]
every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.slug)
with_tree = pytest.mark.parametrize("case", CASES[:3], ids=lambda case: case.slug)


@dataclass
class Storage:
    case: Case
    sandbox: Sandbox
    team: Team

    @property
    def person(self) -> Person:
        return self.case.person(self.sandbox)

    @property
    def stand_in(self) -> StandIn:
        return self.case.stand_in(self.sandbox)

    @property
    def ids(self) -> set[str]:
        """Of the files that Koko knows."""
        return {one for one, item in self.team.items("files").items() if item["fields"]["kind"] == "file"}

    def ids_of(self, paths: set[str]) -> set[str]:
        return {self.case.id_of(self.sandbox, path) for path in paths}

    def under(self, *folders: str) -> set[str]:
        starts = tuple(f"{folder}/" for folder in folders)
        return self.ids_of({path for path in self.person.paths() if path.startswith(starts)})

    def agrees(self) -> None:
        """What Koko knows is all that there is, and neither a full pass nor another finds anything else."""
        assert self.ids == self.ids_of(self.person.paths())
        assert moved(self.team.succeed("full")) == {}
        assert moved(self.team.succeed()) == {}

    def follow(self, path: str) -> None:
        self.team.configure(syncFolder=self.case.folder(self.sandbox, path))


@pytest.fixture
def storage(case: Case, service: Service, people: People, sandbox: Sandbox) -> Storage:
    return Storage(case, sandbox, connect(service, people, sandbox, case.slug))


def connect(service: Service, people: People, sandbox: Sandbox, slug: str, **config: Any) -> Team:
    if slug != "s3":
        return join(service, people, sandbox, slug)
    key, secret = next(iter(KEYS.items()))
    given = {"accessKeyId": key, "secretAccessKey": secret, "bucket": BUCKET, "region": "us-east-1", **config}
    params = {"teamId": TEAM, "provider": "s3", "config": given}
    result = service.call("integration.connect", params, token=people.admin)
    return Team(service, people, sandbox, Koko(service), slug, str(result["integration"]["id"]))


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


@every
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


def ids_of(team: Team, kind: str = "file") -> set[str]:
    return {one for one, item in team.items("files").items() if item["fields"]["kind"] == kind}


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


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"<ListBucketResult><IsTruncated>true</IsTruncated>"])
def test_s3_answers_with_something_else(service: Service, people: People, sandbox: Sandbox, body: bytes) -> None:
    team = connect(service, people, sandbox, "s3")
    team.succeed()
    before = ids_of(team)
    sandbox.s3.fail(f"/{BUCKET}", body=body)
    job = team.sync()
    assert job["status"] == "failed", job
    assert ids_of(team) == before


@every
def test_there_is_nothing_to_choose_from(storage: Storage) -> None:
    asked = {"integrationId": storage.team.target, "kind": "projects"}
    with pytest.raises(RpcError, match="none to choose from"):
        storage.team.service.call("integration.listResources", asked, token=storage.team.people.admin)
    refused = storage.team.refuse_configure(projectMapping={"proj-1": "x"})
    assert "no projects to map to" in refused.fields["config.projectMapping"][0]
