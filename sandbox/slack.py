"""Slack, as docs.slack.dev describes it: everything is HTTP 200, `ok` tells."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer, read_form
from sandbox.kit.stand_in import Clock, StandIn

CHANNELS = ("general", "reviews", "dailies")
ERRORS = {
    "invalid_grant": "invalid_code",
    "code_used": "code_already_used",
    "redirect_uri_mismatch": "bad_redirect_uri",
    "invalid_client": "bad_client_secret",
    "invalid_request": "invalid_arguments",
}


class SlackStandIn(StandIn):
    slug = "slack"
    origins = ("https://slack.com",)
    team = "Sandbox Workspace"

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Slack",
            account=self.team,
            client_id="1234567890.sandbox",
            client_secret="sandbox-slack-client-secret",
            client_auth="basic",
            scope_separator=",",
            lifetime_s=None,
            refreshes=False,
            access_prefix="xoxb-sandbox-",
            refresh_prefix="xoxe-1-sandbox-",
            refuse=lambda code: _failed(ERRORS.get(code, code)),
            succeed=self._token_members,
        )
        super().__init__(clock)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth/v2/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/api/oauth.v2.access", self.oauth.token, methods=["POST"]),
            Route("/api/auth.test", self._auth_test, methods=["GET", "POST"]),
            Route("/api/conversations.list", self._conversations_list, methods=["GET", "POST"]),
            Route("/api/auth.revoke", self._auth_revoke, methods=["GET", "POST"]),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()
        self.rotate_tokens(on=False)

    def rotate_tokens(self, *, on: bool) -> None:
        """Slack's token rotation: 12 hours, and refresh tokens that work once."""
        self.oauth.refreshes = on
        self.oauth.lifetime_s = 43_200 if on else None

    def _token_members(self, token: Token) -> dict[str, Any]:
        return {
            "ok": True,
            "token_type": "bot",
            "bot_user_id": "U0SANDBOX",
            "app_id": "A0SANDBOX",
            "team": {"id": "T0SANDBOX", "name": self.team},
            "enterprise": None,
            "is_enterprise_install": False,
            "authed_user": {"id": "U0PERSON"},
        }

    async def _auth_test(self, request: Request) -> Response:
        token = self.oauth.find_live(read_bearer(request))
        if token is None:
            return self._refused(request)
        body = {
            "ok": True,
            "url": "https://sandbox.slack.com/",
            "team": self.team,
            "user": "koko",
            "team_id": "T0SANDBOX",
            "user_id": "U0SANDBOX",
            "bot_id": "B0SANDBOX",
        }
        return JSONResponse(body, headers={"X-OAuth-Scopes": ",".join(token.scopes)})

    async def _auth_revoke(self, request: Request) -> Response:
        if self.oauth.find_live(read_bearer(request)) is None:
            return self._refused(request)
        self.oauth.revoke(read_bearer(request))
        return JSONResponse({"ok": True, "revoked": True})

    async def _conversations_list(self, request: Request) -> Response:
        if self.oauth.find_live(read_bearer(request)) is None:
            return self._refused(request)
        # One a page, so that whoever asks has to turn pages.
        position = int((await read_form(request)).get("cursor") or 0)
        following = str(position + 1) if position + 1 < len(CHANNELS) else ""
        channel = {"id": f"C000000{position:02d}", "name": CHANNELS[position], "is_channel": True}
        metadata = {"next_cursor": following}
        return JSONResponse({"ok": True, "channels": [channel], "response_metadata": metadata})

    def _refused(self, request: Request) -> Response:
        value = read_bearer(request)
        if value is None:
            return _failed("not_authed")
        known = next((token for token in self.oauth.tokens if token.access == value), None)
        if known is None:
            return _failed("invalid_auth")
        return _failed("token_revoked" if known.revoked else "token_expired")


def _failed(error: str) -> Response:
    return JSONResponse({"ok": False, "error": error})
