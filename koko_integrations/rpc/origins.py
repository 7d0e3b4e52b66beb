"""Which browser pages may call. Source: fetch.spec.whatwg.org (CORS).

Koko's cookie travels cross-site, so what may come with it comes from an exact list of origins. A call by a key of its
own may come from anywhere, `Origin: null` of an editor's panel too: a page that has the key was given it, and the
answer is not for pages that send cookies.
"""

from collections.abc import Callable, Iterable, Mapping

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from koko_integrations.errors import Forbidden

Headers = list[tuple[bytes, bytes]]
KEY_HEADERS = frozenset({"authorization", "x-api-key"})
_ALLOWED_HEADERS = ["content-type", *sorted(KEY_HEADERS), "x-request-id"]
_PREFLIGHT_MAX_AGE_S = 600
_VARY = (b"vary", b"Origin")
_EXPOSED = (
    b"access-control-expose-headers",
    b"x-request-id, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, retry-after",
)
_WITH_COOKIES = (b"access-control-allow-credentials", b"true")


class Origins:
    """`has_key` tells whether a request is judged by a key in its headers, and its cookie left alone."""

    def __init__(self, allowed: Iterable[str], has_key: Callable[[Mapping[str, str]], bool]) -> None:
        self.allowed = frozenset(allowed)
        self._has_key = has_key

    def require_allowed(self, headers: Mapping[str, str]) -> None:
        """Raises Forbidden for a page that may not call as it does."""
        origin = headers.get("origin")
        if origin is not None and origin not in self.allowed and not self._has_key(headers):
            raise Forbidden("This origin may not call Koko Integrations")

    def answer_headers(self, headers: Mapping[str, str]) -> Headers:
        """What lets the page read the answer."""
        origin = headers.get("origin")
        if origin is None:
            return [_VARY]
        if origin in self.allowed:
            return [_VARY, (b"access-control-allow-origin", origin.encode()), _WITH_COOKIES, _EXPOSED]
        if self._has_key(headers):
            return [_VARY, (b"access-control-allow-origin", b"*"), _EXPOSED]
        return [_VARY]


class Preflight:
    """Answers a browser's question before the call, which names the headers but does not have them: whoever wants to
    send a key may, without cookies."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._origins = origins
        self._listed = CORSMiddleware(
            app,
            allow_origins=sorted(origins.allowed),
            allow_methods=["POST"],
            allow_headers=_ALLOWED_HEADERS,
            allow_credentials=True,
            max_age=_PREFLIGHT_MAX_AGE_S,
        )
        self._by_key = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["POST"],
            allow_headers=_ALLOWED_HEADERS,
            max_age=_PREFLIGHT_MAX_AGE_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        asked = {name.strip().lower() for name in headers.get("access-control-request-headers", "").split(",")}
        foreign = headers.get("origin") not in self._origins.allowed
        await (self._by_key if foreign and asked & KEY_HEADERS else self._listed)(scope, receive, send)
