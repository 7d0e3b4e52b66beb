"""Messages that a team's own services sign, in either of the ways in which Koko signs its own.

Koko's: `X-Koko-Signature: sha256=<hex>` over `<X-Koko-Timestamp>.<body>`. Standard Webhooks (standard-webhooks.com):
`webhook-signature`, any number of `v1,<base64>` over `<webhook-id>.<webhook-timestamp>.<body>`, with the bytes behind
`whsec_` as the key.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from providers.kit.inbound import Forged, Incoming, require_recent, same

PREFIX = "whsec_"


def verify(incoming: Incoming, secrets: Iterable[str]) -> str:
    """Verifies a message by any of the secrets; the id that it has been given. Raises Forged."""
    if "webhook-signature" in incoming.headers:
        return _verify_standard(incoming, secrets)
    timestamp = incoming.headers.get("x-koko-timestamp", "")
    require_recent(timestamp, incoming.at_ms)
    signed = timestamp.encode() + b"." + incoming.body
    given = incoming.headers.get("x-koko-signature", "")
    if not any(same(given, f"sha256={_hmac(secret.encode(), signed).hex()}") for secret in secrets):
        raise Forged("The signature does not verify")
    # The header has no id: a message that is sent again is the same one by what was signed.
    return hashlib.sha256(signed).hexdigest()


def _verify_standard(incoming: Incoming, secrets: Iterable[str]) -> str:
    message_id, timestamp = incoming.headers.get("webhook-id", ""), incoming.headers.get("webhook-timestamp", "")
    require_recent(timestamp, incoming.at_ms)
    signed = f"{message_id}.{timestamp}.".encode() + incoming.body
    expected = [f"v1,{base64.b64encode(_hmac(_key(secret), signed)).decode()}" for secret in secrets]
    given = incoming.headers["webhook-signature"].split()
    if not message_id or not any(same(one, other) for one in given for other in expected):
        raise Forged("The signature does not verify")
    return message_id


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        # A secret that the team has chosen itself need not be base64.
        return secret.encode()


def _hmac(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()
