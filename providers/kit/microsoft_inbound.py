"""What Microsoft Graph tells by change notifications, and how they are subscribed to.

Source: learn.microsoft.com/graph/{change-notifications-delivery-webhooks,change-notifications-lifecycle-events},
learn.microsoft.com/graph/api/{subscription-post-subscriptions,subscription-update}.

A notification is proven by the secret that the subscription was made with. Most have no id of their own.
"""

import contextlib
import time
import uuid
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected
from providers.kit.inbound import (
    OWN_SECRET,
    Address,
    Forged,
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
from providers.kit.microsoft import MicrosoftProvider
from providers.kit.paths import segment
from providers.kit.timestamps import iso_seconds, parse_ms

MINUTE_MS = 60_000
MARGIN_MINUTES = 10
"""Graph refuses what would live longer than it allows, by its own clock."""


class HearsGraph(MicrosoftProvider, Subscribes):
    """`change_types` are subscribed to, for as long as `longest_minutes`; what they tell of are `told_entities`."""

    change_types: ClassVar[str]
    longest_minutes: ClassVar[int]
    told_entities: ClassVar[tuple[Entity, ...]]

    @abstractmethod
    def resource_of(self, connection: Connection, target: str) -> str:
        """The Graph path that is subscribed to. Raises ProviderError."""

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        token = incoming.query.get("validationToken")
        if token is not None:
            return Heard(reply=Reply(body=token.encode(), headers={"X-Content-Type-Options": "nosniff"}))
        entries = json_object(self.manifest.name, incoming.body).get("value")
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise ProtocolBroken("Microsoft sent notifications of the wrong shape")
        if not all(_is_ours(one, secrets.get(OWN_SECRET)) for one in entries):
            raise Forged("It is not proven that this message is Microsoft's")
        return Heard(reply=Reply(status=202), signals=tuple(map(self._signal, entries)))

    def subscribe(self, connection: Connection, address: Address, target: str) -> Subscription:
        asked = {
            "changeType": self.change_types,
            "notificationUrl": address.url,
            "lifecycleNotificationUrl": address.url,
            "resource": self.resource_of(connection, target),
            "expirationDateTime": self._latest(),
            "clientState": address.secret,
        }
        return self._subscription(connection, "POST", "/subscriptions", asked)

    def renew(self, connection: Connection, address: Address, target: str, subscription: Subscription) -> Subscription:
        asked = {"expirationDateTime": self._latest()}
        return self._subscription(connection, "PATCH", _path(subscription), asked)

    def unsubscribe(self, connection: Connection, target: str, subscription: Subscription) -> None:
        with contextlib.suppress(Missing):
            self.graph_call(connection, "DELETE", _path(subscription))

    def _signal(self, entry: Mapping[str, Any]) -> Signal:
        """`reauthorizationRequired`, `subscriptionRemoved` and `missed` are all mended by renewing and looking."""
        event, known = entry.get("lifecycleEvent"), entry.get("id")
        key = known if isinstance(known, str) and known else uuid.uuid4().hex
        if event is not None:
            return Signal(key=key, kind="lapsed", details={"event": str(event)})
        return Signal(key=key, entities=self.told_entities, details={"event": str(entry.get("changeType"))})

    def _subscription(self, connection: Connection, method: str, path: str, asked: Mapping[str, str]) -> Subscription:
        try:
            made = self.graph_call(connection, method, path, json=asked).json_object()
        except Missing:
            raise
        except Rejected as refusal:
            said = (
                f"{self.manifest.name} does not tell Koko of changes: the permission is missing, or Koko not reachable"
            )
            raise Rejected(said, reason=refusal.reason) from None
        return Subscription(id=self.require_text(made, "id"), expires_at=parse_ms(made.get("expirationDateTime")))

    def _latest(self) -> str:
        return iso_seconds(int(time.time() * 1000) + (self.longest_minutes - MARGIN_MINUTES) * MINUTE_MS)


def _is_ours(entry: Mapping[str, Any], secret: str | None) -> bool:
    given = entry.get("clientState")
    return bool(secret) and isinstance(given, str) and same(given, str(secret))


def _path(subscription: Subscription) -> str:
    return f"/subscriptions/{segment(subscription.id)}"
