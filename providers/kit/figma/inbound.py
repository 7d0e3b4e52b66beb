"""What Figma tells by webhooks, and how they are made.

Source: developers.figma.com/docs/rest-api/{webhooks,webhooks-events,webhooks-security}, @figma/rest-api-spec.

A message is proven by the passcode in it. Answering 400 makes Figma give up a webhook. A change is told of once a file
has been left alone for a while, a comment at once.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProviderError, Rejected
from providers.kit.figma.calls import CallsFigma, forbidden
from providers.kit.inbound import (
    OWN_SECRET,
    Address,
    Heard,
    Incoming,
    Reply,
    Signal,
    Subscribes,
    Subscription,
    json_object,
    same,
)
from providers.kit.items import Entity
from providers.kit.paths import segment

WEBHOOKS = "https://api.figma.com/v2/webhooks"
SUBSCRIBED = ("FILE_UPDATE", "FILE_COMMENT")
"""The first one brings FILE_DELETE as well. A file has room for three webhooks."""
TOLD: Mapping[str, tuple[Entity, ...]] = {
    "FILE_UPDATE": ("files",),
    "FILE_DELETE": ("files",),
    "FILE_COMMENT": ("comments",),
}


class HearsFigma(CallsFigma, Subscribes):
    """A subscription is of a file: two webhooks, whose ids are separated by a comma. They do not expire."""

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        body = json_object("Figma", incoming.body)
        expected, given = secrets.get(OWN_SECRET), body.get("passcode")
        if not expected or not isinstance(given, str) or not same(given, expected):
            return Heard(reply=Reply(status=400))
        event = self.require_text(body, "event_type")
        if event not in TOLD:
            return Heard()
        file = self.require_text(body, "file_key")
        # What an attempt at a delivery has in common with the others.
        told = [body.get(name) for name in ("webhook_id", "timestamp", "comment_id")]
        signal = Signal(
            key=":".join(str(one) for one in (event, file, *told)),
            target=file,
            entities=TOLD[event],
            details={"event": event},
        )
        return Heard(signals=(signal,))

    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        return tuple(sorted(set((connection.config.get("projectMapping") or {}).values())))

    def subscribe(self, connection: Connection, address: Address, target: str) -> Subscription:
        made: list[str] = []
        try:
            for event in SUBSCRIBED:
                made.append(self._make(connection, address, target, event))
        except ProviderError:
            with contextlib.suppress(ProviderError):
                self._delete(connection, made)
            raise
        return Subscription(id=",".join(made))

    def renew(self, connection: Connection, address: Address, target: str, subscription: Subscription) -> Subscription:
        """Replaces them. There is no room for the new ones beside the old."""
        self.unsubscribe(connection, target, subscription)
        return self.subscribe(connection, address, target)

    def unsubscribe(self, connection: Connection, target: str, subscription: Subscription) -> None:
        self._delete(connection, subscription.id.split(","))

    def _make(self, connection: Connection, address: Address, file: str, event: str) -> str:
        body = {
            "event_type": event,
            "context": "file",
            "context_id": file,
            "endpoint": address.url,
            "passcode": address.secret,
            "description": "Koko",
        }
        answer = self._send(connection, "POST", WEBHOOKS, body)
        if answer.status == 400:
            raise Rejected("Figma did not make the webhook: the file has no room for more, or its plan has none")
        return self.require_text(answer.require_success().json_object(), "id")

    def _delete(self, connection: Connection, webhooks: list[str]) -> None:
        for webhook in webhooks:
            with contextlib.suppress(Missing):
                self._send(connection, "DELETE", f"{WEBHOOKS}/{segment(webhook)}").require_success()

    def _send(self, connection: Connection, method: str, url: str, body: Mapping[str, Any] | None = None) -> Answer:
        answer = self.http.request("Figma", method, url, json=body, bearer=connection.credentials.access_token)
        if answer.status == 403:
            raise forbidden(answer)
        return answer
