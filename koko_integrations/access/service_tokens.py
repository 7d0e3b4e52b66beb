"""Tokens of Koko's own services: JWTs, HS256 with a shared secret or EdDSA with a key from a JWKS (RFC 7519, RFC 8037).

Claims: `iss` the service's name, `aud` "koko-integrations", `exp` at most five minutes ahead, `sub` the user to act
for, if any.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import jwt

from koko_integrations.access.actor import ServicePrincipal
from koko_integrations.clock import Clock
from koko_integrations.errors import Unauthorized

AUDIENCE = "koko-integrations"
MAX_LIFETIME_S = 300
CLOCK_SKEW_S = 5
JWKS_TIMEOUT_S = 5
JWKS_LIFESPAN_S = 300


class ServiceTokens:
    """Verifies service tokens, and issues HS256 ones for development."""

    def __init__(self, clock: Clock, keys: Mapping[str, str], jwks_url: str | None) -> None:
        self._clock = clock
        self._keys = keys
        self._jwks = (
            jwt.PyJWKClient(jwks_url, cache_jwk_set=True, lifespan=JWKS_LIFESPAN_S, timeout=JWKS_TIMEOUT_S)
            if jwks_url
            else None
        )

    async def verify(self, token: str) -> ServicePrincipal:
        """Raises Unauthorized."""
        try:
            key, algorithm = await self._find_key(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=AUDIENCE,
                # Times are judged by our own clock, below.
                options={
                    "require": ["iss", "aud", "exp"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise Unauthorized("This service token is not valid") from error
        return self._judge(claims)

    def issue(self, name: str, user_id: str | None = None) -> str:
        """An HS256 token of the service `name`, good for five minutes. Raises KeyError for an unknown service."""
        claims = {"iss": name, "aud": AUDIENCE, "exp": self._clock.now_ms() // 1000 + MAX_LIFETIME_S}
        if user_id is not None:
            claims["sub"] = user_id
        return jwt.encode(claims, self._keys[name], algorithm="HS256")

    async def _find_key(self, token: str) -> tuple[Any, str]:
        algorithm = jwt.get_unverified_header(token).get("alg")
        if algorithm == "HS256":
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            secret = self._keys.get(issuer) if isinstance(issuer, str) else None
            if secret is not None:
                return secret.encode(), "HS256"
        elif algorithm == "EdDSA" and self._jwks is not None:
            signing_key = await asyncio.to_thread(self._jwks.get_signing_key_from_jwt, token)
            return signing_key.key, "EdDSA"
        raise jwt.InvalidKeyError("no key for this token")

    def _judge(self, claims: dict[str, Any]) -> ServicePrincipal:
        now_s = self._clock.now_ms() / 1000
        expires, not_before = claims["exp"], claims.get("nbf", 0)
        subject, issuer = claims.get("sub"), claims["iss"]
        if not _is_number(expires) or not _is_number(not_before):
            raise Unauthorized("This service token is not valid")
        if not now_s < expires <= now_s + MAX_LIFETIME_S + CLOCK_SKEW_S or not_before > now_s + CLOCK_SKEW_S:
            raise Unauthorized("This service token has expired, or lives longer than five minutes")
        if not isinstance(issuer, str) or not issuer or subject == "":
            raise Unauthorized("This service token is not valid")
        return ServicePrincipal(issuer, subject)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
