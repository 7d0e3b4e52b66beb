"""Labels of frames, hours:minutes:seconds:frames. Source: SMPTE ST 12-1.

Drop-frame timecode, with a semicolon, leaves out the first labels of each minute but every tenth: two at 29.97, four
at 59.94. No frame is lost by it.
"""

import re

from koko_integrations.markers.rate import Rate

HOURS = 24
_LABEL = re.compile(r"(\d\d):([0-5]\d):([0-5]\d)[:;](\d{2,3})", re.ASCII)


def to_timecode(rate: Rate, frame: int) -> str:
    """The label of a frame. After 24 hours they begin again."""
    mark = ";" if rate.is_drop_frame else ":"
    seconds, frames = divmod(frame + _left_out_before(rate, frame), rate.counted)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % HOURS:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}"


def from_timecode(rate: Rate, label: str) -> int:
    """The frame of a label. Raises ValueError for one that no frame has."""
    found = _LABEL.fullmatch(label)
    if found is None:
        raise ValueError("Expected a timecode such as 01:00:00:00")
    hours, minutes, seconds, frames = map(int, found.groups())
    if hours >= HOURS or frames >= rate.counted:
        raise ValueError(f"There are {HOURS} hours in a day, and {rate.counted} frames in a second of this timecode")
    dropped = _left_out_a_minute(rate)
    if seconds == 0 and frames < dropped and minutes % 10:
        raise ValueError("Drop-frame timecode does not have this label")
    whole_minutes = hours * 60 + minutes
    counted = (whole_minutes * 60 + seconds) * rate.counted + frames
    return counted - dropped * (whole_minutes - whole_minutes // 10)


def _left_out_a_minute(rate: Rate) -> int:
    return rate.counted // 15 if rate.is_drop_frame else 0


def _left_out_before(rate: Rate, frame: int) -> int:
    dropped = _left_out_a_minute(rate)
    # The first of ten minutes is whole.
    minute = rate.counted * 60 - dropped
    tens, rest = divmod(frame, minute * 10 + dropped)
    return dropped * (9 * tens + max(0, rest - dropped) // minute)
