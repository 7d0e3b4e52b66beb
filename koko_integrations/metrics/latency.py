"""Durations, counted by range, from which percentiles are read without the durations themselves.

Ranges grow by a constant factor, as in DDSketch (Masson, Rim and Lee, VLDB 2019): range n holds what is above
FACTOR ** (n - 2) ms, up to FACTOR ** (n - 1); range 0 holds what took no time. Each is told by the value that no
duration in it is further from than ERROR, so a percentile is that exact too.

The counts of all ranges are one number: range n's are bits 32 n to 32 n + 31. So those of many hours and days are
added up as fast as numbers are. As text it is hexadecimal, after the first range that has any: "93:100000002" is two
durations of range 93, and one of range 94.
"""

import math
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

ERROR = 0.05
"""How far a percentile may be from the duration that it stands for: a share of it, before rounding to milliseconds."""
FACTOR = (1 + ERROR) / (1 - ERROR)
BITS = 32
_LOG = math.log(FACTOR)
_WORD = next(code for code in "IL" if array(code).itemsize == BITS // 8)


def one(duration_ms: float) -> int:
    """The counts of this duration alone; a clock that was set back makes it no time."""
    # Rounded, as FACTOR to the power of a whole number is none quite.
    found = 1 + max(0, math.ceil(round(math.log(duration_ms) / _LOG, 9))) if duration_ms > 0 else 0
    return int(1 << BITS * found)


def dump(counts: int) -> str:
    """As text; nothing is the empty text."""
    if not counts:
        return ""
    first = ((counts & -counts).bit_length() - 1) // BITS
    return f"{first}:{counts >> BITS * first:x}"


def load(text: str) -> int:
    """What `dump` made."""
    if not text:
        return 0
    first, _, digits = text.partition(":")
    return int(digits, 16) << BITS * int(first)


def percentiles(counts: int, shares: Iterable[float]) -> list[int] | None:
    """For each share, the milliseconds that so many of the durations did not exceed (nearest rank); None of nothing."""
    if not counts:
        return None
    words = array(_WORD, counts.to_bytes(-(-counts.bit_length() // BITS) * (BITS // 8), sys.byteorder))
    if sys.byteorder == "big":
        words.reverse()
    seen = list(accumulate(words))
    return [_value_of(bisect_left(seen, max(1, math.ceil(share * seen[-1])))) for share in shares]


def _value_of(found: int) -> int:
    return round(2 * FACTOR ** (found - 1) / (FACTOR + 1)) if found > 0 else 0
