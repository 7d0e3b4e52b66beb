"""Notion's webhooks. Source: developers.notion.com/reference/{webhooks,webhooks-events-delivery}.

Somebody makes the subscription in Notion's portal, and has to enter there the token that is sent to the address.
"""

import secrets
import uuid
from typing import Any

import orjson

from sandbox.kit.notifying import Message, Notifier, hex_hmac
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import Happening, iso

PERSON = "9a000000-0000-4000-8000-00000000000a"
TYPES = {
    ("task", "added"): "page.created",
    ("task", "changed"): "page.properties_updated",
    ("task", "deleted"): "page.deleted",
    ("comment", "added"): "comment.created",
    ("comment", "changed"): "comment.updated",
}


class Portal:
    """One subscription of the app. `bot` is the connection that sees the pages."""

    def __init__(self, clock: Clock, notifier: Notifier, bot: str) -> None:
        self._clock, self._notifier, self._bot = clock, notifier, bot
        self.forget()

    def forget(self) -> None:
        """As new."""
        self.url: str | None = None
        self.token = ""
        self.is_verified = False

    def subscribe(self, url: str) -> None:
        """Makes a subscription, and sends its token."""
        self.url, self.token, self.is_verified = url, f"secret_{secrets.token_urlsafe(32)}", False
        body = orjson.dumps({"verification_token": self.token})
        self._notifier.tell(lambda: Message("POST", url, {"Content-Type": "application/json"}, body))

    def verify(self, token: str) -> bool:
        """What somebody enters who has been shown the token."""
        self.is_verified = token == self.token
        return self.is_verified

    def told(self, happening: Happening) -> None:
        """Something has happened to a page."""
        if self.url is None or not self.is_verified:
            return
        kind = "page" if happening.what == "task" else "comment"
        body = orjson.dumps(
            {
                "id": str(uuid.uuid4()),
                "timestamp": iso(self._clock.now_s()),
                "workspace_id": "5e000000-0000-4000-8000-000000000001",
                "workspace_name": "Sandbox Workspace",
                "subscription_id": "5e000000-0000-4000-8000-000000000002",
                "integration_id": "5e000000-0000-4000-8000-000000000003",
                "authors": [{"id": PERSON, "type": "person"}],
                "accessible_by": [{"id": PERSON, "type": "person"}, {"id": self._bot, "type": "bot"}],
                "attempt_number": 1,
                "api_version": "2025-09-03",
                "type": TYPES[happening.what, happening.done],
                "entity": {"id": happening.id, "type": kind},
                "data": _about(happening),
            }
        )
        headers = {"Content-Type": "application/json", "X-Notion-Signature": f"sha256={hex_hmac(self.token, body)}"}
        message = Message("POST", self.url, headers, body)
        self._notifier.tell(lambda: message)


def _about(happening: Happening) -> dict[str, Any]:
    task = happening.task
    if happening.what == "comment":
        return {"parent": {"id": task.id, "type": "page"}, "page_id": task.id}
    return {"parent": {"id": task.project, "type": "database", "data_source_id": task.project}}
