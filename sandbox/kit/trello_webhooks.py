"""Trello's webhooks. Source: developer.atlassian.com/cloud/trello/guides/rest-api/webhooks.

Whoever is to be told has to answer a HEAD request first. What is answered with 410 is told nothing any more.
"""

import asyncio
import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.notifying import Got, Message, Notifier
from sandbox.kit.trello_cards import ME
from sandbox.kit.work import Happening, Task, Work, iso

KEY_SECRET = "sandbox-trello-secret-of-the-api-key"
TYPES = {
    ("task", "added"): "createCard",
    ("task", "changed"): "updateCard",
    ("task", "deleted"): "deleteCard",
    ("comment", "added"): "commentCard",
    ("comment", "changed"): "updateComment",
}


@dataclass
class Webhook:
    id: str
    url: str
    model: str
    description: str
    secret: str
    active: bool = True

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "description": self.description,
            "idModel": self.model,
            "callbackURL": self.url,
            "active": self.active,
            "consecutiveFailures": 0,
            "firstConsecutiveFailDate": None,
        }


class TrelloWebhooks:
    """`refuse` says no to requests without a permission; `secret` is the OAuth app's."""

    def __init__(
        self, work: Work, refuse: Callable[[Request, str], Response | None], notifier: Notifier, secret: str
    ) -> None:
        self._work, self._refuse, self._notifier, self._secret = work, refuse, notifier, secret
        self.made: dict[str, Webhook] = {}

    def forget(self) -> None:
        """As new."""
        self.made = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/1/webhooks/", self._make, methods=["POST"]),
            Route("/1/webhooks/{id}", self._one, methods=["PUT", "DELETE"]),
        ]

    async def _make(self, request: Request) -> Response:
        if (refusal := self._refuse(request, "read:board:trello")) is not None:
            return refusal
        asked = {**request.query_params, **orjson.loads(await request.body() or b"{}")}
        url, model = asked.get("callbackURL"), asked.get("idModel")
        if model not in self._work.projects:
            return PlainTextResponse("invalid value for idModel", 400)
        if any((one.url, one.model) == (url, model) for one in self.made.values()):
            return PlainTextResponse("A webhook with that callback, model, and token already exists", 400)
        got = await asyncio.to_thread(self._notifier.ask, Message("HEAD", str(url)))
        if got.status != 200:
            return PlainTextResponse(f"URL ({url}) did not return 200 status code, got {got.status}", 400)
        by_key = request.headers.get("authorization", "").startswith("OAuth ")
        secret = KEY_SECRET if by_key else self._secret
        webhook = Webhook(self._work.new_id(), str(url), model, asked.get("description", ""), secret)
        self.made[webhook.id] = webhook
        return JSONResponse(webhook.shown())

    async def _one(self, request: Request) -> Response:
        if (refusal := self._refuse(request, "read:board:trello")) is not None:
            return refusal
        webhook = self.made.get(request.path_params["id"])
        if webhook is None:
            return PlainTextResponse("The requested resource was not found.", 404)
        if request.method == "DELETE":
            del self.made[webhook.id]
        else:
            webhook.active = bool(orjson.loads(await request.body()).get("active", webhook.active))
        return JSONResponse(webhook.shown())

    def told(self, happening: Happening) -> None:
        """Something has happened on a board."""
        text = next((one.text for one in happening.task.comments if one.id == happening.id), None)
        self._tell_all(TYPES[happening.what, happening.done], happening.task, text)

    def left(self, card: Task) -> None:
        """A card is about to leave its board."""
        self._tell_all("moveCardFromBoard", card, None)

    def _tell_all(self, kind: str, card: Task, text: str | None) -> None:
        for webhook in list(self.made.values()):
            if webhook.active and webhook.model == card.project:
                self._tell(webhook, kind, card, text)

    def _tell(self, webhook: Webhook, kind: str, card: Task, text: str | None) -> None:
        board = self._work.projects[card.project]
        data: dict[str, Any] = {
            "board": {"id": board.id, "name": board.name},
            "card": {"id": card.id, "name": card.title},
        }
        if text is not None:
            data["text"] = text
        action = {
            "id": self._work.new_id(),
            "idMemberCreator": ME["id"],
            "type": kind,
            "data": data,
            "date": iso(card.modified_s),
            "memberCreator": ME,
        }
        body = orjson.dumps(
            {"action": action, "model": {"id": board.id, "name": board.name}, "webhook": webhook.shown()}
        )
        digest = hmac.digest(webhook.secret.encode(), body + webhook.url.encode(), "sha1")
        headers = {"Content-Type": "application/json", "X-Trello-Webhook": base64.b64encode(digest).decode()}
        message = Message("POST", webhook.url, headers, body)

        def ended(got: Got) -> None:
            if got.status == 410:
                self.made.pop(webhook.id, None)

        self._notifier.tell(lambda: message if webhook.id in self.made else None, then=ended)
