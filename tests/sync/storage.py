"""The storage providers as their tests see them: one row each, and somebody who works with the files there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.kit.files import Files
from sandbox.kit.stand_in import StandIn
from sandbox.s3 import BUCKET, KEYS, Bucket
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.service import Service
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


def connect(service: Service, people: People, sandbox: Sandbox, slug: str, **config: Any) -> Team:
    if slug != "s3":
        return join(service, people, sandbox, slug)
    key, secret = next(iter(KEYS.items()))
    given = {"accessKeyId": key, "secretAccessKey": secret, "bucket": BUCKET, "region": "us-east-1", **config}
    params = {"teamId": TEAM, "provider": "s3", "config": given}
    result = service.call("integration.connect", params, token=people.admin)
    return Team(service, people, sandbox, Koko(service), slug, str(result["integration"]["id"]))


def ids_of(team: Team, kind: str = "file") -> set[str]:
    return {one for one, item in team.items("files").items() if item["fields"]["kind"] == kind}
