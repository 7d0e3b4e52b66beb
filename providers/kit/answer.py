"""What a provider answered, and what its status means as a rule."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, ProviderError, Rejected, Transient


@dataclass(frozen=True)
class Answer:
    """What a provider answered. The body is left out of the repr: it may hold tokens."""

    provider: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON. Raises ProtocolBroken."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise ProtocolBroken(f"{self.provider} answered with something that is not JSON") from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ProtocolBroken."""
        value = self.json()
        if not isinstance(value, dict):
            raise ProtocolBroken(f"{self.provider} answered with JSON of the wrong shape")
        return value

    @property
    def retry_after_s(self) -> float | None:
        """RFC 9110, 10.2.3: seconds, or an HTTP date."""
        text = self.headers.get("Retry-After", "").strip()
        if text.isdecimal():
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except ValueError:
            return None

    @property
    def sent_at(self) -> int:
        """The provider's own clock when it answered, in epoch milliseconds: the Date header, RFC 9110, 6.6.1."""
        try:
            return int(parsedate_to_datetime(self.headers.get("Date", "")).timestamp() * 1000)
        except ValueError:
            return int(time.time() * 1000)

    def error(self, reason: str | None = None) -> ProviderError:
        """The usual reading of an HTTP error status; providers refine it where they differ."""
        if self.status == 429:
            return Transient(
                f"{self.provider} asks us to slow down",
                reason=reason or "rate_limited",
                retry_after_s=self.retry_after_s,
            )
        if self.status >= 500 or self.status in (408, 425):
            return Transient(
                f"{self.provider} is not answering properly right now (HTTP {self.status})",
                reason=reason,
                retry_after_s=self.retry_after_s,
            )
        if self.status == 401:
            return CredentialsRefused(f"{self.provider} refused the credentials", reason=reason)
        if self.status in (404, 410):
            return Missing(f"{self.provider} does not have this (HTTP {self.status})", reason=reason)
        if self.status >= 400:
            return Rejected(f"{self.provider} refused the request (HTTP {self.status})", reason=reason)
        return ProtocolBroken(f"{self.provider} answered unexpectedly (HTTP {self.status})", reason=reason)

    def require_success(self) -> "Answer":
        """Itself when the status is 2xx, otherwise raises `error()`."""
        if 200 <= self.status < 300:
            return self
        raise self.error()
