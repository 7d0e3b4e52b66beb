"""Microsoft: the Entra authorization server and Graph, for Teams and OneDrive.

Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, learn.microsoft.com/graph.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer
from sandbox.kit.stand_in import Clock, StandIn


class MicrosoftStandIn(StandIn):
    slug = "microsoft"
    origins = ("https://login.microsoftonline.com", "https://graph.microsoft.com")

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Microsoft",
            account="Sandbox Organisation",
            client_id="sandbox-microsoft",
            client_secret="sandbox-microsoft-client-secret",
            pkce=True,
            lifetime_s=4200,
            succeed=_without_offline_access,
        )
        super().__init__(clock)

    def routes(self) -> list[BaseRoute]:
        base = "/{tenant}/oauth2/v2.0"
        return [
            Route(f"{base}/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route(f"{base}/token", self.oauth.token, methods=["POST"]),
            Route("/v1.0/me", self._me),
            Route("/v1.0/me/drive", self._drive),
            Route("/v1.0/me/joinedTeams", self._teams),
            Route("/v1.0/teams/{id}/channels", self._channels),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {"teams": self.oauth.announcement(), "onedrive": self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()

    async def _me(self, request: Request) -> Response:
        if self._token(request) is None:
            return _refused(401, "InvalidAuthenticationToken")
        return JSONResponse({"id": "ms-user-1", "displayName": "Ada Admin", "userPrincipalName": "ada@sandbox.example"})

    async def _drive(self, request: Request) -> Response:
        token = self._token(request)
        if token is None:
            return _refused(401, "InvalidAuthenticationToken")
        if not {"Files.Read", "Files.ReadWrite"} & set(token.scopes):
            return _refused(403, "accessDenied")
        return JSONResponse({"id": "drive-1", "driveType": "business"})

    async def _teams(self, request: Request) -> Response:
        if self._token(request) is None:
            return _refused(401, "InvalidAuthenticationToken")
        teams = [{"id": "team-a", "displayName": "Post"}, {"id": "team-b", "displayName": "Sound"}]
        if "$skiptoken" in request.query_params:
            return JSONResponse({"value": teams[1:]})
        following = "https://graph.microsoft.com/v1.0/me/joinedTeams?$skiptoken=1"
        return JSONResponse({"value": teams[:1], "@odata.nextLink": following})

    async def _channels(self, request: Request) -> Response:
        if self._token(request) is None:
            return _refused(401, "InvalidAuthenticationToken")
        return JSONResponse({"value": [{"id": f"19:{request.path_params['id']}", "displayName": "General"}]})

    def _token(self, request: Request) -> Token | None:
        return self.oauth.find_live(read_bearer(request))


def _without_offline_access(token: Token) -> dict[str, Any]:
    # Entra does not repeat it among the granted scopes.
    return {"scope": " ".join(scope for scope in token.scopes if scope != "offline_access")}


def _refused(status: int, code: str) -> Response:
    inner = {"date": "2026-11-24T00:00:00", "request-id": "sandbox", "client-request-id": "sandbox"}
    return JSONResponse({"error": {"code": code, "message": "Refused.", "innerError": inner}}, status)
