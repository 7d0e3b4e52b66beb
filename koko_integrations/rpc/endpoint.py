"""`POST /rpc`: HTTP to JSON-RPC and back, straight on ASGI.

HTTP 200 for every answered call, 204 where there is nothing to answer, 429 where a rate limit let none of the calls in.
What is wrong with the HTTP request itself is an HTTP error, with a JSON-RPC error object as its body.
"""

import itertools
import re
import secrets
from collections.abc import Iterable
from typing import Any

import structlog
from starlette.types import Receive, Scope, Send

from koko_integrations.errors import (
    AppError,
    BadRequest,
    MethodNotSupported,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from koko_integrations.rpc.dispatch import Dispatcher, Request
from koko_integrations.rpc.envelope import MAX_BODY_BYTES, failure, parse
from koko_integrations.rpc.origins import Origins
from koko_integrations.rpc.wire import dump

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class ClientGone(Exception):
    """The caller hung up before the body was complete."""


class RpcEndpoint:
    """An ASGI app."""

    def __init__(self, dispatcher: Dispatcher[Any], origins: Origins) -> None:
        self._dispatcher = dispatcher
        self._origins = origins
        # Unique, not secret: one random draw per process and a count, as a draw per call would be felt.
        self._id_prefix = secrets.token_hex(4)
        self._id_count = itertools.count(1)

    def _made_id(self) -> str:
        return f"{self._id_prefix}{next(self._id_count) & 0xFFFFFFFF:08x}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get("x-request-id", "")
        request = Request(given if given and _REQUEST_ID.fullmatch(given) else self._made_id(), headers)
        # The server runs each request in a context of its own, so there is nothing to unbind.
        structlog.contextvars.bind_contextvars(request_id=request.id)
        extra = self._origins.answer_headers(headers)
        try:
            self._check(scope["method"], headers)
            body = await _read(headers, receive)
            answer = await self._dispatcher.run(request, parse(body))
        except AppError as error:
            if isinstance(error, MethodNotSupported):
                extra = [*extra, (b"allow", b"POST")]
            await _respond(send, error.http_status, dump(failure(None, error)), request.id, extra)
        except ClientGone:
            return
        else:
            status, said = _outcome(request, is_answered=answer is not None)
            body = b"" if answer is None else dump(answer)
            await _respond(send, status, body, request.id, [*extra, *said])

    def _check(self, method: str, headers: dict[str, str]) -> None:
        if method != "POST":
            raise MethodNotSupported("Calls are sent by POST")
        # Koko's cookie travels cross-site: the origin and the content type are what keeps other sites out.
        self._origins.require_allowed(headers)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise UnsupportedMediaType("The content type must be application/json")


def _outcome(request: Request, *, is_answered: bool) -> tuple[int, tuple[tuple[bytes, bytes], ...]]:
    """The HTTP status, and what the headers say of rate limits."""
    if request.turned_away and request.turned_away == request.calls:
        # Nothing was done, so proxies and clients that know HTTP alone may know it; the body says it as ever.
        return 429, (*request.said, (b"retry-after", b"%d" % request.retry_after_s))
    return 200 if is_answered else 204, request.said


async def _read(headers: dict[str, str], receive: Receive) -> bytes:
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        raise BadRequest("The content length is not a number")
    if int(length) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    while True:
        # A body that does not come is the server's to end: koko_integrations/server.py.
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(body)


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"A request body holds at most {MAX_BODY_BYTES} bytes")


async def _respond(
    send: Send, status: int, body: bytes, request_id: str, extra: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    headers = [(b"x-request-id", request_id.encode()), (b"cache-control", b"no-store"), *extra]
    if body:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
