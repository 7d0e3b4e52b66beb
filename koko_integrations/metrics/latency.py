"""Durations, counted by range, from which percentiles are read without the durations themselves.

Ranges grow by a constant factor, as in DDSketch (Masson, Rim and Lee, VLDB 2019): range n holds what is above
FACTOR ** (n - 2) ms, up to FACTOR ** (n - 1); range 0 holds what took no time. Each is told by the value that no
duration in it is further from than ERROR, so a percentile is that exact too. Counts of two hours add up to both's.
"""

import math
from collections.abc import Iterable, Mapping

ERROR = 0.05
"""How far a percentile may be from the duration that it stands for: a share of it, before rounding to milliseconds."""
FACTOR = (1 + ERROR) / (1 - ERROR)
_LOG = math.log(FACTOR)

Counts = dict[str, int]
"""Range -> how many; the range is text, as JSON has it."""


def range_of(duration_ms: int) -> str:
    """The range that counts this duration; a clock that was set back makes it no time."""
    return str(1 + math.ceil(round(math.log(duration_ms) / _LOG, 9))) if duration_ms > 0 else "0"


def add(counts: Counts, more: Mapping[str, int]) -> None:
    """Adds `more` in place."""
    for found, count in more.items():
        counts[found] = counts.get(found, 0) + count


def percentiles(counts: Mapping[str, int], shares: Iterable[float]) -> list[int] | None:
    """For each share, the milliseconds that so many of the durations did not exceed (nearest rank); None of nothing."""
    if not counts:
        return None
    ordered = sorted((int(found), count) for found, count in counts.items())
    total = sum(count for _, count in ordered)
    return [_value_of(_at_rank(ordered, max(1, math.ceil(share * total)))) for share in shares]


def _at_rank(ordered: list[tuple[int, int]], rank: int) -> int:
    seen = 0
    for found, count in ordered:
        seen += count
        if seen >= rank:
            return found
    return ordered[-1][0]


def _value_of(found: int) -> int:
    return round(2 * FACTOR ** (found - 1) / (FACTOR + 1)) if found > 0 else 0
