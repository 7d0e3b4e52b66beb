"""`hook.createComment`: a comment in Koko, in the name of who connected the tool."""

from dataclasses import asdict, dataclass
from typing import Any

from koko_integrations.access.projects import PROJECT_IDS_OF_TEAM
from koko_integrations.clock import Clock
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.errors import BadRequest, NotFound
from koko_integrations.integration import Integration
from koko_integrations.journal import write_entry
from koko_integrations.koko import Comment, Video
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import iso, present
from koko_integrations.sync import comments
from koko_integrations.tools.admission import find_author, require_tool
from koko_integrations.tools.repeats import Repeatable

_FIND_VIDEO = Statement(
    Video.select(Video.duration).where((Video.id == param("video_id")) & Video.project_id.in_(PROJECT_IDS_OF_TEAM))
)
_FIND_PARENT = Statement(
    Comment.select(Comment.id).where((Comment.id == param("id")) & (Comment.video_id == param("video_id")))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewComment:
    """What is to be said. `timecode_ms` is where in the video, `parent_id` what it replies to."""

    video_id: str
    text: str
    timecode_ms: int | None
    parent_id: str | None


class Commenter:
    """Writes comments."""

    def __init__(self, clock: Clock, database: Database, registry: Registry) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry

    async def comment(self, tool: Integration, wanted: NewComment, request_id: str | None) -> dict[str, Any]:
        """The comment, as events have it. Raises Forbidden, NotFound, BadRequest, PreconditionFailed, Conflict."""
        require_tool(self._registry, tool)
        if not wanted.text.strip():
            raise BadRequest.field("text", "A comment says something")
        await self._check_place(tool.team_id, wanted)
        author_id, author_name = await find_author(self._database, tool)
        request = Repeatable(tool, request_id, "createComment", asdict(wanted))

        def add(tx: Transaction) -> dict[str, Any]:
            now = self._clock.now_ms()
            known = request.begin(tx, now)
            if known is not None:
                return known
            if wanted.parent_id is not None and (
                tx.row(_FIND_PARENT, id=wanted.parent_id, video_id=wanted.video_id) is None
            ):
                raise BadRequest.field("parentId", "There is no such comment on this video")
            comment_id = comments.add(
                tx,
                wanted.video_id,
                author_id,
                wanted.text,
                timecode_ms=wanted.timecode_ms,
                parent_id=wanted.parent_id,
                now=now,
            )
            made = present(
                id=comment_id,
                videoId=wanted.video_id,
                content=wanted.text,
                timecode=None if wanted.timecode_ms is None else wanted.timecode_ms / 1000,
                parentId=wanted.parent_id,
                author={"id": author_id, "name": author_name},
                createdAt=iso(now),
            )
            told = {
                "action": "create_comment",
                "videoId": wanted.video_id,
                "commentId": comment_id,
                "itemsProcessed": 1,
            }
            write_entry(tx, tool.id, "webhook", "success", told, now)
            request.end(tx, made)
            return made

        return await self._database.write(add)

    async def _check_place(self, team_id: str, wanted: NewComment) -> None:
        row = await self._database.read_one(_FIND_VIDEO, video_id=wanted.video_id, team_id=team_id)
        if row is None:
            raise NotFound("Video not found")
        duration_ms: int | None = row[0]
        if wanted.timecode_ms is not None and duration_ms is not None and wanted.timecode_ms > duration_ms:
            raise BadRequest.field("timecode", f"This video is {duration_ms / 1000:g} seconds long")
