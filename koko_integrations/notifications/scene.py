"""What a notice tells of: a video, where it is, and perhaps a comment on it. Koko's tables say, and where a row is not
there (any more), the event."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import peewee

from koko_integrations.access.projects import OF_TEAM
from koko_integrations.database import Database, Statement, param
from koko_integrations.koko import Comment, Project, User, Video
from koko_integrations.notifications.data import find, look_up, timecode_ms_of, video_id_of

LEFT = peewee.JOIN.LEFT_OUTER
_FIND_VIDEO = Statement(
    Video.select(Video.id, Video.title, Video.fps, Video.project_id, Project.name)
    .join(Project, LEFT, on=(Project.id == Video.project_id))
    .where(Video.id == param("id"))
)
_FIND_VIDEO_OF_TEAM = Statement(
    Video.select(Video.id, Video.title, Video.fps, Video.project_id, Project.name)
    .join(Project, on=(Project.id == Video.project_id))
    .where((Video.id == param("id")) & OF_TEAM)
)
_FIND_COMMENT = Statement(
    Comment.select(
        Comment.id,
        Comment.video_id,
        Comment.text,
        Comment.timecode,
        Comment.parent_id,
        Comment.resolved_by,
        User.name,
    )
    .join(User, LEFT, on=(User.id == Comment.author_id))
    .where(Comment.id == param("id"))
)
_FIND_PROJECT = Statement(Project.select(Project.name).where(Project.id == param("id")))
_FIND_USER = Statement(User.select(User.name).where(User.id == param("id")))


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A comment, as far as it is known. `timecode_ms` is the position in the video."""

    id: str | None
    words: str | None
    author: str | None
    timecode_ms: int | None
    is_reply: bool
    resolved_by: str | None = None
    """The id of a user."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A video; `fps` is None where it is not known."""

    video_id: str
    video_title: str
    project_name: str | None
    fps: float | None
    remark: Remark | None = None


class SceneReader:
    """Reads scenes from Koko's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_event(self, project_id: str | None, data: Mapping[str, Any]) -> Scene | None:
        """What an event is about; None where it does not say which video."""
        told = find(data, "comment.id", "commentId")
        comment = None if told is None else await self._database.read_one(_FIND_COMMENT, id=told)
        video_id = video_id_of(data) or (None if comment is None else str(comment[1]))
        if video_id is None:
            return None
        video = await self._database.read_one(_FIND_VIDEO, id=video_id)
        # An event is of one project: what is in another is not its to tell.
        if video is not None and project_id not in (None, video[3]):
            video = comment = None
        if comment is not None and comment[1] != video_id:
            comment = None
        scene = _scene(video) if video is not None else await self._told(video_id, project_id, data)
        remark = _remark(comment) if comment is not None else _told_remark(told, data)
        return replace(scene, remark=remark)

    async def of_team(self, team_id: str, video_id: str, comment_id: str | None = None) -> Scene | None:
        """A video of one of the team's projects, with a comment of its own where there is such; None for others."""
        video = await self._database.read_one(_FIND_VIDEO_OF_TEAM, id=video_id, team_id=team_id)
        if video is None:
            return None
        comment = None if comment_id is None else await self._database.read_one(_FIND_COMMENT, id=comment_id)
        remark = None if comment is None or comment[1] != video_id else _remark(comment)
        return replace(_scene(video), remark=remark)

    async def name_of(self, user_id: str | None) -> str | None:
        """What a user is called."""
        row = None if user_id is None else await self._database.read_one(_FIND_USER, id=user_id)
        return None if row is None else str(row[0])

    async def named(self, data: Mapping[str, Any], *paths: str) -> str | None:
        """Who is at one of these paths of an event: an object with a name or an id, or an id alone."""
        for path in paths:
            name = find(data, f"{path}.name") or await self.name_of(find(data, f"{path}.id", path))
            if name is not None:
                return name
        return None

    async def _told(self, video_id: str, project_id: str | None, data: Mapping[str, Any]) -> Scene:
        row = None if project_id is None else await self._database.read_one(_FIND_PROJECT, id=project_id)
        return Scene(
            video_id=video_id,
            video_title=find(data, "video.title", "video.name", "comment.videoTitle", "videoTitle") or "a video",
            project_name=find(data, "project.name", "video.projectName") if row is None else row[0],
            fps=None,
        )


def _scene(row: tuple[Any, ...]) -> Scene:
    video_id, title, fps, _, project_name = row
    return Scene(video_id=video_id, video_title=title or "a video", project_name=project_name, fps=fps)


def _remark(row: tuple[Any, ...]) -> Remark:
    comment_id, _, words, timecode, parent_id, resolved_by, author = row
    return Remark(
        id=comment_id,
        words=words,
        author=author,
        timecode_ms=timecode,
        is_reply=parent_id is not None,
        resolved_by=resolved_by,
    )


def _told_remark(comment_id: str | None, data: Mapping[str, Any]) -> Remark | None:
    if not isinstance(look_up(data, "comment"), Mapping):
        return None
    return Remark(
        id=comment_id,
        words=find(data, "comment.content", "comment.text"),
        author=find(data, "comment.author.name", "comment.authorName"),
        timecode_ms=timecode_ms_of(data),
        is_reply=find(data, "comment.parentId") is not None,
    )
