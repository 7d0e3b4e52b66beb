"""Asana's webhooks, one for each project.

Source: developers.asana.com/docs/webhooks-guide, /reference/createwebhook. While a webhook is being made Asana posts
the secret to its address, once, and wants it back; everything later is signed with it. Events have neither an id nor a
time of sending: one that comes again has the same bytes. Delivery is at most once, so polling goes on.
"""

import contextlib
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from providers.kit.asana.calls import AsksAsana
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken
from providers.kit.inbound import (
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
from providers.kit.paths import segment

HOOK_SECRET = "hookSecret"  # noqa: S105 - a name
MADE, CHANGED, GONE, BACK, LEFT = "added", "changed", "deleted", "undeleted", "removed"
WATCHED: dict[str, tuple[Entity, tuple[str, ...]]] = {
    "project": ("projects", (CHANGED, GONE, BACK)),
    "task": ("tasks", (MADE, CHANGED, GONE, BACK, LEFT)),
    "story": ("comments", (MADE, CHANGED, GONE, LEFT)),
    "attachment": ("files", (MADE, GONE, BACK, LEFT)),
}
"""What is asked for, and which entity it is in Koko's words."""
FILTERS = [
    {"resource_type": kind, "action": action} | ({"resource_subtype": "comment_added"} if kind == "story" else {})
    for kind, (_, actions) in WATCHED.items()
    for action in actions
]


class HearsAsana(AsksAsana, Subscribes):
    """Each mapped project has a webhook."""

    # Which makes Asana delete the webhook.
    unknown_status = 410

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        return _hear_events(incoming, secrets)

    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        return tuple(dict.fromkeys((connection.config.get("projectMapping") or {}).values()))

    def subscribe(self, connection: Connection, address: Address, target: str) -> Subscription:
        data = {"resource": target, "target": address.url, "filters": FILTERS}
        made = self._data(connection, "POST", "/webhooks", {}, data)
        return Subscription(id=self.require_text(made, "gid"))

    def renew(self, connection: Connection, address: Address, target: str, subscription: Subscription) -> Subscription:
        # It does not expire; whether it is there still is all there is to know.
        self._request(connection, "GET", f"/webhooks/{segment(subscription.id)}")
        return subscription

    def unsubscribe(self, connection: Connection, target: str, subscription: Subscription) -> None:
        with contextlib.suppress(Missing):
            self._request(connection, "DELETE", f"/webhooks/{segment(subscription.id)}")


def _hear_events(incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
    """Answers the handshake, or verifies and reads events. Raises Forged and ProtocolBroken."""
    known = secrets.get(HOOK_SECRET)
    offered = incoming.headers.get("x-hook-secret")
    if offered is not None:
        if known is not None and not same(known, offered):
            raise Forged("The address has a secret of Asana's already")
        return Heard(reply=Reply(headers={"X-Hook-Secret": offered}), remember={HOOK_SECRET: offered})
    if known is None:
        raise Forged("Asana has not introduced itself at this address yet")
    expected = hmac.new(known.encode(), incoming.body, hashlib.sha256).hexdigest()
    if not same(incoming.headers.get("x-hook-signature", ""), expected):
        raise Forged("The signature is not Asana's")
    events = json_object("Asana", incoming.body).get("events")
    if not isinstance(events, list):
        raise ProtocolBroken("Asana sent no list of events")
    if not events:
        # A heartbeat.
        return Heard()
    key = hashlib.sha256(incoming.body).hexdigest()
    return Heard(signals=(Signal(key=key, entities=_entities(events)),))


def _entities(events: list[Any]) -> tuple[Entity, ...]:
    """What is to be looked at; nothing where it cannot be told, which means everything."""
    kinds = [(event.get("resource") or {}).get("resource_type") for event in events if isinstance(event, dict)]
    if len(kinds) < len(events) or not set(kinds) <= set(WATCHED):
        return ()
    # What is said and attached is found by way of its task.
    found: dict[Entity, None] = {WATCHED[str(kind)][0]: None for kind in kinds}
    return tuple(found if set(found) == {"projects"} else found | {"tasks": None})
