"""hook.listVideos"""

from typing import Any

from koko_integrations.access.rules import KeyAccess
from koko_integrations.app import Call
from koko_integrations.paging import LIMIT_DEFAULT, LIMIT_MAX, Cursor
from koko_integrations.rpc.fields import Id, Input, ListOf, Nested, Number, Output, Text, Timestamp
from koko_integrations.rpc.procedure import query
from koko_integrations.rpc.wire import present


class ListVideosInput(Input):
    projectId = Id(required=True)
    limit = Number(minimum=1, maximum=LIMIT_MAX, whole=True, load_default=LIMIT_DEFAULT)
    cursor = Text(max_chars=512)


class ListedVideo(Output):
    id = Id(required=True)
    title = Text(required=True)
    status = Text(required=True)
    updatedAt = Timestamp(required=True)


class ListVideosOutput(Output):
    videos = ListOf(Nested(ListedVideo()), required=True)
    nextCursor = Text()


@query(ListVideosInput, ListVideosOutput, KeyAccess())
async def list_videos(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Lists a project's videos, what changed last first."""
    cursor = Cursor.load(params.get("cursor"))
    videos, following = await call.app.choices.videos(call.team_id, params["projectId"], params["limit"], cursor)
    return present(videos=videos, nextCursor=None if following is None else following.dump())
