"""hook.createComment"""

from typing import Any

from koko_integrations.access.rules import KeyAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Id, Input, Nested, Number, Output, Text, Timestamp
from koko_integrations.rpc.procedure import mutation
from koko_integrations.tools.commenting import NewComment

TIMECODE_MAX_S = 1_000_000


class CreateCommentInput(Input):
    """`timecode` is in seconds; `parentId` is the comment to reply to. `requestId` is the caller's own: what is asked
    for again under the same one is not made again."""

    videoId = Id(required=True)
    text = Text(min_chars=1, required=True)
    timecode = Number(minimum=0, maximum=TIMECODE_MAX_S)
    parentId = Id()
    requestId = Id()


class Author(Output):
    id = Id(required=True)
    name = Text(required=True)


class CreatedComment(Output):
    id = Id(required=True)
    videoId = Id(required=True)
    content = Text(required=True)
    timecode = Number()
    parentId = Id()
    author = Nested(Author(), required=True)
    createdAt = Timestamp(required=True)


class CreateCommentOutput(Output):
    comment = Nested(CreatedComment(), required=True)


@mutation(CreateCommentInput, CreateCommentOutput, KeyAccess())
async def create_comment(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Comments on a video of the team's, in the name of who connected the tool."""
    timecode = params.get("timecode")
    wanted = NewComment(
        video_id=params["videoId"],
        text=params["text"],
        timecode_ms=None if timecode is None else round(timecode * 1000),
        parent_id=params.get("parentId"),
    )
    return {"comment": await call.app.commenter.comment(call.integration, wanted, params.get("requestId"))}
