"""What is in the files of the sandbox's Figma, and the pictures of it.

Source: developers.figma.com/docs/rest-api/files, @figma/rest-api-spec. Pictures are in a store of their own, for
whoever has the address: it refuses requests that carry any other authorization.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.ranges import content_of
from sandbox.kit.work import iso

STORE = "https://figma-alpha-api.s3.us-west-2.amazonaws.com"
FORMATS = ("png", "jpg", "svg", "pdf")
CONTENT = "file_content:read"
FILE_QUERY = ("version", "ids", "depth", "geometry", "plugin_data", "branch_data")
NODE_QUERY = ("version", "ids", "depth", "geometry", "plugin_data")
IMAGE_QUERY = (
    "ids version scale format svg_outline_text svg_include_id svg_include_node_id svg_simplify_stroke contents_only "
    "use_absolute_bounds"
).split()


@dataclass
class Layer:
    """`renders` is off for what gives no picture."""

    id: str
    name: str
    type: str
    children: list["Layer"] = field(default_factory=list)
    renders: bool = True

    def walk(self) -> Iterator["Layer"]:
        yield self
        for child in self.children:
            yield from child.walk()

    def shown(self, depth: int | None, only: set[str] | None = None) -> dict[str, Any]:
        """With `depth` levels below it; with `only`, what leads to those, they, and what is in them."""
        told: dict[str, Any] = {"id": self.id, "name": self.name, "type": self.type}
        if only is not None and self.id in only:
            only = None
        if (self.children or self.type in ("DOCUMENT", "CANVAS", "FRAME")) and depth != 0:
            kept = [c for c in self.children if only is None or any(inner.id in only for inner in c.walk())]
            told["children"] = [child.shown(None if depth is None else depth - 1, only) for child in kept]
        return told


class Drawn(Protocol):
    """What there is to know of a file."""

    key: str
    name: str
    editor: str
    version: int
    touched_s: float


class Documents:
    """`find` answers the file that a request is for, or a refusal; `fail` makes one."""

    def __init__(
        self, find: Callable[..., Drawn | Response], fail: Callable[[int, str], Response], keys: tuple[str, ...]
    ) -> None:
        self._find = find
        self._fail = fail
        self._keys = keys
        self.reset()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/files/{key}", self._file),
            Route("/v1/files/{key}/nodes", self._nodes),
            Route("/v1/images/{key}", self._images),
            Route("/images/{picture}", self._picture),
        ]

    def reset(self) -> None:
        self.roots = {key: _furnished() for key in self._keys}
        self.expire_pictures()

    def expire_pictures(self) -> None:
        """Thirty days later."""
        self._pictures: dict[str, bytes] = {}
        self._numbers = itertools.count(1)

    def layer(self, key: str, node_id: str) -> Layer | None:
        return next((one for one in self.roots[key].walk() if one.id == node_id), None)

    async def _file(self, request: Request) -> Response:
        file = self._find(request, CONTENT, *FILE_QUERY)
        if isinstance(file, Response):
            return file
        asked = request.query_params
        only = set(asked["ids"].split(",")) if "ids" in asked else None
        document = self.roots[file.key].shown(int(asked["depth"]) if "depth" in asked else None, only)
        return JSONResponse({**_head(file), "schemaVersion": 0, "document": document, **_NO_LIBRARY})

    async def _nodes(self, request: Request) -> Response:
        file = self._find(request, CONTENT, *NODE_QUERY)
        if isinstance(file, Response):
            return file
        asked = request.query_params
        if not asked.get("ids"):
            return self._fail(400, "Missing ids")
        depth = int(asked["depth"]) if "depth" in asked else None
        found = {node_id: self.layer(file.key, node_id) for node_id in asked["ids"].split(",")}
        nodes = {
            node_id: None if layer is None else {"document": layer.shown(depth), "schemaVersion": 0, **_NO_LIBRARY}
            for node_id, layer in found.items()
        }
        return JSONResponse({**_head(file), "nodes": nodes})

    async def _images(self, request: Request) -> Response:
        file = self._find(request, CONTENT, *IMAGE_QUERY)
        if isinstance(file, Response):
            return file
        asked = request.query_params
        ending, scale = asked.get("format", "png"), asked.get("scale", "1")
        if not asked.get("ids") or ending not in FORMATS or not 0.01 <= float(scale) <= 4:
            return self._fail(400, "Wrong ids, format or scale")
        images: dict[str, str | None] = {}
        for node_id in asked["ids"].split(","):
            layer = self.layer(file.key, node_id)
            images[node_id] = None
            if layer is not None and layer.renders:
                picture = f"{next(self._numbers):08x}-secret"
                self._pictures[picture] = render(file, layer, ending, scale)
                images[node_id] = f"{STORE}/images/{picture}"
        return JSONResponse({"err": None, "images": images})

    async def _picture(self, request: Request) -> Response:
        if "authorization" in request.headers or "x-figma-token" in request.headers:
            return Response("<Error><Code>InvalidArgument</Code></Error>", 400, media_type="application/xml")
        content = self._pictures.get(request.path_params["picture"])
        if content is None:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        return content_of(request, content, "image/png")


_NO_LIBRARY: dict[str, Any] = {"components": {}, "componentSets": {}, "styles": {}}


def render(file: Drawn, layer: Layer, ending: str, scale: str) -> bytes:
    """A picture, or what passes for one."""
    return f"{ending} of {file.key} {layer.id} at {scale}, version {file.version}: {layer.name}\n".encode() * 50


def _head(file: Drawn) -> dict[str, Any]:
    return {
        "name": file.name,
        "role": "viewer",
        "lastModified": iso(file.touched_s),
        "editorType": file.editor,
        "version": str(file.version),
    }


def _furnished() -> Layer:
    titles = [Layer(f"1:{n}", name, "FRAME") for n, name in enumerate(("Opening", "Lower third", "Icons/Arrow"), 2)]
    titles[0].children = [Layer("1:20", "Logo", "VECTOR")]
    titles[2].renders = False
    ends = [Layer("2:2", "Credits 🎬", "COMPONENT"), Layer("2:3", "", "FRAME"), Layer("2:4", "A stray line", "LINE")]
    pages = [Layer("0:1", "Titles", "CANVAS", titles), Layer("2:1", "Übergänge", "CANVAS", ends)]
    return Layer("0:0", "Document", "DOCUMENT", [*pages, Layer("3:1", "---", "CANVAS")])
