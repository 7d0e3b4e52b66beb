"""Keeping to the providers' own rates, so that they need not say 429: per app, and per connection.

Counted in this process, by a moving window (the `limits` library).
"""

import hashlib
from collections.abc import Callable
from time import time

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from providers.kit.errors import Transient
from providers.kit.manifest import Manifest, Rate


class Pacer:
    """Waits for room, up to a limit."""

    def __init__(self, sleep: Callable[[float], None], longest_wait_s: float) -> None:
        self._sleep = sleep
        self._longest_wait_s = longest_wait_s
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._rates: dict[str, tuple[RateLimitItem | None, RateLimitItem | None]] = {}

    def set_rates(self, manifest: Manifest) -> None:
        """Takes a provider's rates from its manifest."""
        self._rates[manifest.name] = (_item(manifest.rate_per_app), _item(manifest.rate_per_connection))

    def wait_for_room(self, provider: str, credential: str) -> None:
        """Returns when a request may be sent. Raises Transient when that would take too long."""
        per_app, per_connection = self._rates.get(provider, (None, None))
        if per_app is not None:
            self._wait(provider, per_app, "app")
        if per_connection is not None and credential:
            # The credential itself is not kept.
            self._wait(provider, per_connection, hashlib.sha256(credential.encode()).hexdigest()[:16])

    def _wait(self, provider: str, rate: RateLimitItem, key: str) -> None:
        while not self._limiter.hit(rate, provider, key):
            wait_s = max(0.05, self._limiter.get_window_stats(rate, provider, key).reset_time - time())
            if wait_s > self._longest_wait_s:
                raise Transient(
                    f"{provider} is used as much as it allows right now", reason="rate_limited", retry_after_s=wait_s
                )
            self._sleep(wait_s)


def _item(rate: Rate | None) -> RateLimitItem | None:
    return None if rate is None else RateLimitItemPerSecond(rate.calls, rate.seconds)
