"""CMX 3600 as DaVinci Resolve reads markers: an event of one frame, and below it `note |C:color |M:name |D:frames`.

A line of what people say begins with "From", so that none can be taken for an event or a comment of the EDL.
"""

import unicodedata

from koko_integrations.markers.timeline import UNNAMED, Marker, Timeline, conversation

OPEN, RESOLVED = "ResolveColorBlue", "ResolveColorGreen"


def write(timeline: Timeline) -> str:
    lines = [
        f"TITLE: {_one_line(timeline.title)}",
        f"FCM: {'DROP FRAME' if timeline.rate.is_drop_frame else 'NON-DROP FRAME'}",
        "",
    ]
    for number, markers in enumerate(timeline.by_frame(), 1):
        lines += _event(timeline, number, markers)
    return "\r\n".join([*lines, ""])


def _event(timeline: Timeline, number: int, markers: list[Marker]) -> list[str]:
    frame = markers[0].frame
    at = f"{timeline.timecode(frame)} {timeline.timecode(frame + 1)}"
    color = RESOLVED if all(marker.resolved for marker in markers) else OPEN
    note, name = _one_line(conversation(markers)), _one_line(markers[0].name) or UNNAMED
    return [f"{number:03d}  001      V     C        {at} {at}", f"{note} |C:{color} |M:{name} |D:1", ""]


def _one_line(text: str) -> str:
    """Lines side by side, without what ends a line or a field."""
    lines = (" ".join(line.split()) for line in text.replace("|", "¦").splitlines())
    joined = " / ".join(line for line in lines if line)
    return "".join(char for char in joined if unicodedata.category(char) not in ("Cc", "Cs"))
