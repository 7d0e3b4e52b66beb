"""integration.exportMarkers"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.markers.exporting import FORMATS, Wanted
from koko_integrations.markers.rate import FPS_MAX, FPS_MIN
from koko_integrations.rpc.fields import Choice, Flag, Id, Input, Number, Output, Text
from koko_integrations.rpc.procedure import query


class ExportMarkersInput(Input):
    """`fps` is the timeline's, where it is not the video's; `startTimecode` is where the timeline begins."""

    integrationId = Id(required=True)
    videoId = Id(required=True)
    format = Choice(tuple(FORMATS), required=True)
    fps = Number(minimum=FPS_MIN, maximum=FPS_MAX)
    startTimecode = Text(max_chars=16, load_default="00:00:00:00")
    includeResolved = Flag(load_default=True)


class ExportMarkersOutput(Output):
    """A file, for a panel to read or a person to import."""

    format = Choice(tuple(FORMATS), required=True)
    fileName = Text(required=True)
    contentType = Text(required=True)
    content = Text(max_chars=1 << 30, required=True)


@query(ExportMarkersInput, ExportMarkersOutput, IntegrationAccess("member", api_key=True))
async def export_markers(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Writes a video's comments as markers, each on its frame, with the replies to it."""
    wanted = Wanted(
        params["videoId"],
        params["format"],
        params.get("fps"),
        params["startTimecode"],
        params["includeResolved"],
    )
    exported = await call.app.markers.export(call.integration, wanted)
    return {
        "format": wanted.format,
        "fileName": exported.file_name,
        "contentType": exported.content_type,
        "content": exported.content,
    }
