"""Frame rates and the frames that moments belong to, in whole numbers: 23.976 is 24000/1001.

Source: SMPTE ST 12-1 (rates and their labels). Premiere's TickTime has 254,016,000,000 ticks a second: npm
@adobe/premierepro.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

FPS_MIN = 1
FPS_MAX = 300
TICKS_PER_SECOND = 254_016_000_000
# 24 and 24000/1001 are a thousandth apart. People write the latter as 23.976 and as 23.98.
_NEAR = Fraction(3, 10_000)
_DROP_FRAME = (Fraction(30_000, 1001), Fraction(60_000, 1001))


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames per second. `counted` is how many of them a second of timecode has: 30 at 29.97."""

    fps: Fraction

    @property
    def counted(self) -> int:
        return math.floor(self.fps + Fraction(1, 2))

    @property
    def is_drop_frame(self) -> bool:
        """Whether timecode leaves out labels, as to stay with the clock."""
        return self.fps in _DROP_FRAME

    def frame_at(self, ms: int) -> int:
        """The frame that is shown at a position in milliseconds, as a player tells it.

        The position of a frame's first moment may have been rounded or cut to the millisecond before: a frame counts
        from the millisecond before its first moment.
        """
        return max(0, (ms + 1) * self.fps.numerator // (1000 * self.fps.denominator))

    def seconds(self, frame: int) -> Fraction:
        """When a frame begins."""
        return frame / self.fps

    def seconds_inside(self, frame: int) -> float:
        """When a frame begins, up to the microsecond after it: whoever cuts this to frames gets the same frame."""
        return math.ceil(self.seconds(frame) * 1_000_000) / 1_000_000

    def ticks(self, frame: int) -> int:
        """Premiere's time of a frame: exact at the rates that it knows, else the first tick in the frame."""
        return math.ceil(self.seconds(frame) * TICKS_PER_SECOND)


def read_rate(fps: float) -> Rate:
    """The rate that a decimal number stands for. Raises ValueError for what cannot be one."""
    if not FPS_MIN <= fps <= FPS_MAX:
        raise ValueError(f"A frame rate is a number from {FPS_MIN} to {FPS_MAX}")
    given = Fraction(fps)
    whole = round(given * Fraction(1001, 1000))
    known = min((Fraction(round(given)), Fraction(whole * 1000, 1001)), key=lambda one: abs(one - given))
    if abs(known - given) <= known * _NEAR:
        return Rate(known)
    return Rate(given.limit_denominator(1001))
