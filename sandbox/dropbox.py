"""Dropbox. Source: developers.dropbox.com/oauth-guide, dropbox/dropbox-api-spec."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.dropbox_files import DropboxFiles
from sandbox.dropbox_uploads import DropboxUploads
from sandbox.dropbox_wire import Wire, refused
from sandbox.kit.dropbox_webhook import DropboxWebhook
from sandbox.kit.files import Files
from sandbox.kit.notifying import Notifier
from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer
from sandbox.kit.stand_in import Clock, StandIn

ACCOUNT = {
    "account_id": "dbid:AAsandbox00000000000000000000000000",
    "name": {
        "given_name": "Ada",
        "surname": "Admin",
        "familiar_name": "Ada",
        "display_name": "Ada Admin",
        "abbreviated_name": "AA",
    },
    "email": "ada@sandbox.example",
    "email_verified": True,
    "disabled": False,
    "locale": "en",
    "referral_link": "https://db.tt/sandbox",
    "is_paired": False,
    "account_type": {".tag": "basic"},
    "root_info": {".tag": "user", "root_namespace_id": "1", "home_namespace_id": "1"},
}


class DropboxStandIn(StandIn):
    slug = "dropbox"
    origins = ("https://www.dropbox.com", "https://api.dropboxapi.com", "https://content.dropboxapi.com")

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Dropbox",
            account="Sandbox Dropbox",
            client_id="sandboxdropboxkey",
            client_secret="sandbox-dropbox-client-secret",
            pkce=True,
            rotates=False,
            lifetime_s=14_400,
            access_prefix="sl.sandbox-",
            succeed=lambda _: {"uid": "12345", "account_id": ACCOUNT["account_id"]},
        )
        wire = Wire(self._allowed)
        self.storage = DropboxFiles(clock, wire)
        self.notifier = Notifier()
        self.webhook = DropboxWebhook(self.notifier, self.oauth.client_secret, str(ACCOUNT["account_id"]))
        self.files.tell = self.webhook.told
        self.uploads = DropboxUploads(self.storage, wire)
        super().__init__(clock)

    @property
    def files(self) -> Files:
        return self.storage.files

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth2/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/oauth2/token", self.oauth.token, methods=["POST"]),
            Route("/2/users/get_current_account", self._account, methods=["POST"]),
            Route("/2/auth/token/revoke", self._revoke, methods=["POST"]),
            *self.storage.routes(),
            *self.uploads.routes(),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.notifier.reset()
        self.webhook.forget()
        self.oauth.reset()
        self.storage.reset()
        self.uploads.reset()

    async def _account(self, request: Request) -> Response:
        token = await self._check(request, "account_info.read")
        return token if isinstance(token, Response) else JSONResponse(ACCOUNT)

    async def _revoke(self, request: Request) -> Response:
        token = await self._check(request)
        if isinstance(token, Response):
            return token
        self.oauth.revoke(token.access)
        # And every other token of the same refresh token.
        self.oauth.revoke(token.refresh)
        return JSONResponse(None)

    async def _check(self, request: Request, scope: str | None = None) -> Token | Response:
        """Of calls without arguments."""
        if await request.body() not in (b"", b"null"):
            return PlainTextResponse("Error in call to API function: request body: expected null", 400)
        return self._allowed(request, scope)

    def _allowed(self, request: Request, scope: str | None) -> Token | Response:
        token = self.oauth.find_live(read_bearer(request))
        if token is None:
            known = any(one.access == read_bearer(request) and not one.revoked for one in self.oauth.tokens)
            return refused(401, "expired_access_token" if known else "invalid_access_token")
        if scope is not None and scope not in token.scopes:
            return refused(401, "missing_scope", required_scope=scope)
        return token
