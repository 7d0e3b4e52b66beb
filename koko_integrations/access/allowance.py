"""How many calls each caller may make: koko.md, "Rate limits", and a class of their own for Koko's services."""

import math

from koko_integrations.access.actor import Actor
from koko_integrations.errors import TooManyRequests
from koko_integrations.limits import RateLimiter, Taken
from koko_integrations.rpc.dispatch import Request
from koko_integrations.rpc.procedure import RateClass

HOUR_S = 3600


class Allowance:
    """Counts calls by caller and class. A person has one allowance however they come; a Koko API key has its own."""

    def __init__(self, limiter: RateLimiter, reads: int, writes: int, service_calls: int) -> None:
        self._limiter = limiter
        self._per_hour: dict[RateClass, int] = {"read": reads, "write": writes}
        self._service_calls = service_calls

    async def spend(self, request: Request, actor: Actor, rate_class: RateClass) -> None:
        """Counts one call, and has the answer's headers say what is left of the class that has the least left.

        Raises TooManyRequests.
        """
        if actor.is_service:
            taken = await self._limiter.take(actor.label, self._service_calls, HOUR_S)
        else:
            taken = await self._limiter.take(f"{rate_class}:{actor.label}", self._per_hour[rate_class], HOUR_S)
        tightest: Taken | None = request.memo.get("taken")
        if tightest is None or taken.remaining * tightest.limit <= tightest.remaining * taken.limit:
            request.memo["taken"] = taken
            request.said = taken.headers
        if not taken.allowed:
            minutes = math.ceil(taken.retry_after_s / 60)
            raise TooManyRequests(
                f"That was too much for one hour; try again in {'a minute' if minutes == 1 else f'{minutes} minutes'}",
                retry_after_s=taken.retry_after_s,
                limit=taken.limit,
                window_s=taken.window_s,
            )
