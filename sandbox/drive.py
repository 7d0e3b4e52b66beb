"""Google Drive: an account's own drive and a shared one. Source: the Drive v3 discovery document,
developers.google.com/workspace/drive/api/guides/{search-files,manage-changes,about-changes}.

Each drive has a log of changes with one entry per file, its last. Only the members that `fields` names are answered.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.files import Files, Node, furnish
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock

SCOPE = "https://www.googleapis.com/auth"
FOLDER = "application/vnd.google-apps.folder"
TYPES = {"mp4": "video/mp4", "mov": "video/quicktime", "wav": "audio/wav", "txt": "text/plain"}
COMMON = frozenset({"fields", "prettyPrint", "quotaUser"})
FILES = COMMON | set("corpora driveId includeItemsFromAllDrives orderBy pageSize pageToken q spaces".split())
CHANGES = COMMON | set("driveId includeItemsFromAllDrives includeRemoved pageSize pageToken restrictToMyDrive".split())
SHARED_DRIVE = "0ASandboxSharedDrive"
_TERM = re.compile(r"'((?:[^'\\]|\\.)+)' in parents|trashed ?= ?(true|false)")


class Refusal(Exception):
    """`reason` is Google's own word for it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


class DriveApi:
    """`find_token` answers who asks, `refuse` makes an error answer of a status, a reason and a message."""

    def __init__(
        self,
        clock: Clock,
        find_token: Callable[[Request], Token | None],
        refuse: Callable[[int, str, str], Response],
    ) -> None:
        self.files = Files(clock, lambda number: f"1sandboxFile{number:021}", furnish, "0ASandboxRoot")
        self.shared = Files(clock, lambda number: f"1sharedFile{number:022}", _furnish_shared, SHARED_DRIVE)
        self._find_token = find_token
        self._refuse = refuse
        self.reset()

    def reset(self) -> None:
        self.files.reset()
        self.shared.reset()
        self._first_token = 0
        self._pages: set[str] = set()

    def expire_tokens(self) -> None:
        """Those that were given out are good for nothing any more."""
        self._first_token += 1_000_000
        self._pages.clear()

    def routes(self) -> list[BaseRoute]:
        return [
            self._route("/files", FILES, self._list),
            self._route("/files/{id}", COMMON, self._get),
            self._route("/changes/startPageToken", COMMON | {"driveId"}, self._start),
            self._route("/changes", CHANGES, self._changes),
        ]

    def _route(self, path: str, known: frozenset[str], answer: Callable[[Request], dict[str, Any]]) -> Route:
        async def endpoint(request: Request) -> Response:
            token = self._find_token(request)
            if token is None:
                return self._refuse(401, "authError", "Invalid Credentials")
            # With the other scope there is only what the app has made.
            if f"{SCOPE}/drive.readonly" not in token.scopes:
                return self._refuse(403, "insufficientPermissions", "Insufficient Permission")
            unknown = set(request.query_params) - known - {"supportsAllDrives"}
            if unknown:
                return self._refuse(400, "invalidParameter", f"Unknown name {min(unknown)}")
            try:
                body = answer(request)
            except Refusal as refusal:
                return self._refuse(refusal.status, refusal.reason, refusal.message)
            return JSONResponse(_only(body, request.query_params.get("fields", "*")))

        return Route(f"/drive/v3{path}", endpoint)

    def _list(self, request: Request) -> dict[str, Any]:
        asked = request.query_params
        drive = self._drive(asked.get("driveId")) if asked.get("corpora") == "drive" else None
        parent, trashed = _read_query(asked.get("q", ""))
        if parent is None:
            nodes = [node for node in (drive or self.files).by_id.values() if node.parent is not None]
        else:
            folder = self._find(parent)
            if folder is None or (drive is not None and folder.id not in drive.by_id):
                raise Refusal(404, "notFound", "File not found: .")
            nodes = list(folder.children.values())
            if folder.id in self.shared.by_id and asked.get("includeItemsFromAllDrives") != "true":
                nodes = []
        nodes = [node for node in nodes if trashed is None or node.is_trashed == trashed]
        start, size = self._page(asked.get("pageToken")), min(int(asked.get("pageSize", "100")), 1000)
        body: dict[str, Any] = {
            "kind": "drive#fileList",
            "incompleteSearch": False,
            "files": [self._file(node) for node in nodes[start : start + size]],
        }
        if start + size < len(nodes):
            body["nextPageToken"] = f"~!!~{start + size}"
            self._pages.add(body["nextPageToken"])
        return body

    def _get(self, request: Request) -> dict[str, Any]:
        wanted = request.path_params["id"]
        node = self._find(wanted)
        if node is None or (node.id in self.shared.by_id and request.query_params.get("supportsAllDrives") != "true"):
            raise Refusal(404, "notFound", f"File not found: {wanted}.")
        return self._file(node)

    def _start(self, request: Request) -> dict[str, Any]:
        drive = self._drive(request.query_params.get("driveId"))
        return {"kind": "drive#startPageToken", "startPageToken": str(self._first_token + len(drive.journal))}

    def _changes(self, request: Request) -> dict[str, Any]:
        asked = request.query_params
        drive = self._drive(asked.get("driveId"))
        token = asked.get("pageToken", "")
        since = int(token) - self._first_token if token.isdecimal() else -1
        if not 0 <= since <= len(drive.journal):
            raise Refusal(400, "invalid", "Invalid Value")
        last = {one.id: position for position, one in enumerate(drive.journal) if one.id is not None}
        found = sorted((position, file_id) for file_id, position in last.items() if position >= since)
        size = min(int(asked.get("pageSize", "100")), 1000)
        page, more = found[:size], len(found) > size
        following = page[-1][0] + 1 if more else len(drive.journal)
        return {
            "kind": "drive#changeList",
            "changes": [self._change(drive, file_id) for _, file_id in page],
            "nextPageToken" if more else "newStartPageToken": str(self._first_token + following),
        }

    def _change(self, drive: Files, file_id: str) -> dict[str, Any]:
        node = drive.by_id.get(file_id)
        moment = drive.root.modified_s if node is None else node.modified_s
        told = {"kind": "drive#change", "changeType": "file", "time": _iso(moment), "fileId": file_id}
        return {**told, "removed": True} if node is None else {**told, "removed": False, "file": self._file(node)}

    def _page(self, token: str | None) -> int:
        if token is None:
            return 0
        if token not in self._pages:
            raise Refusal(400, "invalid", "Invalid Value")
        return int(token.removeprefix("~!!~"))

    def _drive(self, drive_id: str | None) -> Files:
        if drive_id is None:
            return self.files
        if drive_id != SHARED_DRIVE:
            raise Refusal(404, "notFound", f"Shared drive not found: {drive_id}")
        return self.shared

    def _find(self, file_id: str) -> Node | None:
        if file_id == "root":
            return self.files.root
        return self.files.by_id.get(file_id) or self.shared.by_id.get(file_id)

    def _file(self, node: Node) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "kind": "drive#file",
            "id": node.id,
            "name": node.name or ("Shared drive" if node is self.shared.root else "My Drive"),
            "mimeType": FOLDER,
            "modifiedTime": _iso(node.modified_s),
            "trashed": node.is_trashed,
            "explicitlyTrashed": node.in_bin,
            "version": str(node.revision),
            "webViewLink": f"https://drive.google.com/drive/folders/{node.id}",
        }
        if node.parent is not None:
            shown["parents"] = [node.parent.id]
        if node.id in self.shared.by_id:
            shown["driveId"] = SHARED_DRIVE
        if node.content is not None:
            shown |= {
                "mimeType": TYPES.get(node.name.rpartition(".")[2], "application/octet-stream"),
                "size": str(len(node.content)),
                "md5Checksum": hashlib.md5(node.content, usedforsecurity=False).hexdigest(),
                "headRevisionId": f"0B{node.id}r{node.revision}",
                "webViewLink": f"https://drive.google.com/file/d/{node.id}/view?usp=drivesdk",
            }
        return shown


def _furnish_shared(files: Files) -> None:
    dailies = files.add_folder(files.root, "Dailies")
    for number in range(1, 6):
        files.add(dailies, f"daily {number}.mp4", b"daily %d" % number)


def _read_query(query: str) -> tuple[str | None, bool | None]:
    """The folder and whether what is in the bin is meant; terms joined by `and` alone are understood."""
    parent: str | None = None
    trashed: bool | None = None
    rest = query
    while rest:
        found = _TERM.match(rest)
        if found is None:
            raise Refusal(400, "invalid", "Invalid Value")
        if found[1] is not None:
            parent = re.sub(r"\\(.)", r"\1", found[1])
        else:
            trashed = found[2] == "true"
        rest = rest[found.end() :].removeprefix(" and ")
    return parent, trashed


def _only(value: Any, fields: str) -> Any:
    """What of an answer was asked for, such as `nextPageToken,files(id,name)`."""
    if fields == "*":
        return value
    if isinstance(value, list):
        return [_only(one, fields) for one in value]
    wanted: dict[str, str] = {}
    for name, inner in re.findall(r"(\w+)(?:\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\))?", fields):
        wanted[name] = inner or "*"
    return {name: _only(one, wanted[name]) for name, one in value.items() if name in wanted}


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at_s * 1000) % 1000:03d}Z"
