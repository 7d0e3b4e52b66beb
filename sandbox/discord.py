"""Discord: webhooks, and OAuth that makes one. Source: discord.com/developers/docs/resources/webhook."""

import itertools
import secrets
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.discord_messages import InvalidFormError, answer, check, read
from sandbox.kit.discord_events import DiscordEvents
from sandbox.kit.messages import Messages
from sandbox.kit.oauth import AuthorizationServer, Token
from sandbox.kit.stand_in import Clock, StandIn

CHANNEL = "400000000000000004"
FIRST_ID = 600_000_000_000_000_000
PASTED = ("100000000000000001", "sandbox-webhook-token-of-the-reviews-channel")


class DiscordStandIn(StandIn):
    slug = "discord"
    origins = ("https://discord.com",)

    def __init__(self, clock: Clock) -> None:
        self.webhooks: dict[str, str] = {}
        self.messages = Messages("Discord")
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
            Route("/api/v10/webhooks/{id}/{token}", self._execute, methods=["POST"]),
            *self.messages.routes(),
            Route("/_sandbox/endpoint", self.events.enter, methods=["POST"]),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        url = "https://discord.com/api/webhooks/{}/{}".format(*PASTED)
        said = {"signingSecret": self.events.public_key, "example": {"webhookUrl": url}}
        return {self.slug: {**self.oauth.announcement(), **said}}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()
        self.messages.reset()
        self.events.reset()
        self.webhooks = dict([PASTED])
        self.is_forum = False
        self.threads: dict[str, str] = {}
        self.closed: set[str] = set()
        self._numbers = itertools.count(FIRST_ID)

    def _webhook_members(self, _: Token) -> dict[str, Any]:
        webhook_id = str(300_000_000_000_000_000 + len(self.webhooks))
        self.webhooks[webhook_id] = secrets.token_urlsafe(40)
        return {"webhook": _describe(webhook_id) | {"token": self.webhooks[webhook_id]}}

    def _refusal(self, request: Request) -> Response | None:
        token = self.webhooks.get(request.path_params["id"])
        if token is None:
            return _failed(404, 10015, "Unknown Webhook")
        return None if token == request.path_params["token"] else _failed(401, 50027, "Invalid Webhook Token")

    async def _execute(self, request: Request) -> Response:
        """Where the channel is a forum, a message is in a thread, which it may begin."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        body = orjson.loads(await request.body())
        try:
            check(body)
        except InvalidFormError as wrong:
            return _failed(400, 50035, "Invalid Form Body", errors={str(wrong): {"_errors": []}})
        thread, name = request.query_params.get("thread_id"), body.get("thread_name")
        if self.is_forum and not thread and not name:
            said = "Webhooks posted to forum channels must have a thread_name or thread_id"
            return _failed(400, 220001, said)
        if name and not self.is_forum:
            return _failed(400, 220003, "Webhooks can only create threads in forum channels")
        if thread in self.closed:
            return _failed(400, 160005, "Thread is locked")
        if thread and thread not in self.threads:
            return _failed(404, 10003, "Unknown Channel")
        message_id = str(next(self._numbers))
        if name:
            # The first message of a thread has the thread's id.
            thread = message_id
            self.threads[thread] = name
        channel = f"The forum / {self.threads[thread]}" if thread else "The webhook's channel"
        message = read(message_id, channel, thread, body)
        self.messages.add(message)
        if request.query_params.get("wait") != "true":
            return Response(status_code=204)
        return JSONResponse(answer(message, thread or CHANNEL, request.path_params["id"]))

    async def _webhook(self, request: Request) -> Response:
        webhook_id = request.path_params["id"]
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if request.method == "DELETE":
            del self.webhooks[webhook_id]
            return Response(status_code=204)
        return JSONResponse(_describe(webhook_id))


def _failed(status: int, code: int, message: str, **more: Any) -> Response:
    return JSONResponse({"message": message, "code": code, **more}, status)


def _describe(webhook_id: str) -> dict[str, Any]:
    return {
        "id": webhook_id,
        "type": 1,
        "application_id": None,
        "avatar": None,
        "channel_id": CHANNEL,
        "guild_id": "500000000000000005",
        "name": "Koko",
    }
