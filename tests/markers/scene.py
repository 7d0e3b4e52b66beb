"""Comments for the formats to write, without a database."""

import math

from koko_integrations.markers.comments import Said, to_markers
from koko_integrations.markers.rate import read_rate
from koko_integrations.markers.timeline import Timeline

START_MS = 1_763_000_000_000


def said(comment_id: str, text: str, ms: int | None, **columns: object) -> Said:
    row = {"parent_id": None, "resolved": 0, "created_at": START_MS, "author": "Ann"} | columns
    return Said(id=comment_id, text=text, timecode=ms, **row)  # type: ignore[arg-type]


def timeline_of(*comments: Said, fps: float = 25.0, title: str = "Trailer v3", start: int = 0) -> Timeline:
    markers = to_markers(comments, read_rate(fps))
    last = max((marker.frame for marker in markers), default=0)
    return Timeline("video-1", title, read_rate(fps), start, last + 1, markers)


def minute_boundary(fps: float, numerator: int, denominator: int, counted: int) -> Timeline:
    """A comment on each of four frames: the first, the last before a minute of timecode, the first after it, and the
    one an hour of it begins with; with a reply, a resolved one and one about the whole video."""
    left_out = {29.97: 2, 59.94: 4}.get(fps, 0)
    hour = counted * 3600 - left_out * 54
    minute = counted * 60

    def begins(frame: int) -> int:
        return math.floor(frame * 1000 * denominator / numerator)

    return timeline_of(
        said("c1", "From the very beginning", 0),
        said("c2", "The logo comes too early", begins(minute - 1), author="Bob"),
        said("c3", "Brighter, please\nAnd “warmer”", begins(minute), resolved=1),
        said("c4", "Agreed, two seconds later", None, parent_id="c2"),
        said("c5", "An hour later", begins(hour), created_at=START_MS + 1),
        said("c6", "Shorter & better", None, author=None),
        fps=fps,
    )
