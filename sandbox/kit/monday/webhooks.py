"""monday.com's webhooks.

Source: developer.monday.com/api-reference/reference/webhooks, /apps/docs/authorization-header.
"""

import secrets
import uuid
from dataclasses import dataclass

import jwt
import orjson

from sandbox.kit.monday.showing import ACCOUNT, Info, Shown, need, refusal
from sandbox.kit.monday.work import LoggedWork
from sandbox.kit.notifying import Headers, Message, Notifier
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import Happening, iso

PATIENCE_S = (60.0,) * 30
SIGNING_SECRET = "sandbox-monday-signing-secret-0123456789"
TOKEN_LIVES_S = 300


@dataclass
class Webhook:
    """`by_app`: an app's token has asked for it, so that what it sends is signed."""

    id: str
    board: str
    url: str
    event: str
    by_app: bool


class MondayWebhooks:
    """Those of the account."""

    def __init__(self, clock: Clock, work: LoggedWork) -> None:
        self._clock = clock
        self.notifier = Notifier(PATIENCE_S)
        self.webhooks: dict[str, Webhook] = {}
        work.listeners.append(self._tell)
        self._work = work

    def reset(self) -> None:
        self.webhooks.clear()
        self.notifier.reset()

    def create(self, info: Info, board_id: str, url: str, event: str, config: str | None = None) -> Shown:
        need(info, "webhooks:write")
        if board_id not in self._work.projects:
            raise refusal("InvalidBoardIdException", "The board does not exist", 404)
        made = Webhook(str(7_000_000 + secrets.randbelow(1_000_000)), board_id, url, event, info.context is not None)
        body = orjson.dumps({"challenge": secrets.token_urlsafe(40)})
        sent = self.notifier.ask(Message("POST", url, self.signed(made), body))
        if sent.status != 200 or orjson.loads(sent.body) != orjson.loads(body):
            raise refusal("InvalidWebhookException", "The URL did not return the challenge", 400)
        self.webhooks[made.id] = made
        return {"id": made.id, "board_id": board_id, "event": event, "config": config}

    def delete(self, info: Info, id: str) -> Shown:
        need(info, "webhooks:write")
        found = self.webhooks.pop(id, None)
        if found is None:
            raise refusal("ResourceNotFoundException", "Webhook not found", 404)
        return {"id": id, "board_id": found.board, "event": found.event, "config": None}

    def signed(self, webhook: Webhook) -> Headers:
        headers = {"Content-Type": "application/json"}
        if webhook.by_app:
            now = int(self._clock.now_s())
            claims = {
                "accountId": ACCOUNT["id"],
                "userId": 1,
                "aud": webhook.url,
                "iat": now,
                "exp": now + TOKEN_LIVES_S,
            }
            headers["Authorization"] = jwt.encode(claims, SIGNING_SECRET, algorithm="HS256")
        return headers

    def _tell(self, happening: Happening) -> None:
        for event in _events(happening):
            for webhook in list(self.webhooks.values()):
                if (webhook.board, webhook.event) == (happening.task.project, event):
                    self._send(webhook, happening)

    def _send(self, webhook: Webhook, happening: Happening) -> None:
        event = {
            "userId": 1,
            "triggerUuid": uuid.uuid4().hex,
            "boardId": int(webhook.board),
            "pulseId": int(happening.task.id),
            "pulseName": happening.task.title,
            "type": webhook.event,
            "triggerTime": iso(self._clock.now_s()),
            "subscriptionId": int(webhook.id),
        }
        body = orjson.dumps({"event": event})

        def attempt() -> Message:
            return Message("POST", webhook.url, self.signed(webhook), body)

        self.notifier.tell(attempt, again=lambda *_: attempt())


def _events(happening: Happening) -> list[str]:
    """What monday calls it."""
    match happening.what, happening.done:
        case "task", "added":
            return ["create_item"]
        case "task", "deleted":
            return ["item_deleted"]
        case "task", _:
            named = "title" in happening.members
            other = set(happening.members) != {"title"}
            return [*(["change_name"] if named else []), *(["change_column_value"] if other else [])]
        case _, "added":
            return ["create_update"]
        case _:
            return ["edit_update"]
