"""An OAuth 2.0 authorization server (RFC 6749, 7009, 7636) with a consent page; stand-ins say how theirs differs."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from sandbox.kit.consent import consent_page, problem_page
from sandbox.kit.stand_in import Clock

CODE_LIFETIME_S = 600


@dataclass
class Token:
    """One access token, with the refresh token that came with it."""

    access: str
    refresh: str | None
    scopes: tuple[str, ...]
    expires_at_s: float | None
    revoked: bool = False
    refresh_spent: bool = False


@dataclass
class _Code:
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str | None
    expires_at_s: float
    used: bool = False


@dataclass(kw_only=True)
class AuthorizationServer:
    """`refuse` makes an error answer of an OAuth error code; `succeed` adds members to a success, `omits` drops."""

    clock: Clock
    provider: str
    account: str
    client_id: str
    client_secret: str
    client_auth: Literal["basic", "body"] = "body"
    encoding: Literal["form", "json"] = "form"
    pkce: bool = False
    scope_separator: str = " "
    lifetime_s: int | None = 3600
    refreshes: bool = True
    rotates: bool = True
    access_prefix: str = "at-"
    refresh_prefix: str = "rt-"
    refuse: Callable[[str], Response] = field(default=lambda code: refuse_by_rfc(code))
    succeed: Callable[[Token], dict[str, Any]] | None = None
    omits: tuple[str, ...] = ()
    tokens: list[Token] = field(default_factory=list)
    codes: dict[str, _Code] = field(default_factory=dict)

    def announcement(self) -> dict[str, Any]:
        """What the app's operator would be told on registering it."""
        return {"clientId": self.client_id, "clientSecret": self.client_secret}

    def reset(self) -> None:
        self.tokens.clear()
        self.codes.clear()

    # The authorization endpoint, RFC 6749 3.1

    async def authorize(self, request: Request) -> Response:
        """GET shows the consent page, POST `decision=allow` or `deny` answers it."""
        query = request.query_params
        problem = self._problem(query)
        if problem is not None:
            return HTMLResponse(problem_page(self.provider, problem), 400)
        scopes = tuple(query.get("scope", "").replace(",", " ").split())
        if request.method == "GET":
            return HTMLResponse(consent_page(self.provider, self.account, scopes))
        decision = (await read_form(request)).get("decision")
        answer = {"error": "access_denied"} if decision != "allow" else {"code": self.issue_code(query, scopes)}
        if "state" in query:
            answer["state"] = query["state"]
        separator = "&" if "?" in query["redirect_uri"] else "?"
        return RedirectResponse(query["redirect_uri"] + separator + urlencode(answer), 302)

    def _problem(self, query: Any) -> str | None:
        if query.get("client_id") != self.client_id:
            return "The app (client_id) is not known here."
        if not query.get("redirect_uri"):
            return "The redirect_uri is missing."
        if query.get("response_type", "code") != "code":
            return "The response_type must be code."
        if self.pkce and (not query.get("code_challenge") or query.get("code_challenge_method") != "S256"):
            return "This service wants PKCE with S256."
        return None

    def issue_code(self, query: Any, scopes: tuple[str, ...]) -> str:
        code = secrets.token_urlsafe(16)
        self.codes[code] = _Code(
            query["redirect_uri"], scopes, query.get("code_challenge"), self.clock.now_s() + CODE_LIFETIME_S
        )
        return code

    # The token endpoint, RFC 6749 3.2

    async def token(self, request: Request) -> Response:
        """The authorization_code and refresh_token grants."""
        data = await self._read(request)
        if data is None:
            return self.refuse("invalid_request")
        if not self._is_client(request, data):
            return self.refuse("invalid_client")
        grant_type = data.get("grant_type", "refresh_token" if "refresh_token" in data else "authorization_code")
        if grant_type == "authorization_code":
            return self._exchange(data)
        if grant_type == "refresh_token" and self.refreshes:
            return self._refresh(data)
        return self.refuse("unsupported_grant_type")

    def _exchange(self, data: dict[str, str]) -> Response:
        code = self.codes.get(data.get("code", ""))
        if code is None or code.expires_at_s < self.clock.now_s():
            return self.refuse("invalid_grant")
        if code.used:
            return self.refuse("code_used")
        if data.get("redirect_uri") != code.redirect_uri:
            return self.refuse("redirect_uri_mismatch")
        if code.challenge is not None and _challenge(data.get("code_verifier", "")) != code.challenge:
            return self.refuse("invalid_grant")
        code.used = True
        return self._answer(self.issue(code.scopes))

    def _refresh(self, data: dict[str, str]) -> Response:
        old = next((t for t in self.tokens if t.refresh == data.get("refresh_token")), None)
        if old is None or old.revoked or old.refresh_spent or old.refresh is None:
            return self.refuse("invalid_grant")
        if self.rotates:
            old.refresh_spent = True
            return self._answer(self.issue(old.scopes))
        return self._answer(self.issue(old.scopes, keep_refresh=old.refresh), with_refresh=False)

    def issue(self, scopes: tuple[str, ...], keep_refresh: str | None = None) -> Token:
        """A new token."""
        fresh = self.refresh_prefix + secrets.token_urlsafe(24) if self.refreshes else None
        token = Token(
            access=self.access_prefix + secrets.token_urlsafe(24),
            refresh=keep_refresh or fresh,
            scopes=scopes,
            expires_at_s=None if self.lifetime_s is None else self.clock.now_s() + self.lifetime_s,
        )
        self.tokens.append(token)
        return token

    def _answer(self, token: Token, *, with_refresh: bool = True) -> Response:
        body: dict[str, Any] = {
            "access_token": token.access,
            "token_type": "bearer",
            "scope": self.scope_separator.join(token.scopes),
        }
        if token.refresh is not None and with_refresh:
            body["refresh_token"] = token.refresh
        if self.lifetime_s is not None:
            body["expires_in"] = self.lifetime_s
        members = body | (self.succeed(token) if self.succeed else {})
        return JSONResponse({name: value for name, value in members.items() if name not in self.omits})

    async def _read(self, request: Request) -> dict[str, str] | None:
        kind = request.headers.get("content-type", "")
        if self.encoding == "json":
            if "application/json" not in kind:
                return None
            return {str(name): str(value) for name, value in orjson.loads(await request.body()).items()}
        if "application/x-www-form-urlencoded" not in kind:
            return None
        return await read_form(request)

    def _is_client(self, request: Request, data: dict[str, str]) -> bool:
        given = (data.get("client_id"), data.get("client_secret"))
        if self.client_auth == "basic":
            given = read_basic(request)
        return given == (self.client_id, self.client_secret)

    # Using and revoking

    def find_live(self, access: str | None) -> Token | None:
        """The token, if it is one of ours, unexpired and not revoked."""
        token = next((t for t in self.tokens if t.access == access), None)
        if token is None or token.revoked:
            return None
        expired = token.expires_at_s is not None and token.expires_at_s <= self.clock.now_s()
        return None if expired else token

    def revoke(self, value: str | None) -> bool:
        """Revokes everything that came of the same consent. Whether the value, access or refresh, was known."""
        known = [t for t in self.tokens if value is not None and value in (t.access, t.refresh)]
        for token in known:
            token.revoked = True
        return bool(known)


async def read_form(request: Request) -> dict[str, str]:
    """An application/x-www-form-urlencoded body."""
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def read_bearer(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" and value else None


def read_basic(request: Request) -> tuple[str | None, str | None]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        name, _, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return unquote(name), unquote(password)


def refuse_by_rfc(code: str) -> Response:
    """RFC 6749, 5.2."""
    code = {"code_used": "invalid_grant", "redirect_uri_mismatch": "invalid_grant"}.get(code, code)
    return JSONResponse({"error": code}, 401 if code == "invalid_client" else 400)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
