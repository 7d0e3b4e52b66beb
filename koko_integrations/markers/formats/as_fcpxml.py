"""Final Cut Pro's XML, version 1.10: a project that is one gap as long as the video, with the markers in it.

Source: developer.apple.com/documentation/professional-video-applications/fcpxml-reference. Times are rational seconds
on frame boundaries. A marker with `completed` is a to-do.
"""

import re
import xml.etree.ElementTree as Xml
from fractions import Fraction

from koko_integrations.markers.timeline import UNNAMED, Marker, Timeline, conversation

VERSION = "1.10"
# Final Cut has names for the rates that it edits at.
_NAMES = {
    Fraction(24_000, 1001): "2398",
    Fraction(24): "24",
    Fraction(25): "25",
    Fraction(30_000, 1001): "2997",
    Fraction(30): "30",
    Fraction(50): "50",
    Fraction(60_000, 1001): "5994",
    Fraction(60): "60",
}
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(timeline: Timeline) -> str:
    root = Xml.Element("fcpxml", version=VERSION)
    _add_format(Xml.SubElement(root, "resources"), timeline)
    event = Xml.SubElement(Xml.SubElement(root, "library"), "event", name="Koko")
    project = Xml.SubElement(event, "project", name=_clean(timeline.title))
    duration, start = (_time(timeline.rate.seconds(frames)) for frames in (timeline.frames, timeline.start))
    shape = "DF" if timeline.rate.is_drop_frame else "NDF"
    sequence = Xml.SubElement(
        project, "sequence", {"format": "r1", "duration": duration, "tcStart": start, "tcFormat": shape}
    )
    gap = Xml.SubElement(
        Xml.SubElement(sequence, "spine"), "gap", name="Gap", offset=start, start="0s", duration=duration
    )
    for markers in timeline.by_frame():
        _add_marker(gap, timeline, markers)
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n{Xml.tostring(root, encoding="unicode")}\n'


def _add_format(resources: Xml.Element, timeline: Timeline) -> None:
    fps = timeline.rate.fps
    name = {"name": f"FFVideoFormat1080p{_NAMES[fps]}"} if fps in _NAMES else {}
    Xml.SubElement(resources, "format", {"id": "r1", **name, "frameDuration": _time(1 / fps), **_SIZE})


# Koko does not know a video's size. A gap has no pictures for it to matter.
_SIZE = {"width": "1920", "height": "1080"}


def _add_marker(gap: Xml.Element, timeline: Timeline, markers: list[Marker]) -> None:
    Xml.SubElement(
        gap,
        "marker",
        start=_time(timeline.rate.seconds(markers[0].frame)),
        duration=_time(1 / timeline.rate.fps),
        value=_clean(markers[0].name) or UNNAMED,
        completed="1" if all(marker.resolved for marker in markers) else "0",
        note=_clean(conversation(markers)),
    )


def _time(seconds: Fraction) -> str:
    whole = seconds.denominator == 1
    return f"{seconds.numerator}s" if whole else f"{seconds.numerator}/{seconds.denominator}s"


def _clean(text: str) -> str:
    """Text that XML can hold: it has no way to write most control characters."""
    return _NOT_XML.sub("", "\n".join(text.splitlines()))
