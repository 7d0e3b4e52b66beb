"""Discord: webhooks, and OAuth that makes one. Source: discord.com/developers/docs/resources/webhook."""

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.discord_events import DiscordEvents
from sandbox.kit.oauth import AuthorizationServer, Token
from sandbox.kit.stand_in import Clock, StandIn

PASTED = ("100000000000000001", "sandbox-webhook-token-of-the-reviews-channel")


class DiscordStandIn(StandIn):
    slug = "discord"
    origins = ("https://discord.com",)

    def __init__(self, clock: Clock) -> None:
        self.webhooks: dict[str, str] = {}
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Discord",
            account="Sandbox Server",
            client_id="200000000000000002",
            client_secret="sandbox-discord-client-secret",
            client_auth="basic",
            lifetime_s=604_800,
            succeed=self._webhook_members,
        )
        self.events = DiscordEvents(clock)
        super().__init__(clock)
        self.reset()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth2/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/api/oauth2/token", self.oauth.token, methods=["POST"]),
            Route("/api/v10/webhooks/{id}/{token}", self._webhook, methods=["GET", "DELETE"]),
            Route("/_sandbox/endpoint", self.events.enter, methods=["POST"]),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        url = "https://discord.com/api/webhooks/{}/{}".format(*PASTED)
        said = {"signingSecret": self.events.public_key, "example": {"webhookUrl": url}}
        return {self.slug: {**self.oauth.announcement(), **said}}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()
        self.events.reset()
        self.webhooks = dict([PASTED])

    def _webhook_members(self, _: Token) -> dict[str, Any]:
        webhook_id = str(300_000_000_000_000_000 + len(self.webhooks))
        self.webhooks[webhook_id] = secrets.token_urlsafe(40)
        return {"webhook": _describe(webhook_id) | {"token": self.webhooks[webhook_id]}}

    async def _webhook(self, request: Request) -> Response:
        webhook_id = request.path_params["id"]
        token = self.webhooks.get(webhook_id)
        if token is None:
            return JSONResponse({"message": "Unknown Webhook", "code": 10015}, 404)
        if token != request.path_params["token"]:
            return JSONResponse({"message": "Invalid Webhook Token", "code": 50027}, 401)
        if request.method == "DELETE":
            del self.webhooks[webhook_id]
            return Response(status_code=204)
        return JSONResponse(_describe(webhook_id))


def _describe(webhook_id: str) -> dict[str, Any]:
    return {
        "id": webhook_id,
        "type": 1,
        "application_id": None,
        "avatar": None,
        "channel_id": "400000000000000004",
        "guild_id": "500000000000000005",
        "name": "Koko",
    }
