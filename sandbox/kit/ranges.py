"""Bytes of a file, all of them or from one on: RFC 9110, section 14."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE_BYTES = 64 * 1024


def content_of(request: Request, content: bytes, media_type: str = "application/octet-stream") -> Response:
    """What is asked for by a single range; any other is passed over, as servers may."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if found is None:
        return Response(content, headers={"Accept-Ranges": "bytes"}, media_type=media_type)
    begin, size = int(found[1]), len(content)
    if begin >= size:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    part = content[begin : int(found[2]) + 1 if found[2] else size]
    told = f"bytes {begin}-{begin + len(part) - 1}/{size}"
    return Response(part, 206, {"Content-Range": told, "Accept-Ranges": "bytes"}, media_type)


class InPieces(Response):
    """Does not say how long it will be."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        for at in range(0, len(self.body), PIECE_BYTES):
            piece = self.body[at : at + PIECE_BYTES]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
