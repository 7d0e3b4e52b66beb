"""Signatures on what Koko sends: Koko's own, and Standard Webhooks'.

Koko's: `X-Koko-Signature: sha256=<hex>`, HMAC-SHA256 with the whole secret over `<timestamp>.<raw body>`. Standard
Webhooks (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md): `webhook-signature: v1,<base64>`,
HMAC-SHA256 with the bytes that the secret's base64 stands for over `<id>.<timestamp>.<raw body>`.
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from koko_integrations.clock import HOUR_MS
from koko_integrations.errors import BadRequest

PREFIX = "whsec_"
SECRET_BYTES = 32
SHORTEST, LONGEST = 16, 256
PREVIOUS_LIVES_MS = 24 * HOUR_MS
_TEXT = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Secret:
    """A webhook's secret, and until when it signs; None for the one that is current."""

    text: str = field(repr=False)
    until: int | None = None

    @cached_property
    def key(self) -> bytes:
        """The key of Standard Webhooks: what the base64 after `whsec_` stands for; the text itself of any other."""
        if self.text.startswith(PREFIX):
            return base64.b64decode(self.text.removeprefix(PREFIX))
        return self.text.encode()


def new_secret() -> str:
    """A secret of 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_secret(text: str, name: str) -> str:
    """A secret that somebody has chosen. Raises BadRequest that names the field."""
    if not SHORTEST <= len(text) <= LONGEST or _TEXT.fullmatch(text) is None:
        raise BadRequest.field(name, f"Expected {SHORTEST} to {LONGEST} visible ASCII characters without spaces")
    if text.startswith(PREFIX):
        try:
            length = len(base64.b64decode(text.removeprefix(PREFIX), validate=True))
        except binascii.Error:
            length = 0
        if length < SHORTEST:
            raise BadRequest.field(name, f"After {PREFIX} comes the base64 of at least {SHORTEST} random bytes")
    return text


def sign_inside(body: bytes, secret: str, timestamp_s: int) -> bytes:
    """A JSON object with `signature` as its last member, which is computed over the object without it."""
    return b'%s,"signature":"sha256=%s"}' % (body[:-1], koko_signature(body, secret, timestamp_s).encode())


def koko_signature(body: bytes, secret: str, timestamp_s: int) -> str:
    """Hexadecimal HMAC-SHA256."""
    return hmac.digest(secret.encode(), b"%d." % timestamp_s + body, "sha256").hex()


def headers(message_id: str, body: bytes, signing: Sequence[Secret], timestamp_s: int) -> dict[str, str]:
    """What proves the body: by each of the secrets, the current one first; for none, only what names the message."""
    sent = {"webhook-id": message_id, "webhook-timestamp": str(timestamp_s), "X-Koko-Timestamp": str(timestamp_s)}
    if signing:
        content = f"{message_id}.{timestamp_s}.".encode() + body
        proofs = (base64.b64encode(hmac.digest(secret.key, content, "sha256")).decode() for secret in signing)
        sent["webhook-signature"] = " ".join(f"v1,{proof}" for proof in proofs)
        current, *previous = signing
        sent["X-Koko-Signature"] = f"sha256={koko_signature(body, current.text, timestamp_s)}"
        # A header of its own: receivers compare the first one as a whole.
        for secret in previous:
            sent["X-Koko-Signature-Previous"] = f"sha256={koko_signature(body, secret.text, timestamp_s)}"
    return sent
