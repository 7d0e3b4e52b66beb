"""The OneDrive of the sandbox's Microsoft account. Source: learn.microsoft.com/graph/api/{driveitem-get,
driveitem-list-children,driveitem-delta,driveitem-search,driveitem-put-content},
learn.microsoft.com/graph/query-parameters.

`delta` is of the whole drive. It tells of a thing that was touched, and of the folders above it unless it is told not
to; what it tells has no paths. Deleted folders are told of with all that was in them.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.files import Files, Node
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock
from sandbox.onedrive_drives import DRIVE, KINDS, Drives, takes_name
from sandbox.onedrive_transfers import Transfers

GRAPH = "https://graph.microsoft.com/v1.0"
CONFLICT = "@microsoft.graph.conflictBehavior"
QUERY = frozenset({"$select", "$expand", "$top", "$skiptoken", "token"})
PAGE = 200
_ID = re.compile(r"01(SANDBOX|LIBRARY)\w+")


@dataclass(frozen=True)
class Told:
    """`left` are ids that are still to be told of, and `position` is how much of the journal that covers."""

    left: tuple[str, ...]
    position: int


class OneDriveApi(Drives):
    """`find_token` answers who asks, `refuse` makes an error answer of a status and a code."""

    def __init__(
        self, clock: Clock, find_token: Callable[[Request], Token | None], refuse: Callable[[int, str], Response]
    ) -> None:
        self.transfers = Transfers(clock, self._find, lambda size: size <= self.room_bytes, refuse)
        self._find_token = find_token
        self._refuse = refuse
        super().__init__(clock)

    def reset(self) -> None:
        super().reset()
        self.transfers.reset()
        self.expire_tokens()

    def expire_tokens(self) -> None:
        """Those that were given out are good for nothing any more."""
        self._told: dict[str, Told] = {}
        self._numbers = itertools.count(1)

    def routes(self) -> list[BaseRoute]:
        drive, item = "/drives/{drive}", "/drives/{drive}/items/{id}"
        return [
            self._route("/me/drive", self._drive),
            self._route("/me/drive/root", self._item),
            self._route("/me/drive/root/children", self._children),
            self._route("/me/drive/root/delta", self._delta),
            self._route("/me/drive/root/search(q='{q:path}')", self._search),
            self._route(drive, self._drive),
            self._route(f"{drive}/root", self._item),
            self._route(f"{drive}/root/delta", self._delta),
            self._route(f"{drive}/root:/{{path:path}}", self._item),
            self._route(item, self._item),
            self._route(f"{item}/children", self._children),
            self._route(f"{item}/content", self._content),
            self._route(f"{item}/search(q='{{q:path}}')", self._search),
            self._route(f"{item}:/{{name}}", self._item),
            self._route(f"{item}:/{{name}}:/content", self._put, "PUT"),
            self._route(f"{item}:/{{name}}:/createUploadSession", self._open_upload, "POST"),
            *self.transfers.routes(),
        ]

    def _route(self, path: str, answer: Callable[[Request, bytes], Response], method: str = "GET") -> Route:
        known = {CONFLICT} if method == "PUT" else QUERY

        async def endpoint(request: Request) -> Response:
            token, drive = self._find_token(request), request.path_params.get("drive", DRIVE)
            if token is None:
                return self._refuse(401, "InvalidAuthenticationToken")
            if not self.may(token, drive, write=method != "GET"):
                return self._refuse(403, "accessDenied")
            if set(request.query_params) - known:
                return self._refuse(400, "invalidRequest")
            if drive not in self.drives:
                return self._refuse(404, "itemNotFound")
            if "id" in request.path_params and _ID.fullmatch(request.path_params["id"]) is None:
                return self._refuse(400, "invalidRequest")
            return answer(request, await request.body())

        return Route(f"/v1.0{path}", endpoint, methods=[method])

    def _files(self, request: Request) -> Files:
        return self.drives[request.path_params.get("drive", DRIVE)]

    def _find(self, node_id: str) -> Node | None:
        return next((files.by_id[node_id] for files in self.drives.values() if node_id in files.by_id), None)

    def _at(self, request: Request) -> Node | None:
        """What is at the address that is asked for."""
        files, asked = self._files(request), request.path_params
        if "path" in asked:
            return files.by_path(asked["path"])
        node = files.by_id.get(asked["id"]) if "id" in asked else files.root
        return _child(node, asked["name"]) if node is not None and "name" in asked else node

    def _drive(self, request: Request, _: bytes) -> Response:
        drive = request.path_params.get("drive", DRIVE)
        shown = {"id": drive, "driveType": KINDS[drive], "quota": {"remaining": self.room_bytes, "state": "normal"}}
        return JSONResponse(_selected(request, [shown])[0])

    def _item(self, request: Request, _: bytes) -> Response:
        node = self._at(request)
        if node is None:
            return self._refuse(404, "itemNotFound")
        return JSONResponse(_selected(request, [self.show(node, with_path=True)])[0])

    def _children(self, request: Request, _: bytes) -> Response:
        folder = self._at(request)
        return self._refuse(404, "itemNotFound") if folder is None else self._page(request, folder.children.values())

    def _search(self, request: Request, _: bytes) -> Response:
        folder, wanted = self._at(request), request.path_params["q"].replace("''", "'").casefold()
        if folder is None:
            return self._refuse(404, "itemNotFound")
        return self._page(request, [node for node in folder.walk() if wanted in node.name.casefold()])

    def _page(self, request: Request, nodes: Iterable[Node]) -> Response:
        start, size = int(request.query_params.get("$skiptoken", "0")), _size(request)
        shown = [self.show(node, with_path=True) for node in list(nodes)[start : start + size + 1]]
        body: dict[str, Any] = {"value": _selected(request, shown[:size])}
        if len(shown) > size:
            body["@odata.nextLink"] = _link(request, {"$skiptoken": str(start + size)})
        return JSONResponse(body)

    def _content(self, request: Request, _: bytes) -> Response:
        node = self._at(request)
        if node is None:
            return self._refuse(404, "itemNotFound")
        if node.is_folder:
            return self._refuse(400, "invalidRequest")
        return self._refuse(403, "malwareDetected") if node.id in self.infected else self.transfers.offer(node)

    def _put(self, request: Request, content: bytes) -> Response:
        if len(content) > self.room_bytes:
            return self._refuse(507, "quotaLimitReached")
        return self._place(request, request.query_params.get(CONFLICT, "replace"), content)

    def _open_upload(self, request: Request, body: bytes) -> Response:
        asked: dict[str, Any] = orjson.loads(body or b"{}").get("item", {})
        # `fileSize` is documented, and refused by libraries of SharePoint.
        if (
            set(asked) - {CONFLICT, "name"}
            or asked.get("name", request.path_params["name"]) != (request.path_params["name"])
        ):
            return self._refuse(400, "invalidRequest")
        conflict = asked.get(CONFLICT, "fail")
        refused = self._check_place(request, conflict)
        return refused or self.transfers.open(lambda content: self._place(request, conflict, content))

    def _check_place(self, request: Request, conflict: str) -> Response | None:
        folder = self._files(request).by_id.get(request.path_params["id"])
        if folder is None or not folder.is_folder:
            return self._refuse(404, "itemNotFound")
        if not takes_name(request.path_params["name"]) or conflict not in ("fail", "replace", "rename"):
            return self._refuse(400, "invalidRequest")
        there = _child(folder, request.path_params["name"])
        if there is not None and (conflict == "fail" or there.is_folder):
            return self._refuse(409, "nameAlreadyExists")
        return None

    def _place(self, request: Request, conflict: str, content: bytes) -> Response:
        refused = self._check_place(request, conflict)
        if refused is not None:
            return refused
        files, name = self._files(request), request.path_params["name"]
        folder = files.by_id[request.path_params["id"]]
        there = _child(folder, name)
        if there is not None and conflict == "replace":
            files.write(there, content)
            return JSONResponse(self.show(there))
        stem, dot, ending = name.rpartition(".")
        numbers = itertools.count(1)
        while there is not None:
            name = f"{stem} {next(numbers)}{dot}{ending}"
            there = _child(folder, name)
        return JSONResponse(self.show(files.add(folder, name, content)), 201)

    def _delta(self, request: Request, _: bytes) -> Response:
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
        entries = [_gone(one) if one not in self.files.by_id else self.show(self.files.by_id[one]) for one in page]
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
    path = request.scope["raw_path"].decode().removeprefix("/v1.0")
    return f"{GRAPH}{path}?{urlencode(query | changes)}"


def _selected(request: Request, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = request.query_params.get("$select")
    if wanted is None:
        return list(entries)
    return [{name: value for name, value in entry.items() if name in wanted.split(",")} for entry in entries]


def _child(folder: Node, name: str) -> Node | None:
    """Names are the same whatever their case."""
    return next((node for node in folder.children.values() if node.name.casefold() == name.casefold()), None)


def _gone(node_id: str) -> dict[str, Any]:
    return {"id": node_id, "deleted": {"state": "deleted"}, "parentReference": {"driveId": DRIVE}}
