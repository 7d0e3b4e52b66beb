"""Adobe IMS. Source: AdobeDocs/adobe-dev-console, guides/authentication/UserAuthentication/ims.md."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.oauth import AuthorizationServer, read_bearer
from sandbox.kit.stand_in import Clock, StandIn


class AdobeStandIn(StandIn):
    slug = "adobe"
    origins = ("https://ims-na1.adobelogin.com",)

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Adobe",
            account="ada@sandbox.example",
            client_id="sandbox-adobe",
            client_secret="sandbox-adobe-client-secret",
            client_auth="basic",
            pkce=True,
            lifetime_s=86_399,
            # No offline_access, no refresh token.
            refreshes=False,
            succeed=lambda _: {"id_token": "sandbox", "sub": "ADOBE@AdobeID"},
        )
        super().__init__(clock)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/ims/authorize/v2", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/ims/token/v3", self.oauth.token, methods=["POST"]),
            Route("/ims/userinfo/v2", self._userinfo),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {"premiere": self.oauth.announcement(), "aftereffects": self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()

    async def _userinfo(self, request: Request) -> Response:
        if self.oauth.find_live(read_bearer(request)) is None:
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse({"sub": "ADOBE@AdobeID", "name": "Ada Admin", "email": "ada@sandbox.example"})
