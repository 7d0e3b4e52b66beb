"""`integration.exportMarkers`: a video's comments as a file that an editor reads."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from koko_integrations.assets.names import safe_name
from koko_integrations.database import Database
from koko_integrations.errors import BadRequest, NotFound, PayloadTooLarge, PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.markers.comments import COMMENTS, FIND_VIDEO, MOST_COMMENTS, Said, to_markers
from koko_integrations.markers.formats import as_csv, as_edl, as_fcpxml, as_json
from koko_integrations.markers.rate import Rate, read_rate
from koko_integrations.markers.timecode import from_timecode
from koko_integrations.markers.timeline import Timeline
from koko_integrations.registry import Registry
from providers.kit.base import CallsKoko


@dataclass(frozen=True, slots=True)
class Format:
    """How markers are written."""

    write: Callable[[Timeline], str]
    content_type: str


FORMATS = {
    "json": Format(as_json.write, "application/json"),
    "csv": Format(as_csv.write, "text/csv; charset=utf-8"),
    "edl": Format(as_edl.write, "text/plain; charset=utf-8"),
    "fcpxml": Format(as_fcpxml.write, "application/xml"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export. `fps` is the rate of the editor's timeline, where it is not the video's."""

    video_id: str
    format: str
    fps: float | None
    start_timecode: str
    include_resolved: bool


@dataclass(frozen=True, slots=True)
class Exported:
    """A file."""

    file_name: str
    content_type: str
    content: str


class MarkerExporter:
    """Reads comments, and writes them in an editor's words."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    async def export(self, integration: Integration, wanted: Wanted) -> Exported:
        """Raises BadRequest for a provider that does not call Koko and for a timecode that there is not, NotFound for
        a video that is not the team's, PreconditionFailed where nothing is connected or the frame rate is not known,
        PayloadTooLarge for more comments than an editor would want."""
        self._require_caller(integration)
        found = await self._database.read_long(FIND_VIDEO, video_id=wanted.video_id, team_id=integration.team_id)
        if not found:
            raise NotFound("Video not found")
        video_id, title, duration_ms, fps = found[0]
        rate = _rate(wanted.fps, fps)
        start = _start(rate, wanted.start_timecode)
        rows = await self._database.read_long(COMMENTS, video_id=video_id)
        if len(rows) > MOST_COMMENTS:
            raise PayloadTooLarge(f"This video has more than {MOST_COMMENTS} comments")

        def write() -> str:
            markers = to_markers(map(Said._make, rows), rate)
            if not wanted.include_resolved:
                markers = tuple(marker for marker in markers if not marker.resolved)
            last = max((marker.frame for marker in markers), default=0)
            frames = max(math.ceil((duration_ms or 0) * rate.fps / 1000), last + 1)
            return FORMATS[wanted.format].write(Timeline(video_id, title, rate, start, frames, markers))

        # Thousands of comments take longer to write than other callers should wait.
        content = await asyncio.to_thread(write)
        name = f"{safe_name(title, 'Video')[:200].rstrip()} markers.{wanted.format}"
        return Exported(name, FORMATS[wanted.format].content_type, content)

    def _require_caller(self, integration: Integration) -> None:
        name = integration.provider_name
        if not isinstance(self._registry.find(integration.provider), CallsKoko):
            callers = ", ".join(sorted(one.manifest.name for one in self._registry if isinstance(one, CallsKoko)))
            raise BadRequest.field("integrationId", f"{name} reads no markers; these do: {callers}")
        if integration.status != "connected":
            raise PreconditionFailed(f"{name} is not connected; connect it first")


def _rate(given: float | None, of_video: float | None) -> Rate:
    fps = of_video if given is None else given
    if fps is None:
        raise _no_rate("Koko does not know the frame rate of this video: say that of your timeline")
    try:
        return read_rate(fps)
    except ValueError:
        raise _no_rate(f"The frame rate of this video cannot be {fps:g}: say that of your timeline") from None


def _no_rate(problem: str) -> PreconditionFailed:
    return PreconditionFailed(f"fps: {problem}", fields={"fps": [problem]})


def _start(rate: Rate, label: str) -> int:
    try:
        return from_timecode(rate, label)
    except ValueError as problem:
        raise BadRequest.field("startTimecode", str(problem)) from None
