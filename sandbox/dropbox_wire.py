"""How Dropbox is asked: with arguments in the body, or in a header beside content.

Source: dropbox.com/developers/documentation/http/documentation (formats), dropbox/dropbox-api-spec.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeGuard

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.kit.oauth import Token

Asked = dict[str, Any]
READS_METADATA, READS, WRITES = "files.metadata.read", "files.content.read", "files.content.write"
CONTENT_TYPES = ("application/octet-stream", "text/plain; charset=dropbox-cors-hack")


class Wire:
    """`check` answers the token of a request, or a refusal. Arguments that are not `known` are refused."""

    def __init__(self, check: Callable[[Request, str], Token | Response]) -> None:
        self._check = check

    def rpc(self, name: str, known: str, answer: Callable[[Asked], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            return self._checked(request, name, READS_METADATA, known, await request.body()) or answer(
                request.state.asked
            )

        return _route(name, endpoint)

    def download(self, name: str, known: str, answer: Callable[[Asked, Request], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            if await request.body() or request.headers.get("content-type", "") not in (
                "",
                "text/plain",
                *CONTENT_TYPES,
            ):
                return bad(name, "the body is to be empty")
            return self._checked(request, name, READS, known, _argument(request)) or answer(
                request.state.asked, request
            )

        return _route(name, endpoint)

    def upload(self, name: str, known: str, answer: Callable[[Asked, bytes], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("content-type") not in CONTENT_TYPES:
                return bad(name, 'Bad HTTP "Content-Type" header')
            refusal = self._checked(request, name, WRITES, known, _argument(request))
            return refusal or answer(request.state.asked, await request.body())

        return _route(name, endpoint)

    def _checked(self, request: Request, name: str, scope: str, known: str, argument: bytes) -> Response | None:
        token = self._check(request, scope)
        if isinstance(token, Response):
            return token
        try:
            asked = orjson.loads(argument)
        except orjson.JSONDecodeError:
            return bad(name, "could not decode input as JSON")
        if not has_only(asked, known):
            return bad(name, "unknown field")
        request.state.asked = asked
        return None


def has_only(asked: Any, known: str) -> TypeGuard[dict[str, Any]]:
    """Whether it is an object of these members."""
    return isinstance(asked, dict) and set(asked) <= set(known.split())


def bad(name: str, what: str) -> Response:
    return PlainTextResponse(f'Error in call to API function "files/{name}": {what}', 400)


def refused(status: int, tags: str, **members: Any) -> Response:
    """`tags` go from the general to the particular, as in path/not_found; `members` are of the last."""
    *outer, last = tags.split("/")
    error: dict[str, Any] = {".tag": last, **members}
    for tag in reversed(outer):
        error = {".tag": tag, tag: error}
    return JSONResponse({"error_summary": f"{tags}/...", "error": error}, status)


def _argument(request: Request) -> bytes:
    """Non-ASCII and DEL have to be escaped in it; Dropbox does not read what is not."""
    text = request.headers.get("dropbox-api-arg", "")
    return text.encode() if text.isascii() and "\x7f" not in text else b""


def _route(name: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    return Route(f"/2/files/{name}", endpoint, methods=["POST"])
