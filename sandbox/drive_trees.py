"""What there is at Google Drive: an account's own drive, a shared one, what others have shared, and who may what.

With the scope drive.file an app sees, and writes to, what it has made itself or has been given in Google's picker.
"""

from typing import Any

from sandbox.drive_shapes import FOLDER, SHORTCUT, Refusal, iso, shown_file
from sandbox.kit.files import Files, Node, furnish
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock

SCOPE = "https://www.googleapis.com/auth"
READS, WRITES = f"{SCOPE}/drive.readonly", f"{SCOPE}/drive.file"
SHARED_DRIVE = "0ASandboxSharedDrive"


class Drives:
    """`files` is the account's own drive. What is `undownloadable` its owner keeps, what is `abusive` Google keeps."""

    def __init__(self, clock: Clock) -> None:
        self.files = Files(clock, lambda number: f"1sandboxFile{number:021}", furnish, "0ASandboxRoot")
        self.shared = Files(clock, lambda number: f"1sharedFile{number:022}", _furnish_shared, SHARED_DRIVE)
        self.theirs = Files(clock, lambda number: f"1theirFile{number:023}", lambda _: None, "0ATheirRoot")
        self.trees = (self.files, self.shared, self.theirs)
        self.reset()

    def reset(self) -> None:
        for files in self.trees:
            files.reset()
        self.kinds: dict[str, str] = {}
        self._targets: dict[str, str] = {}
        self._granted: set[str] = set()
        self.undownloadable: set[str] = set()
        self.abusive: set[str] = set()
        self.full = False

    def add_document(self, folder: Node, name: str, kind: str, exported: bytes) -> Node:
        """One of Google's own, such as a `document` or a `form`, and what it is when it is exported."""
        node = self.files_of(folder).add(folder, name, exported)
        self.kinds[node.id] = f"application/vnd.google-apps.{kind}"
        return node

    def add_shortcut(self, folder: Node, name: str, target: Node) -> Node:
        node = self.files_of(folder).add(folder, name, b"")
        self.kinds[node.id] = SHORTCUT
        self._targets[node.id] = target.id
        return node

    def grant(self, node: Node) -> Node:
        """As if the app had made it, or somebody had picked it for the app."""
        self._granted.add(node.id)
        return node

    def drive(self, drive_id: str | None) -> Files:
        if drive_id is None:
            return self.files
        if drive_id != SHARED_DRIVE:
            raise Refusal(404, "notFound", f"Shared drive not found: {drive_id}")
        return self.shared

    def find(self, file_id: str) -> Node | None:
        if file_id == "root":
            return self.files.root
        return next((tree.by_id[file_id] for tree in self.trees if file_id in tree.by_id), None)

    def files_of(self, node: Node) -> Files:
        return next(tree for tree in self.trees if node.id in tree.by_id)

    def sees(self, token: Token, node: Node) -> bool:
        return READS in token.scopes or self.writes(token, node)

    def writes(self, token: Token, node: Node) -> bool:
        return WRITES in token.scopes and (node.id in self._granted or node is self.files.root)

    def show(self, node: Node, token: Token) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "kind": "drive#file",
            "id": node.id,
            "name": node.name or ("Drive" if node is self.shared.root else "My Drive"),
            "mimeType": FOLDER,
            "modifiedTime": iso(node.modified_s),
            "trashed": node.is_trashed,
            "explicitlyTrashed": node.in_bin,
            "version": str(node.revision),
            "webViewLink": f"https://drive.google.com/drive/folders/{node.id}",
            "capabilities": {
                "canDownload": not node.is_folder and node.id not in self.undownloadable,
                "canEdit": self.writes(token, node),
                "canAddChildren": node.is_folder and self.writes(token, node),
            },
        }
        if node.parent is not None and node.parent is not self.theirs.root:
            shown["parents"] = [node.parent.id]
        if node.id in self.shared.by_id:
            shown["driveId"] = SHARED_DRIVE
        if node.content is not None:
            shown |= shown_file(node, node.content, self.kinds.get(node.id))
        if (target := self.find(self._targets.get(node.id, ""))) is not None:
            shown["shortcutDetails"] = {"targetId": target.id, "targetMimeType": self.show(target, token)["mimeType"]}
        return shown


def _furnish_shared(files: Files) -> None:
    dailies = files.add_folder(files.root, "Dailies")
    for number in range(1, 6):
        files.add(dailies, f"daily {number}.mp4", b"daily %d" % number)
