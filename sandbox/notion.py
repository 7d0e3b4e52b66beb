"""Notion. Source: developers.notion.com/reference/{create-a-token,revoke-token,get-self}."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.oauth import AuthorizationServer, read_basic, read_bearer
from sandbox.kit.stand_in import Clock, StandIn


class NotionStandIn(StandIn):
    slug = "notion"
    origins = ("https://api.notion.com",)

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Notion",
            account="Sandbox Workspace",
            client_id="sandbox-notion",
            client_secret="sandbox-notion-client-secret",
            client_auth="basic",
            encoding="json",
            omits=("expires_in", "scope"),
            refuse=_refuse,
            succeed=lambda _: {
                "bot_id": "bot-1",
                "workspace_id": "workspace-1",
                "workspace_name": "Sandbox Workspace",
                "owner": {"type": "workspace"},
                "duplicated_template_id": None,
            },
        )
        super().__init__(clock)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/oauth/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/v1/oauth/token", self.oauth.token, methods=["POST"]),
            Route("/v1/oauth/revoke", self._revoke, methods=["POST"]),
            Route("/v1/users/me", self._me),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()

    async def _revoke(self, request: Request) -> Response:
        if read_basic(request) != (self.oauth.client_id, self.oauth.client_secret):
            return _refuse("invalid_client")
        self.oauth.revoke(orjson.loads(await request.body()).get("token"))
        return JSONResponse({"request_id": "sandbox"})

    async def _me(self, request: Request) -> Response:
        if "notion-version" not in request.headers:
            return _error(400, "missing_version", "Notion-Version header is missing")
        if self.oauth.find_live(read_bearer(request)) is None:
            return _error(401, "unauthorized", "API token is invalid.")
        bot = {"owner": {"type": "workspace", "workspace": True}, "workspace_name": "Sandbox Workspace"}
        return JSONResponse({"object": "user", "id": "bot-1", "type": "bot", "name": "Koko", "bot": bot})


def _refuse(code: str) -> Response:
    code = {"code_used": "invalid_grant", "redirect_uri_mismatch": "invalid_grant"}.get(code, code)
    return _error(401 if code == "invalid_client" else 400, code, "Refused.")


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"object": "error", "status": status, "code": code, "message": message}, status)
