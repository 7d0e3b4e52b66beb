"""Hours and days, which begin where UTC says, and the periods that are shown in them."""

from typing import NamedTuple

from koko_integrations.clock import DAY_MS, HOUR_MS

SPANS = (HOUR_MS, DAY_MS)
"""What is counted by. In this order everywhere, so that two writers never wait for each other in a circle."""


class Period(NamedTuple):
    """So many hours or days, of which the last has not ended yet."""

    span_ms: int
    points: int

    def begins(self, now_ms: int) -> range:
        """When each of them begins, the oldest first."""
        last = begin_of(now_ms, self.span_ms)
        return range(last - (self.points - 1) * self.span_ms, last + 1, self.span_ms)


PERIODS = {"24h": Period(HOUR_MS, 24), "7d": Period(HOUR_MS, 168), "30d": Period(DAY_MS, 30), "90d": Period(DAY_MS, 90)}
PERIOD_DEFAULT = "7d"


def begin_of(at_ms: int, span_ms: int) -> int:
    """The first millisecond of the hour or day that this is in."""
    return at_ms - at_ms % span_ms
