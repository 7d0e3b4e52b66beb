"""What the drain needs of the rate limiter."""

from typing import Protocol


class Rates(Protocol):
    """Counts what is done, across processes."""

    async def take_many(self, name: str, limit: int, window_s: int, wanted: int) -> tuple[int, int]:
        """How many of those that are wanted may be done now, and when the window ends, in epoch ms."""


class NoLimit:
    """TEMPORARY until limits land."""

    async def take_many(self, name: str, limit: int, window_s: int, wanted: int) -> tuple[int, int]:
        return wanted, 0
