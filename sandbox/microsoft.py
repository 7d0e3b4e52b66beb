"""Microsoft: the Entra authorization server and Graph, for Teams and OneDrive.

Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, learn.microsoft.com/graph.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.files import Files
from sandbox.kit.graph_subscriptions import GraphSubscriptions
from sandbox.kit.notifying import Notifier
from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer
from sandbox.kit.stand_in import Clock, StandIn
from sandbox.onedrive import OneDriveApi
from sandbox.onedrive_drives import DRIVE, HOST, LIBRARY
from sandbox.teams import JoinedTeams
from sandbox.teams_messages import WORKFLOW_URL, WORKFLOWS, TeamsMessages


class MicrosoftStandIn(StandIn):
    slug = "microsoft"
    origins = ("https://login.microsoftonline.com", "https://graph.microsoft.com", HOST, WORKFLOWS)

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
        self.teams = JoinedTeams(self._token, _refused)
        self.channels = TeamsMessages(self.teams, self._token, _refused)
        self.drive = OneDriveApi(clock, self._token, _refused)
        self.notifier = Notifier()
        self.subscriptions = GraphSubscriptions(clock, self.notifier, self._token, _refused)
        self.drive.files.tell = lambda: self.subscriptions.told("drive", DRIVE)
        self.drive.library.tell = lambda: self.subscriptions.told("drive", LIBRARY)
        self.teams.tell = lambda team: self.subscriptions.told("channels", team, "created")
        super().__init__(clock)

    @property
    def files(self) -> Files:
        return self.drive.files

    def routes(self) -> list[BaseRoute]:
        base = "/{tenant}/oauth2/v2.0"
        return [
            Route(f"{base}/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route(f"{base}/token", self.oauth.token, methods=["POST"]),
            Route("/v1.0/me", self._me),
            *self.drive.routes(),
            *self.teams.routes(),
            *self.channels.routes(),
            *self.subscriptions.routes(),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        teams = {**self.oauth.announcement(), "example": {"webhookUrl": WORKFLOW_URL}}
        return {"teams": teams, "onedrive": self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.notifier.reset()
        self.subscriptions.forget()
        self.oauth.reset()
        self.teams.reset()
        self.channels.reset()
        self.drive.reset()

    async def _me(self, request: Request) -> Response:
        if self._token(request) is None:
            return _refused(401, "InvalidAuthenticationToken")
        return JSONResponse({"id": "ms-user-1", "displayName": "Ada Admin", "userPrincipalName": "ada@sandbox.example"})

    def _token(self, request: Request) -> Token | None:
        return self.oauth.find_live(read_bearer(request))


def _without_offline_access(token: Token) -> dict[str, Any]:
    # Entra does not repeat it among the granted scopes.
    return {"scope": " ".join(scope for scope in token.scopes if scope != "offline_access")}


def _refused(status: int, code: str) -> Response:
    inner = {"date": "2026-11-24T00:00:00", "request-id": "sandbox", "client-request-id": "sandbox"}
    return JSONResponse({"error": {"code": code, "message": "Refused.", "innerError": inner}}, status)
