"""Credentials to principal, by cryptography alone.

Whether the session, user or key still exists is the gate's question.
"""

import hashlib
from collections.abc import Mapping

from koko_integrations.access.actor import KeyPrincipal, Principal, SessionPrincipal
from koko_integrations.access.service_tokens import ServiceTokens
from koko_integrations.access.session_cookie import SessionSigner
from koko_integrations.errors import Unauthorized

API_KEY_PREFIX = "koko_"
COOKIE_NAMES = ("__Secure-better-auth.session_token", "better-auth.session_token")


def hash_api_key(key: str) -> str:
    """What is stored of a Koko API key. The key has 256 random bits, so a plain hash suffices."""
    return hashlib.sha256(key.encode()).hexdigest()


def has_api_key(headers: Mapping[str, str]) -> bool:
    """Whether a Koko API key, be it a good one or not, is what these headers are judged by."""
    return _api_key(headers) is not None


def _api_key(headers: Mapping[str, str]) -> str | None:
    authorization = headers.get("authorization")
    if authorization is None:
        return headers.get("x-api-key")
    value = _bearer(authorization)
    return value if value.startswith(API_KEY_PREFIX) else None


def _bearer(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


class Authenticator:
    """Reads the Authorization header, or else X-API-Key, or else Koko's session cookie: whatever comes after the first
    that is there counts for nothing."""

    def __init__(self, sessions: SessionSigner, services: ServiceTokens) -> None:
        self._sessions = sessions
        self._services = services

    async def principal(self, headers: Mapping[str, str]) -> Principal:
        """Raises Unauthorized when there are no credentials, or none that verify."""
        key = _api_key(headers)
        if key is not None:
            return KeyPrincipal(hash_api_key(key.strip()))
        authorization = headers.get("authorization")
        if authorization is not None:
            return await self._from_bearer(_bearer(authorization))
        cookie = headers.get("cookie")
        if cookie is not None and (token := self._from_cookie(cookie)) is not None:
            return SessionPrincipal(token)
        raise Unauthorized("Sign in to use integrations")

    async def _from_bearer(self, value: str) -> Principal:
        # A JWT has two dots, better-auth's signed token one.
        if value.count(".") == 2:
            return await self._services.verify(value)
        if (token := self._sessions.open(value)) is not None:
            return SessionPrincipal(token)
        raise Unauthorized("These credentials are not valid")

    def _from_cookie(self, header: str) -> str | None:
        values: dict[str, str] = {}
        for pair in header.split(";"):
            name, _, value = pair.partition("=")
            values.setdefault(name.strip(), value.strip())
        tokens = (self._sessions.open(values[name]) for name in COOKIE_NAMES if name in values)
        return next((token for token in tokens if token is not None), None)
