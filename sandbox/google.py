"""Google: the authorization server and Drive. Source: developers.google.com/identity/protocols/oauth2/web-server."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.drive import DriveApi
from sandbox.drive_trees import SHARED_DRIVE
from sandbox.kit.drive_channels import DriveChannels
from sandbox.kit.files import Files
from sandbox.kit.notifying import Notifier
from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer, read_form
from sandbox.kit.stand_in import Clock, StandIn


class GoogleStandIn(StandIn):
    slug = "google"
    origins = ("https://accounts.google.com", "https://oauth2.googleapis.com", "https://www.googleapis.com")

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Google Drive",
            account="ada@sandbox.example",
            client_id="sandbox.apps.googleusercontent.example",
            client_secret="sandbox-google-client-secret",
            pkce=True,
            rotates=False,
            lifetime_s=3599,
        )
        self.drive = DriveApi(clock, self._token, _error)
        self.notifier = Notifier()
        self.channels = DriveChannels(clock, self.notifier, self._token, _error)
        self.drive.files.tell = lambda: self.channels.told(None)
        self.drive.shared.tell = lambda: self.channels.told(SHARED_DRIVE)
        super().__init__(clock)

    @property
    def files(self) -> Files:
        """The account's own drive."""
        return self.drive.files

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/o/oauth2/v2/auth", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/token", self.oauth.token, methods=["POST"]),
            Route("/revoke", self._revoke, methods=["POST"]),
            Route("/drive/v3/about", self._about),
            *self.drive.routes(),
            *self.channels.routes(),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {"google_drive": self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.notifier.reset()
        self.channels.forget()
        self.oauth.reset()
        self.drive.reset()

    def _token(self, request: Request) -> Token | None:
        return self.oauth.find_live(read_bearer(request))

    async def _revoke(self, request: Request) -> Response:
        if not self.oauth.revoke((await read_form(request)).get("token")):
            return JSONResponse({"error": "invalid_token"}, 400)
        return JSONResponse({})

    async def _about(self, request: Request) -> Response:
        if "fields" not in request.query_params:
            return _error(400, "required", "The 'fields' parameter is required for this method.")
        if self.oauth.find_live(read_bearer(request)) is None:
            return _error(401, "authError", "Invalid Credentials")
        user = {"permissionId": "0123", "displayName": "Ada Admin", "emailAddress": "ada@sandbox.example"}
        return JSONResponse({"user": user, "storageQuota": {"limit": "1000", "usage": "1"}})


def _error(status: int, reason: str, message: str) -> Response:
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return JSONResponse({"error": {"code": status, "message": message, "errors": errors}}, status)
