"""Figma. Source: developers.figma.com/docs/rest-api/authentication, @figma/rest-api-spec."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.oauth import AuthorizationServer, read_bearer
from sandbox.kit.stand_in import Clock, StandIn


class FigmaStandIn(StandIn):
    slug = "figma"
    origins = ("https://www.figma.com", "https://api.figma.com")

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Figma",
            account="ada@sandbox.example",
            client_id="sandbox-figma",
            client_secret="sandbox-figma-client-secret",
            client_auth="basic",
            scope_separator=",",
            rotates=False,
            lifetime_s=7_776_000,
            omits=("scope",),
            succeed=lambda _: {"user_id": 1, "user_id_string": "1"},
        )
        super().__init__(clock)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth", self.oauth.authorize, methods=["GET", "POST"]),
            # Two addresses for two grants.
            Route("/v1/oauth/token", self.oauth.token, methods=["POST"]),
            Route("/v1/oauth/refresh", self.oauth.token, methods=["POST"]),
            Route("/v1/me", self._me),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()

    async def _me(self, request: Request) -> Response:
        if self.oauth.find_live(read_bearer(request)) is None:
            return JSONResponse({"status": 403, "err": "Invalid token"}, 403)
        return JSONResponse(
            {"id": "1", "handle": "Ada Admin", "email": "ada@sandbox.example", "img_url": "https://x/y"}
        )
