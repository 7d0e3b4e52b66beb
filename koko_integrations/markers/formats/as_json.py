"""JSON for Koko's panels. Premiere takes `ticks` (a text, as they are more than a JavaScript number holds), After
Effects `seconds`."""

from fractions import Fraction
from typing import Any

from koko_integrations.markers.timeline import Marker, Remark, Timeline
from koko_integrations.rpc.wire import dump_text, iso


def write(timeline: Timeline) -> str:
    rate = timeline.rate
    return dump_text(
        {
            "video": {"id": timeline.video_id, "title": timeline.title},
            "fps": {**_exact(rate.fps), "dropFrame": rate.is_drop_frame},
            "startTimecode": timeline.timecode(0),
            "durationFrames": timeline.frames,
            "markers": [_marker(timeline, marker) for marker in timeline.markers],
        }
    )


def _marker(timeline: Timeline, marker: Marker) -> dict[str, Any]:
    rate, frame = timeline.rate, marker.frame
    return {
        "name": marker.name,
        **_remark(marker.said),
        "frame": frame,
        "timecode": timeline.timecode(frame),
        "seconds": rate.seconds_inside(frame),
        "secondsExact": _exact(rate.seconds(frame)),
        "ticks": str(rate.ticks(frame)),
        "durationFrames": 1,
        "resolved": marker.resolved,
        "wholeVideo": marker.is_about_whole,
        "replies": [_remark(reply) for reply in marker.replies],
    }


def _remark(said: Remark) -> dict[str, Any]:
    return {"id": said.id, "comment": said.text, "author": said.author, "createdAt": iso(said.created_at)}


def _exact(number: Fraction) -> dict[str, int]:
    return {"numerator": number.numerator, "denominator": number.denominator}
