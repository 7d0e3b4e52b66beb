"""Where OneDrive's bytes come from and go to: addresses of another host, which are their own permission.

Source: learn.microsoft.com/graph/api/{driveitem-get-content,driveitem-createuploadsession}.

A bearer token that comes along is refused. Fragments come in their order, in multiples of 320 KiB; what has come is not
taken again. A session ends with its last fragment: it is not known any more then.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.files import Node
from sandbox.kit.ranges import content_of
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import iso
from sandbox.onedrive_drives import HOST

DOWNLOAD = "/personal/ada/_layouts/15/download.aspx"
UPLOAD = "/personal/ada/_api/v2.0/uploadSession"
FRAGMENT_BYTES = 320 * 1024
LARGEST_BYTES = 60 * 1024 * 1024
DOWNLOAD_LIFE_S = 300
UPLOAD_LIFE_S = 86_400
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass
class UploadSession:
    """`finish` puts the file in its place, or answers why not."""

    finish: Callable[[bytes], Response]
    expires_s: float
    received: bytearray = field(default_factory=bytearray)


class Transfers:
    """`find` knows things by their ids, `has_room` whether so many bytes more would fit in."""

    def __init__(
        self,
        clock: Clock,
        find: Callable[[str], Node | None],
        has_room: Callable[[int], bool],
        refuse: Callable[[int, str], Response],
    ) -> None:
        self._clock = clock
        self._find = find
        self._has_room = has_room
        self._refuse = refuse
        self.reset()

    def reset(self) -> None:
        self.sessions: dict[str, UploadSession] = {}
        self._downloads: dict[str, tuple[str, float]] = {}
        self._numbers = itertools.count(1)

    def expire(self) -> None:
        """No address that was given out is good any more."""
        self.sessions.clear()
        self._downloads.clear()

    def routes(self) -> list[BaseRoute]:
        return [
            Route(DOWNLOAD, self._download),
            Route(UPLOAD, self._receive, methods=["PUT"]),
            Route(UPLOAD, self._status, methods=["GET"]),
            Route(UPLOAD, self._cancel, methods=["DELETE"]),
        ]

    def offer(self, node: Node) -> Response:
        """Where the bytes are, for some minutes."""
        ticket = f"sandboxDownload{next(self._numbers)}"
        self._downloads[ticket] = (node.id, self._clock.now_s() + DOWNLOAD_LIFE_S)
        where = f"{HOST}{DOWNLOAD}?UniqueId={node.id}&Translate=false&tempauth={ticket}"
        return Response(status_code=302, headers={"Location": where})

    def open(self, finish: Callable[[bytes], Response]) -> Response:
        ticket = f"sandboxUpload{next(self._numbers)}"
        session = self.sessions[ticket] = UploadSession(finish, self._clock.now_s() + UPLOAD_LIFE_S)
        where = f"{HOST}{UPLOAD}?guid={ticket}&tempauth=v1.{ticket}"
        return JSONResponse({"uploadUrl": where, **_so_far(session)})

    async def _download(self, request: Request) -> Response:
        if "authorization" in request.headers:
            return self._refuse(401, "unauthenticated")
        found, expires_s = self._downloads.get(request.query_params.get("tempauth", ""), ("", 0.0))
        node = self._find(found)
        if expires_s <= self._clock.now_s():
            return self._refuse(401, "unauthenticated")
        if node is None or node.content is None:
            return self._refuse(404, "itemNotFound")
        return content_of(request, node.content)

    async def _receive(self, request: Request) -> Response:
        session = self._session(request)
        if isinstance(session, Response):
            return session
        content, told = await request.body(), _RANGE.fullmatch(request.headers.get("content-range", ""))
        if told is None:
            return self._refuse(400, "invalidRequest")
        begin, end, size = (int(number) for number in told.groups())
        if end - begin + 1 != len(content) or end >= size or (end + 1 < size and len(content) % FRAGMENT_BYTES):
            return self._refuse(400, "invalidRequest")
        if len(content) > LARGEST_BYTES:
            return self._refuse(413, "fragmentTooLarge")
        if begin != len(session.received):
            return self._refuse(416, "fragmentOverlap" if begin < len(session.received) else "fragmentOutOfOrder")
        if not self._has_room(size):
            return self._refuse(507, "quotaLimitReached")
        if end + 1 < size:
            session.received += content
            return JSONResponse(_so_far(session), 202)
        answer = session.finish(bytes(session.received) + content)
        if answer.status_code in (200, 201):
            self.sessions.pop(request.query_params["guid"])
        return answer

    async def _status(self, request: Request) -> Response:
        session = self._session(request)
        return session if isinstance(session, Response) else JSONResponse(_so_far(session))

    async def _cancel(self, request: Request) -> Response:
        session = self._session(request)
        if isinstance(session, Response):
            return session
        self.sessions.pop(request.query_params["guid"])
        return Response(status_code=204)

    def _session(self, request: Request) -> UploadSession | Response:
        if "authorization" in request.headers:
            return self._refuse(401, "unauthenticated")
        session = self.sessions.get(request.query_params.get("guid", ""))
        if session is None or session.expires_s <= self._clock.now_s():
            return self._refuse(404, "itemNotFound")
        return session


def _so_far(session: UploadSession) -> dict[str, Any]:
    return {
        "expirationDateTime": iso(session.expires_s),
        "nextExpectedRanges": [f"{len(session.received)}-"],
    }
