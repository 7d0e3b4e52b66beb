"""Reading an event's data, which Koko's services shape: nothing in it is taken for granted."""

import math
from collections.abc import Mapping
from typing import Any

LONGEST_VIDEO_S = 1e6


def look_up(data: Mapping[str, Any], path: str) -> Any:
    """What is at a dotted path; None where there is nothing."""
    found: Any = data
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def find(data: Mapping[str, Any], *paths: str) -> str | None:
    """The first text that is at one of these paths and not empty. PostgreSQL cannot look for one with U+0000."""
    for path in paths:
        found = look_up(data, path)
        if isinstance(found, str) and found.strip() and "\0" not in found:
            return found
    return None


def video_id_of(data: Mapping[str, Any]) -> str | None:
    return find(data, "video.id", "comment.videoId", "approval.videoId", "videoId")


def timecode_ms_of(data: Mapping[str, Any]) -> int | None:
    """The comment's position; decimal seconds, as everything on the wire."""
    for path in ("comment.timecode", "comment.timestamp", "timecode"):
        found = look_up(data, path)
        if isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found):
            return round(found * 1000) if 0 <= found <= LONGEST_VIDEO_S else None
    return None
