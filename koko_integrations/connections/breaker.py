"""A circuit breaker per integration: after five failures in a row nobody waits for the provider for half a minute.

Kept in this process: each learns by itself, and forgets when it ends. On our own clock, which libraries do not take.
"""

from dataclasses import dataclass

from koko_integrations.clock import Clock
from providers.kit.errors import Transient

FAILURES = 5
REST_MS = 30_000


@dataclass
class _Trouble:
    failures: int = 0
    closed_until: int = 0


class Breaker:
    """Counts failures in a row; a success, or any proper answer, forgets them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._troubles: dict[str, _Trouble] = {}

    def check(self, integration_id: str, provider: str) -> None:
        """Raises Transient while the provider rests. The call after that is a trial: one failure more closes it."""
        left_ms = self.rest_ms(integration_id)
        if left_ms:
            raise Transient(
                f"{provider} has not been answering; Koko tries again in a moment",
                reason="resting",
                retry_after_s=left_ms / 1000,
            )

    def rest_ms(self, integration_id: str) -> int:
        """How long no more calls are made, in milliseconds; 0 when they are."""
        trouble = self._troubles.get(integration_id)
        return 0 if trouble is None else max(0, trouble.closed_until - self._clock.now_ms())

    def failed(self, integration_id: str) -> None:
        trouble = self._troubles.setdefault(integration_id, _Trouble())
        trouble.failures += 1
        if trouble.failures >= FAILURES:
            trouble.closed_until = self._clock.now_ms() + REST_MS

    def answered(self, integration_id: str) -> None:
        self._troubles.pop(integration_id, None)
