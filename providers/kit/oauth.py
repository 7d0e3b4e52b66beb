"""OAuth 2.0 requests, over requests-oauthlib and our transport.

requests-oauthlib builds the requests and reads the answers; the transport gives it a deadline, a cap and no redirects.
Its own logger prints tokens at debug level and is therefore switched off here, for good.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
import requests
from oauthlib.oauth2 import OAuth2Error
from requests.auth import AuthBase, HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from providers.kit.answer import Answer
from providers.kit.app import AppCredentials
from providers.kit.errors import ProtocolBroken, ProviderError
from providers.kit.http import DEADLINE_S, USER_AGENT, HttpClient, translated_errors
from providers.kit.manifest import OAuth2

for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).disabled = True
    logging.getLogger(_name).propagate = False


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """Either a code to exchange or a refresh token to use."""

    code: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    code_verifier: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


def authorization_url(
    oauth: OAuth2,
    app: AppCredentials,
    *,
    redirect_uri: str,
    state: str,
    scopes: tuple[str, ...],
    code_challenge: str | None,
) -> str:
    """RFC 6749, 4.1.1, with RFC 7636's S256 challenge when one is given."""
    extra = dict(oauth.authorize_params)
    if code_challenge is not None:
        extra |= {"code_challenge": code_challenge, "code_challenge_method": "S256"}
    # A text, not a list: a list would always be joined by spaces.
    session = OAuth2Session(app.client_id, redirect_uri=redirect_uri, scope=oauth.scope_separator.join(scopes) or None)
    url, _ = session.authorization_url(oauth.authorize_url, state=state, **extra)
    return str(url)


def send_token_request(
    http: HttpClient,
    oauth: OAuth2,
    app: AppCredentials,
    provider: str,
    request: TokenRequest,
    *,
    check: Callable[[Answer], ProviderError | None],
) -> dict[str, Any]:
    """Sends one token request, once, and returns the answer's JSON object.

    `check` reads the answer first and names what is wrong with it. Raises ProviderError.
    """
    session = _TokenSession(app.client_id, redirect_uri=request.redirect_uri)
    session.mount("https://", http.adapter)
    bodies: list[dict[str, Any]] = []

    def read(response: requests.Response) -> requests.Response:
        answer = Answer(provider, response.status_code, response.headers, response.content)
        if (problem := check(answer)) is not None:
            raise problem
        bodies.append(answer.require_success().json_object())
        # oauthlib then finds just what it looks for, whatever else the provider sent.
        response._content = orjson.dumps({"access_token": "read-by-us", "token_type": "bearer"})
        return response

    session.register_compliance_hook("access_token_response", read)
    session.register_compliance_hook("refresh_token_response", read)
    extra: dict[str, Any] = {"auth": _ClientAuth(oauth, app), "timeout": DEADLINE_S}
    if request.code_verifier is not None:
        extra["code_verifier"] = request.code_verifier
    with translated_errors(provider):
        try:
            if request.refresh_token is not None:
                session.refresh_token(
                    oauth.refresh_url or oauth.token_url, refresh_token=request.refresh_token, **extra
                )
            else:
                session.fetch_token(oauth.token_url, code=request.code, **extra)
        except OAuth2Error as error:
            raise ProtocolBroken(f"{provider} sent a token answer that cannot be read") from error
    return bodies[0]


class _ClientAuth(AuthBase):
    """How the app proves itself: HTTP Basic, or members of the body; and JSON where the provider wants it."""

    def __init__(self, oauth: OAuth2, app: AppCredentials) -> None:
        self._oauth = oauth
        self._app = app

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        members = dict(parse_qsl(str(request.body), keep_blank_values=True))
        if self._oauth.client_auth == "body":
            members |= {"client_id": self._app.client_id, "client_secret": self._app.client_secret}
        if self._oauth.encoding == "json":
            request.prepare_body(None, None, json=members)
            request.headers["Content-Type"] = "application/json"
        else:
            request.prepare_body(members, None)
        if self._oauth.client_auth == "basic":
            HTTPBasicAuth(self._app.client_id, self._app.client_secret)(request)
        return request


class _TokenSession(OAuth2Session):
    """One token request's session: no redirects, nothing from the environment."""

    def __init__(self, client_id: str, redirect_uri: str | None) -> None:
        super().__init__(client_id, redirect_uri=redirect_uri)
        self.trust_env = False
        self.headers["User-Agent"] = USER_AGENT

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None
