"""Google Drive's resumable uploads. Source: developers.google.com/workspace/drive/api/guides/manage-uploads#resumable.

The address of a session is all that its requests need: they are not asked for a token. Chunks are multiples of 256 KiB,
bytes that are there already are passed over, and a session that is done keeps answering with its file.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.drive_shapes import Refusal, only

PATH = "/upload/drive/v3/files"
UNIT_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")


@dataclass
class UploadSession:
    """`finish` makes the file of all its bytes and answers how it is shown."""

    size: int | None
    fields: str
    finish: Callable[[bytes], dict[str, Any]]
    received: bytearray = field(default_factory=bytearray)
    made: dict[str, Any] | None = None


class DriveUploads:
    """`place` says what becomes of an upload: its token, the file it replaces, and its description are given."""

    def __init__(
        self,
        place: Callable[[Request, str | None, dict[str, Any], int], Callable[[bytes], dict[str, Any]]],
        refuse: Callable[[int, str, str], Response],
    ) -> None:
        self._place = place
        self._refuse = refuse
        self.reset()

    def reset(self) -> None:
        self.sessions: dict[str, UploadSession] = {}
        self._numbers = itertools.count(1)

    def expire(self) -> None:
        """Nothing is known of those that have begun."""
        self.sessions.clear()

    @property
    def unfinished(self) -> int:
        return sum(session.made is None for session in self.sessions.values())

    def routes(self) -> list[BaseRoute]:
        return [
            Route(PATH, self._begin, methods=["POST"]),
            Route(f"{PATH}/{{id}}", self._begin, methods=["PATCH"]),
            Route(PATH, self._receive, methods=["PUT"]),
            Route(PATH, self._cancel, methods=["DELETE"]),
        ]

    async def _begin(self, request: Request) -> Response:
        asked, described = request.query_params, orjson.loads(await request.body() or b"{}")
        declared = request.headers.get("x-upload-content-length", "")
        try:
            if asked.get("uploadType") != "resumable":
                raise Refusal(400, "badRequest", "Only resumable uploads are played here")
            if unknown := set(asked) - {"uploadType", "supportsAllDrives", "fields"}:
                raise Refusal(400, "invalidParameter", f"Unknown name {min(unknown)}")
            if unknown := set(described) - {"name", "mimeType", "parents"}:
                raise Refusal(400, "badRequest", f"Unknown name {min(unknown)}")
            replaced = request.path_params.get("id")
            finish = self._place(request, replaced, described, int(declared or 0))
        except Refusal as refusal:
            return self._refuse(refusal.status, refusal.reason, refusal.message)
        upload_id = f"ABPsandbox{next(self._numbers)}"
        size = int(declared) if declared else None
        self.sessions[upload_id] = UploadSession(size, asked.get("fields", "kind,id,name,mimeType"), finish)
        where = f"https://www.googleapis.com{PATH}?uploadType=resumable&upload_id={upload_id}"
        return Response(headers={"Location": where, "X-GUploader-UploadID": upload_id})

    async def _receive(self, request: Request) -> Response:
        session = self.sessions.get(request.query_params.get("upload_id", ""))
        if session is None:
            return Response("Not Found", 404)
        if session.made is not None:
            return JSONResponse(only(session.made, session.fields))
        content, told = await request.body(), _RANGE.fullmatch(request.headers.get("content-range", ""))
        if told is None or (session.size is not None and int(told[3]) != session.size):
            return Response("Invalid request. The Content-Range is not of this upload.", 400)
        begin, end, size = int(told[1] or 0), int(told[2] or -1), int(told[3])
        if told[1] is not None:
            if end - begin + 1 != len(content) or begin > len(session.received) or end >= size:
                return Response("Invalid request. The bytes are not those of the Content-Range.", 400)
            if end + 1 < size and len(content) % UNIT_BYTES:
                return Response("Invalid request. A chunk is a multiple of 262144 bytes.", 400)
            session.received += content[len(session.received) - begin :]
        if len(session.received) == size:
            session.made = session.finish(bytes(session.received))
            return JSONResponse(only(session.made, session.fields))
        return Response(status_code=308, headers=_so_far(session))

    async def _cancel(self, request: Request) -> Response:
        found = self.sessions.pop(request.query_params.get("upload_id", ""), None)
        return Response("Not Found", 404) if found is None else Response(status_code=499)


def _so_far(session: UploadSession) -> dict[str, str]:
    return {"Range": f"bytes=0-{len(session.received) - 1}"} if session.received else {}
