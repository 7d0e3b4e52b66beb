"""monday.com: a personal API token, or OAuth 2.1 where an app is registered.

Source: developer.monday.com/api-reference/docs/authentication, /docs/error-handling,
/apps/docs/migrating-to-the-new-oauth-flow. The API is GraphQL, whose errors come with HTTP 200; access tokens are JWTs
that carry their own expiry; scopes are set in the app.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jwt

from providers.kit.base import ConnectsByKeys, ConnectsByOAuth, ListsResources, Revokes
from providers.kit.connection import Connection, Grant, Identity, Resource, Revocation
from providers.kit.errors import CredentialsRefused, ProtocolBroken, ProviderError, Rejected, Transient
from providers.kit.manifest import Feature, Field, Manifest, OAuth2

API = "https://api.monday.com/v2"
API_VERSION = "2026-10"
WHOAMI = "query { me { id name account { id name } } }"
BOARDS = "query { boards(limit: 50, page: %d, state: active) { id name } }"
REFUSED = frozenset({"UserUnauthorizedException", "Unauthorized", "UNAUTHENTICATED"})
BUSY = frozenset({"COMPLEXITY_BUDGET_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "INTERNAL_SERVER_ERROR"})


class Monday(ConnectsByOAuth, ConnectsByKeys, Revokes, ListsResources):
    resource_kinds = ("boards",)
    manifest = Manifest(
        slug="monday",
        name="monday.com",
        category="project_management",
        description="Keep video feedback and monday.com boards in step",
        features=(Feature("Board sync"),),
        fields=(
            Field(
                name="apiToken",
                hint="the personal API token of monday.com, under Developers",
                secret=True,
                required=True,
                alias="apiKey",
            ),
        ),
        removal_hint="Regenerate the API token in monday.com, under Developers.",
    )
    oauth = OAuth2(
        authorize_url="https://auth.monday.com/oauth2/authorize",
        token_url="https://auth.monday.com/oauth_ms/oauth/token",  # noqa: S106 - an address
        pkce=True,
        encoding="json",
    )

    def whoami(self, connection: Connection) -> Identity:
        me = self._query(connection, WHOAMI).get("me")
        account = me.get("account") if isinstance(me, dict) else None
        if not isinstance(account, dict):
            raise ProtocolBroken("monday.com did not say who this is")
        return Identity(account_id=str(account.get("id")), account_name=str(account.get("name") or "monday.com"))

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        found: list[Resource] = []
        page = 1
        # Until a page is empty: monday does not say which is the last.
        while boards := self._query(connection, BOARDS % page).get("boards"):
            found += self.read_resources(boards)
            page += 1
        return found

    def revoke(self, connection: Connection) -> Revocation:
        token = connection.credentials.refresh_token or connection.credentials.access_token
        if token is None:
            return Revocation(revoked=False, reason="a personal API token is regenerated in monday.com itself")
        body = {
            "token": token,
            "client_id": self.oauth_app.client_id,
            "client_secret": self.oauth_app.client_secret,
            "token_type_hint": "refresh_token" if connection.credentials.refresh_token else "access_token",
        }
        url = "https://auth.monday.com/oauth_ms/oauth/revoke"
        self.http.request("monday.com", "POST", url, json=body).require_success()
        return Revocation(revoked=True)

    def read_grant(self, body: Mapping[str, Any]) -> Grant:
        grant = super().read_grant(body)
        expires_in_s = _seconds_left(grant.credentials.access_token or "")
        return replace(grant, credentials=replace(grant.credentials, expires_in_s=expires_in_s))

    def _query(self, connection: Connection, query: str) -> dict[str, Any]:
        credentials = connection.credentials
        answer = self.http.request(
            "monday.com",
            "POST",
            API,
            json={"query": query},
            headers={
                "Authorization": credentials.access_token or credentials.secrets.get("apiToken", ""),
                "API-Version": API_VERSION,
            },
            repeatable=True,
        )
        if answer.status == 401:
            raise CredentialsRefused("monday.com refused the token")
        body = answer.require_success().json_object()
        errors = body.get("errors")
        if errors:
            raise _problem(errors)
        data = body.get("data")
        if not isinstance(data, dict):
            raise ProtocolBroken("monday.com sent an answer without data")
        return data


def _problem(errors: Any) -> ProviderError:
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    reason = code if isinstance(code, str) else None
    if reason in REFUSED:
        return CredentialsRefused("monday.com refused the token", reason=reason)
    if reason in BUSY:
        wait = extensions.get("retry_in_seconds") if isinstance(extensions, dict) else None
        retry_after_s = float(wait) if isinstance(wait, int | float) else None
        return Transient("monday.com is busy right now", reason=reason, retry_after_s=retry_after_s)
    return Rejected("monday.com refused the request", reason=reason)


def _seconds_left(token: str) -> int | None:
    """From the JWT's own expiry; the token is monday's to verify, not ours."""
    try:
        expires = jwt.decode(token, options={"verify_signature": False}).get("exp")
    except jwt.PyJWTError:
        return None
    return max(0, int(expires - time.time())) if isinstance(expires, int | float) else None
