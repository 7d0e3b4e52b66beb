"""monday.com. Source: developer.monday.com/api-reference/docs/authentication, /docs/error-handling."""

from typing import Any

import jwt
import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.oauth import AuthorizationServer, Token
from sandbox.kit.stand_in import Clock, StandIn

PERSONAL_TOKEN = "sandbox-monday-personal-api-token"
SIGNING_KEY = "sandbox-monday-signing-key-0123456789"
SCOPES = "me:read boards:read boards:write updates:read updates:write"
ME = {"id": "1", "name": "Ada Admin", "account": {"id": "77", "name": "Sandbox Account"}}


class MondayStandIn(StandIn):
    slug = "monday"
    origins = ("https://auth.monday.com", "https://api.monday.com")

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="monday.com",
            account="Sandbox Account",
            client_id="sandbox-monday",
            client_secret="sandbox-monday-client-secret",
            encoding="json",
            pkce=True,
            omits=("expires_in",),
            succeed=self._jwt_members,
        )
        super().__init__(clock)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth2/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/oauth_ms/oauth/token", self.oauth.token, methods=["POST"]),
            Route("/oauth_ms/oauth/revoke", self._revoke, methods=["POST"]),
            Route("/v2", self._graphql, methods=["POST"]),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: {**self.oauth.announcement(), "example": {"apiToken": PERSONAL_TOKEN}}}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()

    def _jwt_members(self, token: Token) -> dict[str, Any]:
        # The token itself says when it ends.
        claims = {"exp": int(token.expires_at_s or 0), "jti": token.access}
        token.access = jwt.encode(claims, SIGNING_KEY, algorithm="HS256")
        return {"access_token": token.access, "scope": SCOPES}

    async def _revoke(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        if (body.get("client_id"), body.get("client_secret")) != (self.oauth.client_id, self.oauth.client_secret):
            return JSONResponse({"error": "invalid_client"}, 401)
        self.oauth.revoke(body.get("token"))
        return JSONResponse({"success": True})

    async def _graphql(self, request: Request) -> Response:
        token = request.headers.get("authorization")
        if "api-version" not in request.headers:
            return JSONResponse({"errors": [{"message": "API-Version is missing"}]}, 400)
        if token != PERSONAL_TOKEN and self.oauth.find_live(token) is None:
            return JSONResponse({"errors": [{"message": "Not Authenticated"}]}, 401)
        query = orjson.loads(await request.body())["query"]
        if "boards" in query:
            first_page = "page: 1," in query
            return JSONResponse({"data": {"boards": [{"id": "501", "name": "Shots"}] if first_page else []}})
        return JSONResponse({"data": {"me": ME}})
