"""What is in the sandbox's Dropbox. Source: dropbox/dropbox-api-spec (files.stone).

A cursor stands for a folder and for what of it has been told, or for what a search has found. Deleting a folder is told
by its path alone. Every version of a file can be downloaded by its rev.
"""

import itertools
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from sandbox.dropbox_wire import Asked, Wire, bad, has_only, refused
from sandbox.kit.checksums import content_hash
from sandbox.kit.files import Files, Node, furnish
from sandbox.kit.ranges import content_of
from sandbox.kit.stand_in import Clock

LIST_FOLDER = (
    "path recursive include_media_info include_deleted include_has_explicit_shared_members include_mounted_folders "
    "limit shared_link include_property_groups include_non_downloadable_files include_restorable_info"
)
METADATA = "path include_media_info include_deleted include_has_explicit_shared_members include_property_groups"
SEARCH_OPTIONS = "path max_results order_by file_status filename_only file_extensions file_categories account_id"
MOST, MOST_MATCHES = 2000, 1000
_PATH = re.compile(r"/[\s\S]*|id:.*|ns:[0-9]+(/[\s\S]*)?")


@dataclass(frozen=True)
class Told:
    """`left` are paths that are still to be told of, and `position` is how much of the journal that covers."""

    base: str
    recursive: bool
    limit: int
    left: tuple[str, ...]
    position: int


@dataclass(frozen=True)
class Document:
    """What cannot be downloaded, but exported; `ending` None for what cannot be exported either."""

    ending: str | None
    exported: bytes


class DropboxFiles:
    def __init__(self, clock: Clock, wire: Wire) -> None:
        self.files = Files(clock, lambda number: f"id:sandbox{number:015}", furnish)
        self._wire = wire
        self.reset()

    def routes(self) -> list[BaseRoute]:
        return [
            self._wire.rpc("list_folder", LIST_FOLDER, self._list),
            self._wire.rpc("list_folder/continue", "cursor", self._continue),
            self._wire.rpc("search_v2", "query options match_field_options", self._search),
            self._wire.rpc("search/continue_v2", "cursor", self._search_on),
            self._wire.rpc("get_metadata", METADATA, self._metadata),
            self._wire.download("download", "path rev", self._download),
            self._wire.download("export", "path export_format", self._export),
        ]

    def reset(self) -> None:
        self.files.reset()
        self.documents: dict[str, Document] = {}
        self.claimed: set[str] = set()
        """Ids of files that are shown to nobody."""
        self.client_modified: dict[str, str] = {}
        """By rev, what whoever uploaded it said."""
        self.expire_cursors()

    def expire_cursors(self) -> None:
        """Those that were given out are good for nothing any more."""
        self._cursors: dict[str, Told] = {}
        self._searches: dict[str, tuple[int, list[Node]]] = {}
        self._numbers = itertools.count(1)

    def rev_of(self, node: Node) -> str:
        return f"{node.revision:04x}{int(node.id.removeprefix('id:sandbox')):012x}"

    def entry(self, node: Node) -> dict[str, Any]:
        """A file or a folder, without a tag."""
        named = {"name": node.name, "id": node.id, "path_lower": node.path.lower(), "path_display": node.path}
        if node.content is None:
            return named
        rev = self.rev_of(node)
        moment = datetime.fromtimestamp(node.modified_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = self.documents.get(node.id)
        told = {
            **named,
            "client_modified": self.client_modified.get(rev, moment),
            "server_modified": moment,
            "rev": rev,
            "size": len(node.content),
            "is_downloadable": document is None,
            "content_hash": content_hash(node.content),
        }
        if document is not None and document.ending is not None:
            told["export_info"] = {"export_as": document.ending}
        return told

    def find(self, path: str) -> Node | None:
        """By a path, an id or a rev."""
        if path.startswith("rev:"):
            return next((node for node in self.files.by_id.values() if self._version(node, path[4:]) is not None), None)
        found = self.files.by_id.get(path) if path.startswith("id:") else self.files.by_path(path)
        return None if found is None or found.is_trashed else found

    def _version(self, node: Node, rev: str) -> bytes | None:
        if node.is_folder or int(rev[4:] or "0", 16) != int(node.id.removeprefix("id:sandbox")):
            return None
        return node.versions.get(int(rev[:4], 16))

    def _list(self, asked: Asked) -> Response:
        path, limit = asked.get("path"), asked.get("limit", 500)
        if not isinstance(path, str) or path.endswith("/") or not (path == "" or _PATH.fullmatch(path)):
            return bad("list_folder", "path: did not match")
        if not isinstance(limit, int) or not 1 <= limit <= MOST:
            return bad("list_folder", "limit: out of range")
        folder = self.find(path)
        if folder is None:
            return refused(409, "path/not_found")
        if not folder.is_folder:
            return refused(409, "path/not_folder")
        recursive = bool(asked.get("recursive"))
        inside = folder.walk() if recursive else folder.children.values()
        # Going down, the folder itself comes first, unless it is the root.
        itself = [folder.path.lower()] if recursive and folder.parent is not None else []
        left = (*itself, *(node.path.lower() for node in inside))
        return self._tell(Told(folder.path.lower(), recursive, limit, left, len(self.files.journal)))

    def _continue(self, asked: Asked) -> Response:
        told = self._cursors.get(str(asked.get("cursor")))
        if told is None:
            return refused(409, "reset")
        if told.left:
            return self._tell(told)
        touched = (one.path for one in self.files.journal[told.position :])
        left = [path for path in dict.fromkeys(touched) if path is not None and _is_of(told, path)]
        return self._tell(replace(told, left=tuple(left), position=len(self.files.journal)))

    def _tell(self, told: Told) -> Response:
        there = {node.path.lower(): node for node in self.files.by_id.values()}
        entries = [self._tagged(path, there.get(path)) for path in told.left[: told.limit]]
        after = replace(told, left=told.left[told.limit :])
        cursor = self._cursor()
        self._cursors[cursor] = after
        return JSONResponse({"entries": entries, "cursor": cursor, "has_more": bool(after.left)})

    def _search(self, asked: Asked) -> Response:
        query, options = asked.get("query"), asked.get("options", {})
        if not isinstance(query, str) or len(query) > 1000 or not has_only(options, SEARCH_OPTIONS):
            return bad("search_v2", "query or options: wrong")
        most = options.get("max_results", 100)
        if not isinstance(most, int) or not 1 <= most <= MOST_MATCHES:
            return bad("search_v2", "max_results: out of range")
        folder = self.find(options.get("path", ""))
        if folder is None or not folder.is_folder:
            return refused(409, "path/not_found" if folder is None else "path/not_folder")
        return self._matches(most, [node for node in folder.walk() if query.casefold() in node.name.casefold()])

    def _search_on(self, asked: Asked) -> Response:
        found = self._searches.get(str(asked.get("cursor")))
        if found is None:
            return bad("search/continue_v2", "cursor: invalid")
        return self._matches(*found)

    def _matches(self, most: int, found: list[Node]) -> Response:
        shown = [{"metadata": {".tag": "metadata", "metadata": self._tagged("", node)}} for node in found[:most]]
        body: dict[str, Any] = {"matches": shown, "has_more": len(found) > most}
        if body["has_more"]:
            body["cursor"] = self._cursor()
            self._searches[body["cursor"]] = most, found[most:]
        return JSONResponse(body)

    def _metadata(self, asked: Asked) -> Response:
        path = asked.get("path")
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            return bad("get_metadata", "path: did not match")
        node = self.find(path)
        return self._lookup(node) or JSONResponse(self._tagged("", node))

    def _download(self, asked: Asked, request: Request) -> Response:
        path = str(asked.get("path"))
        node = self.find(path)
        refusal = self._lookup(node)
        if node is None or refusal is not None or node.content is None:
            return refusal or refused(409, "path/not_file")
        if node.id in self.documents:
            return refused(409, "unsupported_file")
        content = self._version(node, path[4:]) if path.startswith("rev:") else node.content
        answer = content_of(request, content or b"")
        answer.headers["Dropbox-API-Result"] = json.dumps(self.entry(node))
        return answer

    def _export(self, asked: Asked, _: Request) -> Response:
        node = self.find(str(asked.get("path")))
        refusal = self._lookup(node)
        if node is None or refusal is not None:
            return refusal or refused(409, "path/not_found")
        document = self.documents.get(node.id)
        if document is None or document.ending is None:
            return refused(409, "non_exportable")
        told = {
            "export_metadata": {"name": node.name, "size": len(document.exported)},
            "file_metadata": self.entry(node),
        }
        answer = Response(document.exported, media_type="application/octet-stream")
        answer.headers["Dropbox-API-Result"] = json.dumps(told)
        return answer

    def _lookup(self, node: Node | None) -> Response | None:
        if node is None:
            return refused(409, "path/not_found")
        return refused(409, "path/restricted_content") if node.id in self.claimed else None

    def _cursor(self) -> str:
        return f"AAE-sandbox-{next(self._numbers)}"

    def _tagged(self, path: str, node: Node | None) -> dict[str, Any]:
        if node is None:
            return {".tag": "deleted", "name": path.rpartition("/")[2], "path_lower": path, "path_display": path}
        return {".tag": "folder" if node.is_folder else "file", **self.entry(node)}


def _is_of(told: Told, path: str) -> bool:
    if told.recursive:
        return path == told.base or path.startswith(f"{told.base}/")
    return path.rpartition("/")[0] == told.base
