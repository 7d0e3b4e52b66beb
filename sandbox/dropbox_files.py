"""What is in the sandbox's Dropbox. Source: dropbox/dropbox-api-spec (files.stone).

A cursor stands for a folder and for what of it has been told. Deleting a folder is told by its path alone.
"""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.checksums import content_hash
from sandbox.kit.files import Files, Node, furnish
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock

LIST_FOLDER = frozenset(
    "path recursive include_media_info include_deleted include_has_explicit_shared_members include_mounted_folders "
    "limit shared_link include_property_groups include_non_downloadable_files include_restorable_info".split()
)
MOST = 2000


@dataclass(frozen=True)
class Told:
    """`left` are paths that are still to be told of, and `position` is how much of the journal that covers."""

    base: str
    recursive: bool
    limit: int
    left: tuple[str, ...]
    position: int


class DropboxFiles:
    """`check` answers the token of a request, or a refusal."""

    def __init__(
        self, clock: Clock, check: Callable[[Request, str], Token | Response], refuse: Callable[[int, str], Response]
    ) -> None:
        self.files = Files(clock, lambda number: f"id:sandbox{number:015}", furnish)
        self._check = check
        self._refuse = refuse
        self.reset()

    def routes(self) -> list[BaseRoute]:
        return [
            self._route("list_folder", LIST_FOLDER, self._list),
            self._route("list_folder/continue", frozenset({"cursor"}), self._continue),
        ]

    def reset(self) -> None:
        self.files.reset()
        self.expire_cursors()

    def expire_cursors(self) -> None:
        """Those that were given out are good for nothing any more."""
        self._cursors: dict[str, Told] = {}
        self._numbers = itertools.count(1)

    def _route(self, name: str, known: frozenset[str], answer: Callable[[dict[str, Any]], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            token = self._check(request, "files.metadata.read")
            if isinstance(token, Response):
                return token
            try:
                asked = orjson.loads(await request.body())
            except orjson.JSONDecodeError:
                asked = None
            if not isinstance(asked, dict) or set(asked) - known:
                return PlainTextResponse(f'Error in call to API function "files/{name}": request body: wrong', 400)
            return answer(asked)

        handler: Callable[[Request], Awaitable[Response]] = endpoint
        return Route(f"/2/files/{name}", handler, methods=["POST"])

    def _list(self, asked: dict[str, Any]) -> Response:
        path, limit = asked.get("path"), asked.get("limit", 500)
        if not isinstance(path, str) or path.endswith("/") or not (path == "" or path.startswith(("/", "id:"))):
            return PlainTextResponse('Error in call to API function "files/list_folder": path: did not match', 400)
        if not isinstance(limit, int) or not 1 <= limit <= MOST:
            return PlainTextResponse('Error in call to API function "files/list_folder": limit: out of range', 400)
        folder = self.files.by_id.get(path) if path.startswith("id:") else self.files.by_path(path)
        if folder is None:
            return self._refuse(409, "path/not_found")
        if not folder.is_folder:
            return self._refuse(409, "path/not_folder")
        recursive = bool(asked.get("recursive"))
        inside = folder.walk() if recursive else folder.children.values()
        # Going down, the folder itself comes first, unless it is the root.
        itself = [folder.path.lower()] if recursive and folder.parent is not None else []
        left = (*itself, *(node.path.lower() for node in inside))
        return self._tell(Told(folder.path.lower(), recursive, limit, left, len(self.files.journal)))

    def _continue(self, asked: dict[str, Any]) -> Response:
        told = self._cursors.get(str(asked.get("cursor")))
        if told is None:
            return self._refuse(409, "reset")
        if told.left:
            return self._tell(told)
        touched = (one.path for one in self.files.journal[told.position :])
        left = [path for path in dict.fromkeys(touched) if path is not None and _is_of(told, path)]
        return self._tell(replace(told, left=tuple(left), position=len(self.files.journal)))

    def _tell(self, told: Told) -> Response:
        there = {node.path.lower(): node for node in self.files.by_id.values()}
        entries = [_entry(path, there.get(path)) for path in told.left[: told.limit]]
        after = replace(told, left=told.left[told.limit :])
        cursor = f"AAE-sandbox-{next(self._numbers)}"
        self._cursors[cursor] = after
        return JSONResponse({"entries": entries, "cursor": cursor, "has_more": bool(after.left)})


def _is_of(told: Told, path: str) -> bool:
    if told.recursive:
        return path == told.base or path.startswith(f"{told.base}/")
    return path.rpartition("/")[0] == told.base


def _entry(path: str, node: Node | None) -> dict[str, Any]:
    if node is None:
        return {".tag": "deleted", "name": path.rpartition("/")[2], "path_lower": path, "path_display": path}
    named = {"name": node.name, "id": node.id, "path_lower": path, "path_display": node.path}
    if node.content is None:
        return {".tag": "folder", **named}
    moment = datetime.fromtimestamp(node.modified_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        ".tag": "file",
        **named,
        "client_modified": moment,
        "server_modified": moment,
        "rev": f"015f{node.revision:012x}",
        "size": len(node.content),
        "is_downloadable": True,
        "content_hash": content_hash(node.content),
    }
