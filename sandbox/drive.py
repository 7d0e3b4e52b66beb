"""Google Drive's API. Source: the Drive v3 discovery document,
developers.google.com/workspace/drive/api/guides/{search-files,manage-changes,about-changes,manage-downloads}.

Each drive has a log of changes with one entry per file, its last. Only the members that `fields` names are answered.
"""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.drive_shapes import Query, Refusal, in_order, iso, only
from sandbox.drive_trees import READS, SHARED_DRIVE, WRITES, Drives
from sandbox.drive_uploads import DriveUploads
from sandbox.kit.files import Files, Node
from sandbox.kit.oauth import Token
from sandbox.kit.ranges import InPieces, content_of
from sandbox.kit.stand_in import Clock

COMMON = frozenset({"fields", "prettyPrint", "quotaUser"})
FILES = COMMON | set("corpora driveId includeItemsFromAllDrives orderBy pageSize pageToken q spaces".split())
CHANGES = COMMON | set("driveId includeItemsFromAllDrives includeRemoved pageSize pageToken restrictToMyDrive".split())
EXPORT_BYTES = 10 * 1024 * 1024
OFFICE = "application/vnd.openxmlformats-officedocument"
EXPORTS = {
    "application/vnd.google-apps.document": {f"{OFFICE}.wordprocessingml.document", "application/pdf", "text/plain"},
    "application/vnd.google-apps.spreadsheet": {f"{OFFICE}.spreadsheetml.sheet", "application/pdf", "text/csv"},
    "application/vnd.google-apps.presentation": {f"{OFFICE}.presentationml.presentation", "application/pdf"},
    "application/vnd.google-apps.drawing": {"image/png", "image/jpeg", "image/svg+xml", "application/pdf"},
}


class DriveApi(Drives):
    """`find_token` answers who asks, `refuse` makes an error answer of a status, a reason and a message."""

    def __init__(
        self,
        clock: Clock,
        find_token: Callable[[Request], Token | None],
        refuse: Callable[[int, str, str], Response],
    ) -> None:
        self.uploads = DriveUploads(self._place_upload, refuse)
        self._find_token = find_token
        self._refuse = refuse
        super().__init__(clock)

    def reset(self) -> None:
        super().reset()
        self.uploads.reset()
        self._first_token = 0
        self._pages: set[str] = set()

    def expire_tokens(self) -> None:
        """Those that were given out are good for nothing any more."""
        self._first_token += 1_000_000
        self._pages.clear()

    def routes(self) -> list[BaseRoute]:
        return [
            self._route("/files", FILES, self._list),
            self._route("/files/{id}", COMMON | {"alt"}, self._get),
            self._route("/files/{id}/export", COMMON | {"mimeType"}, self._export),
            self._route("/drives", COMMON | {"pageSize", "pageToken"}, self._drives),
            self._route("/changes/startPageToken", COMMON | {"driveId"}, self._start),
            self._route("/changes", CHANGES, self._changes),
            *self.uploads.routes(),
        ]

    def _route(self, path: str, known: frozenset[str], answer: Callable[[Request, Token], Any]) -> Route:
        needs_all = path not in ("/files", "/files/{id}")

        async def endpoint(request: Request) -> Response:
            token = self._find_token(request)
            if token is None:
                return self._refuse(401, "authError", "Invalid Credentials")
            if READS not in token.scopes and (needs_all or WRITES not in token.scopes):
                return self._refuse(403, "insufficientPermissions", "Insufficient Permission")
            unknown = set(request.query_params) - known - {"supportsAllDrives"}
            if unknown:
                return self._refuse(400, "invalidParameter", f"Unknown name {min(unknown)}")
            try:
                body = answer(request, token)
            except Refusal as refusal:
                return self._refuse(refusal.status, refusal.reason, refusal.message)
            if isinstance(body, Response):
                return body
            return JSONResponse(only(body, request.query_params.get("fields", "*")))

        return Route(f"/drive/v3{path}", endpoint)

    def _list(self, request: Request, token: Token) -> dict[str, Any]:
        asked = request.query_params
        query = Query.read(asked.get("q", ""))
        nodes = [node for node in self._asked_for(asked, query, token) if query.means(node)]
        nodes = in_order([node for node in nodes if self.sees(token, node)], asked.get("orderBy"))
        start, size = self._page(asked.get("pageToken")), min(int(asked.get("pageSize", "100")), 1000)
        body: dict[str, Any] = {
            "kind": "drive#fileList",
            "incompleteSearch": False,
            "files": [self.show(node, token) for node in nodes[start : start + size]],
        }
        if start + size < len(nodes):
            body["nextPageToken"] = f"~!!~{start + size}"
            self._pages.add(body["nextPageToken"])
        return body

    def _asked_for(self, asked: Any, query: Query, token: Token) -> Iterable[Node]:
        drive = self.drive(asked.get("driveId")) if asked.get("corpora") == "drive" else None
        everywhere = asked.get("includeItemsFromAllDrives") == "true" and asked.get("supportsAllDrives") == "true"
        if asked.get("corpora") in ("drive", "allDrives") and not everywhere:
            raise Refusal(403, "teamDrivesParentLimit", "The includeItemsFromAllDrives parameter must be true.")
        if query.parent is not None:
            folder = self.find(query.parent)
            # What the account has not opened or been shown is not there for it.
            if folder is None or (drive is not None and folder.id not in drive.by_id):
                raise Refusal(404, "notFound", "File not found: .")
            return [] if folder.id in self.shared.by_id and not everywhere else list(folder.children.values())
        if query.shared_with_me:
            return list(self.theirs.root.children.values())
        trees = self.trees if asked.get("corpora") == "allDrives" else (self.files, self.theirs)
        return [node for tree in ([drive] if drive else trees) for node in tree.root.walk()]

    def _get(self, request: Request, token: Token) -> Any:
        node = self._require(request, token)
        if request.query_params.get("alt") != "media":
            return self.show(node, token)
        if node.content is None or node.id in self.kinds:
            raise Refusal(403, "fileNotDownloadable", "Only files with binary content can be downloaded.")
        self._check_download(node)
        return content_of(request, node.content)

    def _export(self, request: Request, token: Token) -> Response:
        node = self._require(request, token, shared_too=True)
        wanted = request.query_params.get("mimeType")
        if node.content is None or node.id not in self.kinds:
            raise Refusal(403, "fileNotExportable", "Export only supports Docs Editors files.")
        if wanted not in EXPORTS.get(self.kinds[node.id], ()):
            raise Refusal(400, "badRequest", "The requested conversion is not supported.")
        self._check_download(node)
        if len(node.content) > EXPORT_BYTES:
            raise Refusal(403, "exportSizeLimitExceeded", "This file is too large to be exported.")
        return InPieces(node.content, media_type=wanted)

    def _check_download(self, node: Node) -> None:
        if node.id in self.undownloadable:
            raise Refusal(403, "cannotDownloadFile", "This file cannot be downloaded by the user.")
        if node.id in self.abusive:
            raise Refusal(403, "cannotDownloadAbusiveFile", "This file has been identified as malware or spam.")

    def _require(self, request: Request, token: Token, *, shared_too: bool = False) -> Node:
        wanted = request.path_params["id"]
        node = self.find(wanted)
        shared_too = shared_too or request.query_params.get("supportsAllDrives") == "true"
        if node is None or not self.sees(token, node) or (node.id in self.shared.by_id and not shared_too):
            raise Refusal(404, "notFound", f"File not found: {wanted}.")
        return node

    def _drives(self, request: Request, token: Token) -> dict[str, Any]:
        drive = {"kind": "drive#drive", "id": SHARED_DRIVE, "name": "Shared drive"}
        return {"kind": "drive#driveList", "drives": [drive]}

    def _start(self, request: Request, token: Token) -> dict[str, Any]:
        drive = self.drive(request.query_params.get("driveId"))
        return {"kind": "drive#startPageToken", "startPageToken": str(self._first_token + len(drive.journal))}

    def _changes(self, request: Request, token: Token) -> dict[str, Any]:
        asked = request.query_params
        drive = self.drive(asked.get("driveId"))
        page_token = asked.get("pageToken", "")
        since = int(page_token) - self._first_token if page_token.isdecimal() else -1
        if not 0 <= since <= len(drive.journal):
            raise Refusal(400, "invalid", "Invalid Value")
        last = {one.id: position for position, one in enumerate(drive.journal) if one.id is not None}
        found = sorted((position, file_id) for file_id, position in last.items() if position >= since)
        size = min(int(asked.get("pageSize", "100")), 1000)
        page, more = found[:size], len(found) > size
        following = page[-1][0] + 1 if more else len(drive.journal)
        return {
            "kind": "drive#changeList",
            "changes": [self._change(drive, file_id, token) for _, file_id in page],
            "nextPageToken" if more else "newStartPageToken": str(self._first_token + following),
        }

    def _change(self, drive: Files, file_id: str, token: Token) -> dict[str, Any]:
        node = drive.by_id.get(file_id)
        moment = drive.root.modified_s if node is None else node.modified_s
        told = {"kind": "drive#change", "changeType": "file", "time": iso(moment), "fileId": file_id}
        return told | ({"removed": True} if node is None else {"removed": False, "file": self.show(node, token)})

    def _place_upload(
        self, request: Request, replaced: str | None, described: dict[str, Any], size: int
    ) -> Callable[[bytes], dict[str, Any]]:
        token = self._find_token(request)
        if token is None:
            raise Refusal(401, "authError", "Invalid Credentials")
        if WRITES not in token.scopes:
            raise Refusal(403, "insufficientPermissions", "Insufficient Permission")
        known = request.query_params.get("supportsAllDrives") == "true"
        found = self.find(replaced or (described.get("parents") or ["root"])[0])
        if found is None or not self.sees(token, found) or (found.id in self.shared.by_id and not known):
            raise Refusal(404, "notFound", "File not found: .")
        if not self.writes(token, found):
            raise Refusal(403, "appNotAuthorizedToFile", "The user has not granted the app write access to the file.")
        if self.full:
            raise Refusal(403, "storageQuotaExceeded", "The user's Drive storage quota has been exceeded.")
        files, name = self.files_of(found), described.get("name", "Untitled")

        def finish(content: bytes) -> dict[str, Any]:
            if found.is_folder:
                return self.show(self.grant(files.add(found, name, content)), token)
            files.write(found, content)
            return self.show(found, token)

        return finish

    def _page(self, token: str | None) -> int:
        if token is None:
            return 0
        if token not in self._pages:
            raise Refusal(400, "invalid", "Invalid Value")
        return int(token.removeprefix("~!!~"))
