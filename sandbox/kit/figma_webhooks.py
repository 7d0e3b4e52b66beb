"""Figma's webhooks. Source: developers.figma.com/docs/rest-api/{webhooks,webhooks-events}, @figma/rest-api-spec.

A file has room for three. Each begins with a PING, and ends when a message is answered with 400.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.notifying import Got, Message, Notifier
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import iso

MOST = 3
EVENTS = {"FILE_UPDATE", "FILE_VERSION_UPDATE", "FILE_DELETE", "LIBRARY_PUBLISH", "FILE_COMMENT"}
NEEDED = {"event_type", "context", "context_id", "endpoint", "passcode"}
# Who wants to hear of updates hears of deletions, too.
HEARD_BY = {"FILE_DELETE": {"FILE_UPDATE", "FILE_DELETE"}}


@dataclass
class Webhook:
    id: str
    asked: dict[str, Any]

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "event_type": self.asked["event_type"],
            "team_id": "",
            "context": self.asked["context"].upper(),
            "context_id": self.asked["context_id"],
            "plan_api_id": "organization:1",
            "status": "ACTIVE",
            "client_id": "sandbox-figma",
            "passcode": self.asked["passcode"],
            "endpoint": self.asked["endpoint"],
            "description": self.asked.get("description"),
        }


class FigmaWebhooks:
    """`find_token` answers who asks, `sees` whether there is a file for them, `fail` makes an error answer."""

    def __init__(
        self,
        clock: Clock,
        notifier: Notifier,
        find_token: Callable[[Request], Token | None],
        sees: Callable[[str], bool],
        fail: Callable[[int, str], Response],
    ) -> None:
        self._clock, self._notifier = clock, notifier
        self._find_token, self._sees, self._fail = find_token, sees, fail
        self.forget()

    def forget(self) -> None:
        """As new."""
        self._numbers = itertools.count(22)
        self.made: dict[str, Webhook] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v2/webhooks", self._make, methods=["POST"]),
            Route("/v2/webhooks/{id}", self._delete, methods=["DELETE"]),
        ]

    def told(self, event: str, key: str, name: str, **members: Any) -> None:
        """Something has happened to a file."""
        for webhook in list(self.made.values()):
            about = {"file_key": key, "file_name": name, **members}
            if webhook.asked["context_id"] == key and webhook.asked["event_type"] in HEARD_BY.get(event, {event}):
                self._send(webhook, {"event_type": event, **about})

    async def _make(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        asked = orjson.loads(await request.body())
        if asked.keys() - NEEDED - {"description", "status"} or NEEDED - asked.keys() or asked["context"] != "file":
            return self._fail(400, "Invalid webhook")
        if asked["event_type"] not in EVENTS or len(asked["passcode"]) > 100 or len(asked["endpoint"]) > 2048:
            return self._fail(400, "Invalid webhook")
        if not self._sees(asked["context_id"]):
            return self._fail(404, "Not found")
        if sum(one.asked["context_id"] == asked["context_id"] for one in self.made.values()) >= MOST:
            return self._fail(400, f"There are already {MOST} webhooks for this file")
        webhook = Webhook(str(next(self._numbers)), asked)
        self.made[webhook.id] = webhook
        self._send(webhook, {"event_type": "PING"})
        return JSONResponse(webhook.shown())

    async def _delete(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        webhook = self.made.pop(request.path_params["id"], None)
        return self._fail(404, "Webhook not found") if webhook is None else JSONResponse(webhook.shown())

    def _refusal(self, request: Request) -> Response | None:
        token = self._find_token(request)
        if token is None:
            return self._fail(403, "Invalid token")
        if "webhooks:write" not in token.scopes:
            return self._fail(403, "Invalid scope(s). This endpoint requires the webhooks:write scope")
        return None

    def _send(self, webhook: Webhook, told: dict[str, Any]) -> None:
        told |= {
            "passcode": webhook.asked["passcode"],
            "timestamp": iso(self._clock.now_s()),
            "webhook_id": webhook.id,
        }
        body = orjson.dumps(told)

        def ended(got: Got) -> None:
            if got.status == 400:
                self.made.pop(webhook.id, None)

        message = Message("POST", webhook.asked["endpoint"], {"Content-Type": "application/json"}, body)
        self._notifier.tell(lambda: message if webhook.id in self.made else None, then=ended)
