"""Atlassian: one authorization server, the Jira and the Trello API.

Source: developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps, /cloud/trello/guides/rest-api/authorization.
"""

import re
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.jira import JiraApi
from sandbox.kit.notifying import Notifier
from sandbox.kit.oauth import AuthorizationServer, read_bearer
from sandbox.kit.stand_in import Clock, StandIn
from sandbox.trello import TrelloApi

SITES = [
    {"id": "11111111-aaaa-4bbb-8ccc-000000000001", "name": "sandbox", "url": "https://sandbox.atlassian.net"},
    {"id": "11111111-aaaa-4bbb-8ccc-000000000002", "name": "studio", "url": "https://studio.atlassian.net"},
]
TRELLO_KEY = "sandboxtrellokey0123456789abcdef"
TRELLO_TOKEN = "ATTAsandboxtrellotoken0123456789abcdef"


def _refuse(code: str) -> Response:
    # Atlassian answers a refresh token that is gone with 403.
    error = {"code_used": "invalid_grant", "redirect_uri_mismatch": "invalid_grant"}.get(code, code)
    status = 401 if code == "invalid_client" else 403
    return JSONResponse({"error": error, "error_description": "Unknown or invalid token."}, status)


class AtlassianStandIn(StandIn):
    slug = "atlassian"
    origins = ("https://auth.atlassian.com", "https://api.atlassian.com", "https://api.trello.com")

    def __init__(self, clock: Clock) -> None:
        self.jira = self._server(clock, "Jira", "sandbox-jira", pkce=False)
        self.trello = self._server(clock, "Trello", "sandbox-trello", pkce=True)
        self.sites = SITES[:1]
        self.trello_token_revoked = False
        self.notifier = Notifier()
        self.jira_api = JiraApi(clock, self.jira, lambda: self.sites, self.notifier)
        self.trello_api = TrelloApi(clock, self._refuse_trello, self.notifier, self.trello.client_secret)
        super().__init__(clock)

    def _server(self, clock: Clock, provider: str, client_id: str, *, pkce: bool) -> AuthorizationServer:
        return AuthorizationServer(
            clock=clock,
            provider=provider,
            account=f"Sandbox {provider}",
            client_id=client_id,
            client_secret=f"{client_id}-client-secret-0123456789",
            encoding="json",
            pkce=pkce,
            refuse=_refuse,
        )

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/authorize", self._authorize, methods=["GET", "POST"]),
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/oauth/token/accessible-resources", self._resources),
            Route("/1/tokens/{token}", self._delete_token, methods=["DELETE"]),
            *self.jira_api.routes(),
            *self.trello_api.routes(),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        example = {"apiKey": TRELLO_KEY, "apiToken": TRELLO_TOKEN}
        return {"jira": self.jira.announcement(), "trello": {**self.trello.announcement(), "example": example}}

    def reset(self) -> None:
        super().reset()
        self.notifier.reset()
        self.jira.reset()
        self.trello.reset()
        self.sites = SITES[:1]
        self.trello_token_revoked = False
        self.jira_api.reset()
        self.trello_api.reset()

    def _of(self, client_id: str | None) -> AuthorizationServer:
        return self.trello if client_id == self.trello.client_id else self.jira

    async def _authorize(self, request: Request) -> Response:
        return await self._of(request.query_params.get("client_id")).authorize(request)

    async def _token(self, request: Request) -> Response:
        body = orjson.loads(await request.body() or b"{}")
        if "code_verifier" in body and body.get("client_id") == self.jira.client_id:
            return _refuse("invalid_request")
        return await self._of(body.get("client_id")).token(request)

    async def _resources(self, request: Request) -> Response:
        token = self.jira.find_live(read_bearer(request))
        if token is None:
            return _unauthorized()
        scopes = [scope for scope in token.scopes if scope != "offline_access"]
        return JSONResponse([{**site, "scopes": scopes, "avatarUrl": "https://x/y.png"} for site in self.sites])

    def _refuse_trello(self, request: Request, scope: str) -> Response | None:
        authorization = request.headers.get("authorization", "")
        by_key = re.fullmatch(r'OAuth oauth_consumer_key="(\w+)", oauth_token="(\w+)"', authorization)
        if by_key is not None and by_key.groups() == (TRELLO_KEY, TRELLO_TOKEN) and not self.trello_token_revoked:
            return None
        live = self.trello.find_live(read_bearer(request))
        if live is None:
            return PlainTextResponse("invalid token", 401)
        return None if scope in live.scopes else PlainTextResponse(f"missing scope {scope}", 403)

    async def _delete_token(self, request: Request) -> Response:
        if request.path_params["token"] != TRELLO_TOKEN or self.trello_token_revoked:
            return PlainTextResponse("invalid token", 401)
        self.trello_token_revoked = True
        return JSONResponse({"_value": None})


def _unauthorized() -> Response:
    return JSONResponse({"code": 401, "message": "Unauthorized"}, 401)
