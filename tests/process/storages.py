"""The storages that files are exported to, as crash tests see them: one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.kit.stand_in import StandIn
from sandbox.onedrive_drives import DRIVE
from sandbox.onedrive_transfers import UPLOAD
from sandbox.s3 import BUCKET
from sandbox.stand_ins import Sandbox


@dataclass(frozen=True)
class Storage:
    """A provider that takes files. `chunk` is the request that brings a chunk in the middle, `last` the one that the
    file is there after; a request is a method, a path, and how many such come before it. `paths` are all of them.

    `names` are the files in `folder`, `read` is what one of them holds, `unfinished` how many uploads have no end.
    """

    slug: str
    stand_in: Callable[[Sandbox], StandIn]
    folder: Callable[[Sandbox], str | None]
    chunk: tuple[str, str, int]
    last: tuple[str, str, int]
    paths: tuple[str, ...]
    names: Callable[[Sandbox], list[str]]
    read: Callable[[Sandbox, str], bytes]
    unfinished: Callable[[Sandbox], int]


def _in_tree(sandbox: Sandbox, slug: str) -> Any:
    """Google lets Koko write to the top of the drive alone."""
    if slug == "google_drive":
        return sandbox.google.files.root
    return (sandbox.dropbox if slug == "dropbox" else sandbox.microsoft).files.at("Empty")


def _names(slug: str) -> Callable[[Sandbox], list[str]]:
    def names(sandbox: Sandbox) -> list[str]:
        return [node.name for node in _in_tree(sandbox, slug).children.values() if "reel" in node.name]

    return names


def _read(slug: str) -> Callable[[Sandbox, str], bytes]:
    def read(sandbox: Sandbox, name: str) -> bytes:
        content: bytes = next(node.content for node in _in_tree(sandbox, slug).children.values() if node.name == name)
        return content

    return read


OBJECT = f"/{BUCKET}/Empty/reel.zip"
DRIVE_UPLOAD = "/upload/drive/v3/files"
SESSION = "/2/files/upload_session"
STORAGES = (
    Storage(
        slug="dropbox",
        stand_in=lambda s: s.dropbox,
        folder=lambda _: "/Empty",
        chunk=("POST", f"{SESSION}/append_v2", 1),
        last=("POST", f"{SESSION}/finish", 0),
        paths=(f"{SESSION}/append_v2", f"{SESSION}/finish"),
        names=_names("dropbox"),
        read=_read("dropbox"),
        unfinished=lambda s: len(s.dropbox.uploads._sessions),
    ),
    Storage(
        slug="s3",
        stand_in=lambda s: s.s3,
        folder=lambda _: "Empty/",
        chunk=("PUT", OBJECT, 1),
        last=("POST", OBJECT, 1),
        paths=(OBJECT,),
        names=lambda s: [key.removeprefix("Empty/") for key in sorted(s.s3.files.keys()) if "reel" in key],
        read=lambda s, name: s.s3.files.read(f"Empty/{name}"),
        unfinished=lambda s: s.s3.files.unfinished(),
    ),
    Storage(
        slug="google_drive",
        stand_in=lambda s: s.google,
        folder=lambda _: None,
        chunk=("PUT", DRIVE_UPLOAD, 1),
        last=("PUT", DRIVE_UPLOAD, 2),
        paths=(DRIVE_UPLOAD,),
        names=_names("google_drive"),
        read=_read("google_drive"),
        unfinished=lambda s: s.google.drive.uploads.unfinished,
    ),
    Storage(
        slug="onedrive",
        stand_in=lambda s: s.microsoft,
        folder=lambda s: f"{DRIVE}/{s.microsoft.files.at('Empty').id}",
        chunk=("PUT", UPLOAD, 0),
        last=("PUT", UPLOAD, 1),
        paths=(UPLOAD,),
        names=_names("onedrive"),
        read=_read("onedrive"),
        unfinished=lambda s: len(s.microsoft.drive.transfers.sessions),
    ),
)
