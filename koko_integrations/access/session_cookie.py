"""better-auth's signed session token: `encodeURIComponent(token + "." + base64(HMAC-SHA256(secret, token)))`.

Verified against better-auth 1.4.1 and 1.7.25 (koko.md, "Sessions").
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, unquote

SIGNATURE_CHARS = 44
MAX_CHARS = 1024
CACHED_VALUES = 4096


class SessionSigner:
    """Opens signed session tokens, and signs them for development and tests."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        # A pure function of the value, so a kept answer cannot go stale.
        self.open: Callable[[str], str | None] = lru_cache(CACHED_VALUES)(self._open)

    def sign(self, token: str) -> str:
        """The cookie's value, which is also the bearer token, for a session token."""
        return quote(f"{token}.{self._signature(token)}", safe="")

    def _open(self, value: str) -> str | None:
        """The session token, or None if the signature does not verify."""
        if len(value) > MAX_CHARS:
            return None
        token, _, signature = unquote(value).rpartition(".")
        # The comparison takes the same time wherever the two differ.
        genuine = hmac.compare_digest(signature.encode(), self._signature(token).encode())
        return token if token and len(signature) == SIGNATURE_CHARS and genuine else None

    def _signature(self, token: str) -> str:
        return base64.b64encode(hmac.new(self._secret, token.encode(), hashlib.sha256).digest()).decode()
