"""What there is at OneDrive: the account's own drive and a library of SharePoint, and how things in them are shown.

Source: learn.microsoft.com/graph/api/resources/{driveitem,remoteitem,hashes}.
"""

import functools
from typing import Any

from sandbox.kit.checksums import quick_xor_hash
from sandbox.kit.files import Files, Node, furnish
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import iso

DRIVE = "b!sandboxDrive"
LIBRARY = "b!sandboxLibrary"
KINDS = {DRIVE: "business", LIBRARY: "documentLibrary"}
HOST = "https://sandbox-my.sharepoint.example"
WEB = f"{HOST}/personal/ada/Documents"
TYPES = {"mp4": "video/mp4", "mov": "video/quicktime", "wav": "audio/wav", "txt": "text/plain"}
REFUSED_CHARS = frozenset('"*:<>?/\\|') | {chr(code) for code in range(32)}


class Drives:
    """`files` is the account's own drive, `library` one that it reaches with the permissions for all files alone."""

    def __init__(self, clock: Clock) -> None:
        self.files = Files(clock, lambda number: f"01SANDBOX{number:025}", furnish, f"01SANDBOX{0:025}")
        self.library = Files(clock, lambda number: f"01LIBRARY{number:025}", _furnish_library, f"01LIBRARY{0:025}")
        self.drives = {DRIVE: self.files, LIBRARY: self.library}
        self.reset()

    def reset(self) -> None:
        for files in self.drives.values():
            files.reset()
        self._remote: dict[str, str] = {}
        self._packages: set[str] = set()
        self.infected: set[str] = set()
        self.room_bytes = 1 << 40

    def add_remote(self, folder: Node, name: str, target: Node) -> Node:
        """What is shown in the account's drive and is in another."""
        node = self.files.add(folder, name, b"")
        self._remote[node.id] = target.id
        return node

    def add_package(self, folder: Node, name: str) -> Node:
        """A notebook, say."""
        node = self.files.add_folder(folder, name)
        self._packages.add(node.id)
        return node

    def drive_of(self, node: Node) -> str:
        return next(drive for drive, files in self.drives.items() if node.id in files.by_id)

    @staticmethod
    def may(token: Token, drive: str, *, write: bool = False) -> bool:
        wanted = {"Files.ReadWrite.All"} if write else {"Files.ReadWrite.All", "Files.Read.All"}
        if drive == DRIVE:
            wanted |= {"Files.ReadWrite"} if write else {"Files.ReadWrite", "Files.Read"}
        return bool(wanted & set(token.scopes))

    def show(self, node: Node, *, with_path: bool = False) -> dict[str, Any]:
        drive = self.drive_of(node)
        reference: dict[str, Any] = {"driveId": drive, "driveType": KINDS[drive]}
        if node.parent is not None:
            reference["id"] = node.parent.id
            if with_path:
                reference["path"] = f"/drives/{drive}/root:{node.parent.path}"
        shown: dict[str, Any] = {
            "id": node.id,
            "name": node.name or "root",
            "eTag": f'"{{{node.id}}},{node.revision}"',
            "cTag": f'"c:{{{node.id}}},{node.revision}"',
            "lastModifiedDateTime": iso(node.modified_s),
            "webUrl": f"{WEB}/{node.id}",
            "parentReference": reference,
        }
        if (target := self._remote.get(node.id)) is not None:
            inner = self.show(self.library.by_id[target])
            kept = {name: inner[name] for name in ("id", "name", "parentReference", "webUrl", "size")}
            facet = {name: inner[name] for name in ("file", "folder") if name in inner}
            return shown | {"remoteItem": kept | facet}
        if node.parent is None:
            shown["root"] = {}
        shown["size"] = sum(len(inner.content or b"") for inner in (node, *node.walk()))
        if node.id in self._packages:
            return shown | {"package": {"type": "oneNote"}}
        if node.content is None:
            return shown | {"folder": {"childCount": len(node.children)}}
        if node.id in self.infected:
            shown["malware"] = {"description": "EICAR"}
        kind = TYPES.get(node.name.rpartition(".")[2], "application/octet-stream")
        return shown | {"file": {"mimeType": kind, "hashes": {"quickXorHash": _quick_xor(node.content)}}}


def takes_name(name: str) -> bool:
    """Whether a file may be called that."""
    return not (REFUSED_CHARS & set(name) or name != name.strip() or name.endswith(".") or not 0 < len(name) <= 255)


@functools.lru_cache(maxsize=4096)
def _quick_xor(content: bytes) -> str:
    return quick_xor_hash(content)


def _furnish_library(files: Files) -> None:
    shared = files.add_folder(files.root, "Shared with the team")
    for number in range(1, 4):
        files.add(shared, f"cut {number}.mp4", b"cut %d" % number)
