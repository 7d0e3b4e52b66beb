"""Figma. Source: developers.figma.com/docs/rest-api/{authentication,files,comments}, @figma/rest-api-spec."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.figma_documents import STORE, Documents
from sandbox.kit.figma_webhooks import FigmaWebhooks
from sandbox.kit.notifying import Notifier
from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer
from sandbox.kit.stand_in import Clock, StandIn
from sandbox.kit.work import A_DAY_S, iso

SITE = "https://www.figma.com"
FILE, BOARD = "aB3dE5fG7hJ9kL1mN3pQ5r", "zY9xW7vU5tS3rQ1pN9mL7k"
COMMENTS_EACH = 14
ADA = {"id": "1", "handle": "Ada Admin", "img_url": "https://x/y"}


@dataclass
class Comment:
    id: str
    author: str
    message: str
    created_s: float
    parent: str = ""
    node: str | None = None
    resolved_s: float | None = None
    number: int | None = None


@dataclass
class File:
    """`refused` is the status that whoever asks gets in its place."""

    key: str
    name: str
    editor: str
    version: int
    touched_s: float
    comments: dict[str, Comment] = field(default_factory=dict)
    refused: int = 0


class FigmaStandIn(StandIn):
    slug = "figma"
    origins = (SITE, "https://api.figma.com", STORE)

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Figma",
            account="ada@sandbox.example",
            client_id="sandbox-figma",
            client_secret="sandbox-figma-client-secret",
            client_auth="basic",
            scope_separator=",",
            rotates=False,
            lifetime_s=7_776_000,
            omits=("scope",),
            succeed=lambda _: {"user_id": 1, "user_id_string": "1"},
        )
        self.documents = Documents(self._find, _failed, (FILE, BOARD))
        self.notifier = Notifier()
        self.webhooks = FigmaWebhooks(clock, self.notifier, self._token, lambda key: key in self.files, _failed)
        super().__init__(clock)
        self._furnish()

    def _furnish(self) -> None:
        self._ids = itertools.count(900_000_001)
        self.files: dict[str, File] = {}
        yesterday = self.clock.now_s() - A_DAY_S
        for key, name, editor in ((FILE, "Title cards", "figma"), (BOARD, "Storyboard", "figjam")):
            self.files[key] = File(key, name, editor, 4000, yesterday)
            for number in range(COMMENTS_EACH):
                self.comment(key, "Grace", f"Comment {number + 1}", node=f"1:{number + 2}" if number else None)
        first, second, *_ = self.files[FILE].comments
        self.comment(FILE, "Linus", "A reply", parent=first)
        self.resolve(FILE, second)

    # What somebody at Figma does

    def change(self, key: str, name: str) -> None:
        """Work on the file: a new version."""
        file = self.files[key]
        file.name, file.version, file.touched_s = name, file.version + 1, self.clock.now_s()
        self.webhooks.told("FILE_UPDATE", key, name)

    def comment(self, key: str, author: str, message: str, *, parent: str = "", node: str | None = None) -> Comment:
        """Comments do not make a new version."""
        comments = self.files[key].comments
        number = None if parent else 1 + sum(not one.parent for one in comments.values())
        made = Comment(str(next(self._ids)), author, message, self.clock.now_s(), parent, node, number=number)
        comments[made.id] = made
        told = {"comment": [{"text": message}], "comment_id": made.id, "created_at": iso(made.created_s)}
        self.webhooks.told("FILE_COMMENT", key, self.files[key].name, **told, mentions=[], triggered_by=ADA)
        return made

    def delete(self, key: str) -> None:
        gone = self.files.pop(key)
        self.webhooks.told("FILE_DELETE", key, gone.name, triggered_by=ADA)

    def resolve(self, key: str, comment_id: str, *, again_open: bool = False) -> None:
        self.files[key].comments[comment_id].resolved_s = None if again_open else self.clock.now_s()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth", self.oauth.authorize, methods=["GET", "POST"]),
            # Two addresses for two grants.
            Route("/v1/oauth/token", self.oauth.token, methods=["POST"]),
            Route("/v1/oauth/refresh", self.oauth.token, methods=["POST"]),
            Route("/v1/me", self._me),
            Route("/v1/files/{key}/meta", self._meta),
            Route("/v1/files/{key}/comments", self._comments),
            *self.documents.routes(),
            *self.webhooks.routes(),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.notifier.reset()
        self.webhooks.forget()
        self.oauth.reset()
        self.documents.reset()
        self._furnish()

    async def _me(self, request: Request) -> Response:
        if self.oauth.find_live(read_bearer(request)) is None:
            return _failed(403, "Invalid token")
        return JSONResponse({**ADA, "email": "ada@sandbox.example"})

    async def _meta(self, request: Request) -> Response:
        file = self._find(request, "file_metadata:read")
        return file if isinstance(file, Response) else JSONResponse({"file": _file(file)})

    async def _comments(self, request: Request) -> Response:
        file = self._find(request, "file_comments:read", "as_md")
        if isinstance(file, Response):
            return file
        return JSONResponse({"comments": [_comment(file.key, one) for one in file.comments.values()]})

    def _token(self, request: Request) -> Token | None:
        return self.oauth.find_live(read_bearer(request))

    def _find(self, request: Request, scope: str, *parameters: str) -> File | Response:
        """The file that was asked for, or why not."""
        token = self._token(request)
        if token is None:
            return _failed(403, "Invalid token")
        if scope not in token.scopes:
            return _failed(
                403, f"Invalid scope(s): {', '.join(token.scopes)}. This endpoint requires the {scope} scope"
            )
        if not set(request.query_params) <= set(parameters):
            return _failed(400, "Unknown parameter")
        file = self.files.get(request.path_params["key"])
        if file is None:
            return _failed(404, "Not found")
        return _failed(file.refused, "You may not see this") if file.refused else file


def _failed(status: int, said: str) -> Response:
    return JSONResponse({"status": status, "err": said}, status)


def _file(file: File) -> dict[str, Any]:
    return {
        "name": file.name,
        "folder_name": "Campaign",
        "last_touched_at": iso(file.touched_s),
        "creator": ADA,
        "last_touched_by": ADA,
        "thumbnail_url": f"https://s3.example/thumbnail?signature={time.time_ns()}",
        "editorType": file.editor,
        "role": "viewer",
        "link_access": "view",
        "url": f"{SITE}/{'board' if file.editor == 'figjam' else 'design'}/{file.key}",
        "version": str(file.version),
    }


def _comment(key: str, comment: Comment) -> dict[str, Any]:
    place: dict[str, Any] = {"x": 10.0, "y": 20.0}
    if comment.node is not None:
        place = {"node_id": comment.node, "node_offset": place}
    return {
        "id": comment.id,
        "file_key": key,
        "parent_id": comment.parent,
        "user": {**ADA, "id": comment.author.lower(), "handle": comment.author},
        "created_at": iso(comment.created_s),
        "resolved_at": None if comment.resolved_s is None else iso(comment.resolved_s),
        "message": comment.message,
        "order_id": None if comment.number is None else str(comment.number),
        "client_meta": place,
        "reactions": [],
    }
