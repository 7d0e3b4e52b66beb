"""What Dropbox tells by webhooks. Source: dropbox.com/developers/reference/webhooks.

The operator enters one address for the whole app. A message names the accounts in which something has changed, and
nothing else: two of them look alike, whether the second is a repetition or not.
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping

from providers.kit.errors import ProtocolBroken
from providers.kit.inbound import Forged, Heard, Incoming, ReceivesWebhooks, Reply, Signal, json_object, same


class HearsDropbox(ReceivesWebhooks):
    """Every message counts: what has not changed since costs one question for changes."""

    address_per_app = True

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        if incoming.method == "GET":
            challenge = incoming.query.get("challenge")
            if challenge is None:
                raise ProtocolBroken("Dropbox's challenge is missing")
            return Heard(reply=Reply(body=challenge.encode(), headers={"X-Content-Type-Options": "nosniff"}))
        given = incoming.headers.get("x-dropbox-signature", "")
        if self.app is None or not same(given, _signature(self.app.client_secret, incoming.body)):
            raise Forged("It is not proven that this message is Dropbox's")
        told = json_object("Dropbox", incoming.body).get("list_folder")
        accounts = told.get("accounts") if isinstance(told, dict) else None
        if not isinstance(accounts, list) or not all(isinstance(one, str) for one in accounts):
            raise ProtocolBroken("Dropbox sent a message without accounts")
        return Heard(
            signals=tuple(Signal(key=uuid.uuid4().hex, account_id=account) for account in dict.fromkeys(accounts))
        )


def _signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
