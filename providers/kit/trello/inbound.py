"""What Trello tells by webhooks, and how they are made. Source: developer.atlassian.com/cloud/trello/guides/rest-api/
webhooks.

Trello signs with the secret of the app that made the webhook. Which of an OAuth 2.0 app's secrets that is, is not said:
the client secret, unless the operator names another one. The secret of an API key that somebody has pasted is known to
nobody here: such a webhook is known by its address alone, which is told to Trello and to nobody else. Whatever a
message says is read again from Trello.
"""

import base64
import contextlib
import hmac
from collections.abc import Mapping
from typing import Any

from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected
from providers.kit.inbound import Address, Forged, Heard, Incoming, Signal, Subscribes, Subscription, json_object, same
from providers.kit.paths import segment
from providers.kit.trello.calls import CallsTrello

UNSIGNED = "unsigned"
"""Among what is kept of an address: its webhook belongs to an API key whose secret is not known."""


class HearsTrello(CallsTrello, Subscribes):
    """A webhook is of a board, and does not expire."""

    unknown_status = 410

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        # How Trello finds out, before it makes a webhook, whether anybody is there.
        if incoming.method == "HEAD":
            return Heard()
        if UNSIGNED not in secrets and not self._is_signed(incoming):
            raise Forged("It is not proven that this message is Trello's")
        body = json_object("Trello", incoming.body)
        action, model = _members(body, "action"), _members(body, "model")
        signal = Signal(
            key=self.require_text(action, "id"),
            target=self.require_text(model, "id"),
            details={"event": action.get("type")},
        )
        return Heard(signals=(signal,))

    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        return tuple(sorted(set((connection.config.get("projectMapping") or {}).values())))

    def subscribe(self, connection: Connection, address: Address, target: str) -> Subscription:
        data = {"callbackURL": address.url, "idModel": target, "description": "Koko"}
        try:
            made = self._request(connection, "POST", "/webhooks/", data=data).json_object()
        except Missing:
            raise
        except Rejected as refusal:
            said = "Trello did not make the webhook: it has to reach Koko's public address, and to know the board"
            raise Rejected(said, reason=refusal.reason) from None
        by_key = connection.credentials.access_token is None
        return Subscription(id=self.require_text(made, "id"), secrets={UNSIGNED: "1"} if by_key else {})

    def renew(self, connection: Connection, address: Address, target: str, subscription: Subscription) -> Subscription:
        """Trello switches off a webhook that has not been answered for long."""
        self._request(connection, "PUT", f"/webhooks/{segment(subscription.id)}", data={"active": True})
        return subscription

    def unsubscribe(self, connection: Connection, target: str, subscription: Subscription) -> None:
        with contextlib.suppress(Missing):
            self._request(connection, "DELETE", f"/webhooks/{segment(subscription.id)}")

    def _is_signed(self, incoming: Incoming) -> bool:
        if self.app is None:
            return False
        secret = self.app.signing_secret or self.app.client_secret
        digest = hmac.digest(secret.encode(), incoming.body + incoming.url.encode(), "sha1")
        return same(incoming.headers.get("x-trello-webhook", ""), base64.b64encode(digest).decode())


def _members(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    if not isinstance(found, dict):
        raise ProtocolBroken(f"Trello sent a message without {name}")
    return found
