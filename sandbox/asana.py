"""Asana. Source: developers.asana.com/docs/oauth, Asana/openapi."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer, read_form
from sandbox.kit.stand_in import Clock, StandIn

PERSONAL_TOKEN = "2/1200000000000001/1200000000000002:sandboxpersonaltoken"
PROJECTS = ("Trailer", "Feature film")
ME = {"gid": "1200000000000001", "name": "Ada Admin", "email": "ada@sandbox.example", "resource_type": "user"}


class AsanaStandIn(StandIn):
    slug = "asana"
    origins = ("https://app.asana.com",)

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Asana",
            account="Sandbox Workspace",
            client_id="1200000000000000",
            client_secret="sandbox-asana-client-secret",
            pkce=True,
            rotates=False,
            # Asana does not repeat the scopes.
            omits=("scope",),
            succeed=lambda _: {"data": {"id": 1200000000000001, **ME}},
        )
        super().__init__(clock)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/-/oauth_authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/-/oauth_token", self.oauth.token, methods=["POST"]),
            Route("/-/oauth_revoke", self._revoke, methods=["POST"]),
            Route("/api/1.0/users/me", self._me),
            Route("/api/1.0/workspaces", self._workspaces),
            Route("/api/1.0/projects", self._projects),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: {**self.oauth.announcement(), "example": {"accessToken": PERSONAL_TOKEN}}}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()

    async def _revoke(self, request: Request) -> Response:
        form = await read_form(request)
        if (form.get("client_id"), form.get("client_secret")) != (self.oauth.client_id, self.oauth.client_secret):
            return JSONResponse({"error": "invalid_client"}, 401)
        if any(form.get("token") == token.access for token in self.oauth.tokens):
            return JSONResponse({"error": "invalid_request"}, 400)
        self.oauth.revoke(form.get("token"))
        return JSONResponse({})

    async def _me(self, request: Request) -> Response:
        return self._refusal(request, "users:read") or JSONResponse({"data": ME})

    async def _workspaces(self, request: Request) -> Response:
        workspace = {"gid": "1300", "name": "Sandbox Workspace", "resource_type": "workspace"}
        return self._refusal(request, "workspaces:read") or JSONResponse({"data": [workspace], "next_page": None})

    async def _projects(self, request: Request) -> Response:
        # One a page, so that whoever asks has to turn pages.
        position = int(request.query_params.get("offset", 0))
        following = None
        if position + 1 < len(PROJECTS):
            following = {
                "offset": str(position + 1),
                "path": "/projects",
                "uri": "https://app.asana.com/api/1.0/projects",
            }
        project = {"gid": f"140{position}", "name": PROJECTS[position], "resource_type": "project"}
        return self._refusal(request, "projects:read") or JSONResponse({"data": [project], "next_page": following})

    def _refusal(self, request: Request, scope: str) -> Response | None:
        given = read_bearer(request)
        live: Token | None = self.oauth.find_live(given)
        if live is None and given != PERSONAL_TOKEN:
            return JSONResponse({"errors": [{"message": "Not Authorized"}]}, 401)
        if live is not None and scope not in live.scopes:
            return JSONResponse({"errors": [{"message": f"Missing scope {scope}"}]}, 403)
        return None
