"""The OneDrive of the sandbox's Microsoft account. Source: learn.microsoft.com/graph/api/{driveitem-get,
driveitem-list-children,driveitem-delta}, learn.microsoft.com/graph/query-parameters.

`delta` is of the whole drive. It tells of a thing that was touched, and of the folders above it unless it is told not
to; what it tells has no paths. Deleted folders are told of with all that was in them.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.checksums import quick_xor_hash
from sandbox.kit.files import Files, Node, furnish
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import iso

GRAPH = "https://graph.microsoft.com/v1.0"
DRIVE = "b!sandboxDrive"
WEB = "https://sandbox-my.sharepoint.example/personal/ada/Documents"
TYPES = {"mp4": "video/mp4", "mov": "video/quicktime", "wav": "audio/wav", "txt": "text/plain"}
QUERY = frozenset({"$select", "$expand", "$top", "$skiptoken", "token"})
PAGE = 200
_ID = re.compile(r"01SANDBOX\w+")


@dataclass(frozen=True)
class Told:
    """`left` are ids that are still to be told of, and `position` is how much of the journal that covers."""

    left: tuple[str, ...]
    position: int


class OneDriveApi:
    """`find_token` answers who asks, `refuse` makes an error answer of a status and a code."""

    def __init__(
        self, clock: Clock, find_token: Callable[[Request], Token | None], refuse: Callable[[int, str], Response]
    ) -> None:
        self.files = Files(clock, lambda number: f"01SANDBOX{number:025}", furnish, f"01SANDBOX{0:025}")
        self._find_token = find_token
        self._refuse = refuse
        self.reset()

    def reset(self) -> None:
        self.files.reset()
        self.expire_tokens()

    def expire_tokens(self) -> None:
        """Those that were given out are good for nothing any more."""
        self._told: dict[str, Told] = {}
        self._numbers = itertools.count(1)

    def routes(self) -> list[BaseRoute]:
        drive = "/drives/{drive}"
        return [
            self._route("/me/drive", self._drive),
            self._route("/me/drive/root/delta", self._delta),
            self._route(f"{drive}/root", self._root),
            self._route(f"{drive}/root/delta", self._delta),
            self._route(f"{drive}/root:/{{path:path}}", self._at_path),
            self._route(f"{drive}/items/{{id}}", self._item),
            self._route(f"{drive}/items/{{id}}/children", self._children),
        ]

    def _route(self, path: str, answer: Callable[[Request], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            token = self._find_token(request)
            if token is None:
                return self._refuse(401, "InvalidAuthenticationToken")
            if not {"Files.Read", "Files.ReadWrite"} & set(token.scopes):
                return self._refuse(403, "accessDenied")
            if set(request.query_params) - QUERY:
                return self._refuse(400, "invalidRequest")
            if request.path_params.get("drive", DRIVE) != DRIVE:
                return self._refuse(404, "itemNotFound")
            return answer(request)

        return Route(f"/v1.0{path}", endpoint)

    def _drive(self, request: Request) -> Response:
        return JSONResponse({"id": DRIVE, "driveType": "business"})

    def _root(self, request: Request) -> Response:
        return self._show(request, self.files.root)

    def _at_path(self, request: Request) -> Response:
        return self._show(request, self.files.by_path(request.path_params["path"]))

    def _item(self, request: Request) -> Response:
        if _ID.fullmatch(request.path_params["id"]) is None:
            return self._refuse(400, "invalidRequest")
        return self._show(request, self.files.by_id.get(request.path_params["id"]))

    def _show(self, request: Request, node: Node | None) -> Response:
        if node is None:
            return self._refuse(404, "itemNotFound")
        return JSONResponse(_selected(request, [_shown(node, with_path=True)])[0])

    def _children(self, request: Request) -> Response:
        folder = self.files.by_id.get(request.path_params["id"])
        if folder is None:
            return self._refuse(404, "itemNotFound")
        start, size = int(request.query_params.get("$skiptoken", "0")), _size(request)
        children = [_shown(node, with_path=True) for node in folder.children.values()]
        body: dict[str, Any] = {"value": _selected(request, children[start : start + size])}
        if start + size < len(children):
            body["@odata.nextLink"] = _link(request, {"$skiptoken": str(start + size)})
        return JSONResponse(body)

    def _delta(self, request: Request) -> Response:
        token, now = request.query_params.get("token"), len(self.files.journal)
        if token is None:
            told = Told((self.files.root.id, *(node.id for node in self.files.root.walk())), now)
        elif token == "latest":
            told = Told((), now)
        elif token not in self._told:
            return self._refuse(410, "resyncChangesApplyDifferences")
        else:
            told = self._told[token]
            if not told.left:
                told = Told(self._touched(told.position, _wants_parents(request)), now)
        size = _size(request)
        page, after = told.left[:size], Told(told.left[size:], told.position)
        entries = [_gone(one) if one not in self.files.by_id else _shown(self.files.by_id[one]) for one in page]
        name, following = "@odata.nextLink" if after.left else "@odata.deltaLink", f"sandbox-{next(self._numbers)}"
        self._told[following] = after
        return JSONResponse({"value": _selected(request, entries), name: _link(request, {"token": following})})

    def _touched(self, position: int, with_parents: bool) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for one in self.files.journal[position:]:
            node = self.files.by_id.get(one.id or "")
            above = _above(node) if with_parents else []
            found |= dict.fromkeys(folder.id for folder in above)
            if one.id is not None:
                found[one.id] = None
        return (self.files.root.id, *found) if found else ()


def _wants_parents(request: Request) -> bool:
    return "deltaExcludeParent" not in request.headers.get("prefer", "")


def _above(node: Node | None) -> list[Node]:
    return [] if node is None or node.parent is None else [*_above(node.parent), node.parent]


def _size(request: Request) -> int:
    return min(int(request.query_params.get("$top", str(PAGE))), PAGE)


def _link(request: Request, changes: dict[str, str]) -> str:
    query = {name: value for name, value in request.query_params.items() if name in ("$top", "$select")}
    return f"{GRAPH}{request.url.path.removeprefix('/v1.0')}?{urlencode(query | changes)}"


def _selected(request: Request, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = request.query_params.get("$select")
    if wanted is None:
        return list(entries)
    return [{name: value for name, value in entry.items() if name in wanted.split(",")} for entry in entries]


def _gone(node_id: str) -> dict[str, Any]:
    return {"id": node_id, "deleted": {"state": "deleted"}, "parentReference": {"driveId": DRIVE}}


def _shown(node: Node, *, with_path: bool = False) -> dict[str, Any]:
    reference: dict[str, Any] = {"driveId": DRIVE, "driveType": "business"}
    if node.parent is not None:
        reference["id"] = node.parent.id
        if with_path:
            reference["path"] = f"/drives/{DRIVE}/root:{node.parent.path}"
    shown: dict[str, Any] = {
        "id": node.id,
        "name": node.name or "root",
        "eTag": f'"{{{node.id}}},{node.revision}"',
        "lastModifiedDateTime": iso(node.modified_s),
        "webUrl": f"{WEB}/{node.id}",
        "parentReference": reference,
        "size": sum(len(inner.content or b"") for inner in (node, *node.walk())),
    }
    if node.parent is None:
        shown["root"] = {}
    if node.content is None:
        return shown | {"folder": {"childCount": len(node.children)}}
    kind = TYPES.get(node.name.rpartition(".")[2], "application/octet-stream")
    return shown | {"file": {"mimeType": kind, "hashes": {"quickXorHash": quick_xor_hash(node.content)}}}
