"""What Discord sends to an app: webhook events and interactions.

Source: discord.com/developers/docs/events/webhook-events, /interactions/overview#setting-up-an-endpoint. Everything is
signed with the app's own key; Discord sends badly signed requests on purpose, and drops an address that takes them.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from providers.kit.inbound import Forged, Heard, Incoming, Reply, json_object, require_recent

PONG = b'{"type":1}'


def hear_request(incoming: Incoming, public_key: str | None) -> Heard:
    """Verifies a request and answers it. A channel's webhook has no events, so none concerns an integration.

    Raises Forged and ProtocolBroken.
    """
    timestamp = incoming.headers.get("x-signature-timestamp", "")
    _verify(incoming, timestamp, public_key)
    require_recent(timestamp, incoming.at_ms)
    body = json_object("Discord", incoming.body)
    if body.get("type") == 1 and "event" not in body:
        # An interaction's ping; in a webhook event 1 means that there is an event, and 0 is the ping.
        return Heard(reply=Reply(body=PONG, content_type="application/json"))
    return Heard(reply=Reply(status=204))


def _verify(incoming: Incoming, timestamp: str, public_key: str | None) -> None:
    if public_key is None:
        raise Forged("Discord's public key is not set, so nothing that it sends can be verified")
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(incoming.headers.get("x-signature-ed25519", "")), timestamp.encode() + incoming.body)
    except (InvalidSignature, ValueError):
        raise Forged("The signature is not Discord's") from None
