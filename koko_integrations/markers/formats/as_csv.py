"""CSV. Source: RFC 4180; owasp.org, CSV injection: a cell that a spreadsheet would run begins with an apostrophe."""

import csv
import io

from koko_integrations.markers.timeline import Marker, Timeline
from koko_integrations.rpc.wire import iso

COLUMNS = (
    "Timecode", "Frame", "Seconds", "Name", "Comment", "Author", "Resolved", "Whole video", "Replies", "Created", "Id",
)  # fmt: skip
# With those of full width, which some spreadsheets read as the others.
_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write(timeline: Timeline) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_inert(cell) for cell in _cells(timeline, marker)] for marker in timeline.markers)
    return out.getvalue()


def _cells(timeline: Timeline, marker: Marker) -> tuple[str, ...]:
    return (
        timeline.timecode(marker.frame),
        str(marker.frame),
        f"{timeline.rate.seconds_inside(marker.frame):.6f}",
        marker.name,
        marker.said.text,
        marker.said.author,
        "yes" if marker.resolved else "no",
        "yes" if marker.is_about_whole else "no",
        "\n".join(f"{reply.author}: {reply.text}" for reply in marker.replies),
        iso(marker.said.created_at),
        marker.said.id,
    )


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RUN) else cell
