"""Koko's comments, with their videos and projects, as mappings and their scripts see them."""

from typing import Any, NamedTuple

import orjson
import peewee

from koko_integrations.database import Statement, param
from koko_integrations.frames import frame_url, project_url, timecode, video_url
from koko_integrations.koko import Comment, Project, User, Video
from koko_integrations.mapping.koko_fields import EntityType
from koko_integrations.rpc.wire import iso

LEFT = peewee.JOIN.LEFT_OUTER
_Resolver = User.alias()
COLUMNS = (
    Comment.id,
    Comment.text,
    Comment.timecode,
    User.name,
    Comment.resolved,
    Comment.resolved_at,
    _Resolver.name,
    Comment.created_at,
    Comment.updated_at,
    Video.id,
    Video.title,
    Video.description,
    Video.tags,
    Video.status,
    Video.duration,
    Video.fps,
    Video.updated_at,
    Project.id,
    Project.name,
    Project.status,
)
"""What `read_record` reads, in its order."""


def joined(query: Any) -> Any:
    """A query of comments with what the columns are of."""
    return (
        query.join(Video, on=(Video.id == Comment.video_id))
        .join(Project, on=(Project.id == Video.project_id))
        .join(User, LEFT, on=(User.id == Comment.author_id))
        .join(_Resolver, LEFT, on=(_Resolver.id == Comment.resolved_by))
    )


ONE = Statement(joined(Comment.select(*COLUMNS)).where(Comment.id == param("comment_id")))
NEWEST = Statement(
    joined(Comment.select(*COLUMNS))
    .where((Project.id == param("project_id")) & Comment.parent_id.is_null())
    .order_by(Comment.created_at.desc(), Comment.id.desc())
    .limit(1)
)

Item = dict[str, Any]


class Record(NamedTuple):
    """One comment and what it belongs to: each with all the fields that can be mapped, None for what there is not."""

    comment: Item
    video: Item
    project: Item

    def of(self, entity_type: EntityType) -> Item:
        found: Item = getattr(self, entity_type)
        return found


def read_record(row: tuple[Any, ...], web_url: str) -> Record:
    """From a row of `COLUMNS`."""
    comment_id, text, at_ms, author, resolved, resolved_at, resolver, created_at, updated_at = row[:9]
    video_id, title, description, tags, video_status, duration_ms, fps, video_updated_at = row[9:17]
    project_id, project_name, project_status = row[17:20]
    project = {
        "id": project_id,
        "name": project_name,
        "status": project_status,
        "url": project_url(web_url, project_id),
    }
    video = {
        "id": video_id,
        "title": title,
        "description": description,
        "tags": _read_tags(tags),
        "status": video_status,
        "duration": _seconds(duration_ms),
        "fps": fps,
        "updatedAt": iso(video_updated_at),
        "url": video_url(web_url, video_id),
        "projectId": project_id,
        "projectName": project_name,
    }
    comment = {
        "id": comment_id,
        "text": text,
        "timecode": None if at_ms is None else timecode(at_ms),
        "timecodeSeconds": _seconds(at_ms),
        "frame": None if at_ms is None or not fps else round(at_ms * fps / 1000),
        "author": author,
        "resolved": bool(resolved),
        "resolvedAt": None if resolved_at is None else iso(resolved_at),
        "resolvedBy": resolver,
        "createdAt": iso(created_at),
        "updatedAt": iso(updated_at),
        "url": frame_url(web_url, video_id, comment_id, at_ms),
        "videoId": video_id,
        "videoTitle": title,
        "projectId": project_id,
        "projectName": project_name,
    }
    return Record(comment, video, project)


SAMPLE = Record(
    comment={
        "id": "comment_sample",
        "text": "Brighter, please",
        "timecode": "1:02.5",
        "timecodeSeconds": 62.5,
        "frame": 1500,
        "author": "Ada",
        "resolved": False,
        "resolvedAt": None,
        "resolvedBy": None,
        "createdAt": "2026-01-31T09:30:00Z",
        "updatedAt": "2026-01-31T09:30:00Z",
        "url": "https://koko.example/videos/video_sample?t=62.5&comment=comment_sample",
        "videoId": "video_sample",
        "videoTitle": "Trailer",
        "projectId": "project_sample",
        "projectName": "Feature film",
    },
    video={
        "id": "video_sample",
        "title": "Trailer",
        "description": "The first cut",
        "tags": ["teaser"],
        "status": "ready",
        "duration": 95,
        "fps": 24.0,
        "updatedAt": "2026-01-31T09:00:00Z",
        "url": "https://koko.example/videos/video_sample",
        "projectId": "project_sample",
        "projectName": "Feature film",
    },
    project={
        "id": "project_sample",
        "name": "Feature film",
        "status": "active",
        "url": "https://koko.example/projects/project_sample",
    },
)
"""What scripts are tried on where a team has no comment yet."""


def _seconds(ms: int | None) -> float | int | None:
    if ms is None:
        return None
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


def _read_tags(encoded: str | None) -> list[str]:
    try:
        found = orjson.loads(encoded or "[]")
    except orjson.JSONDecodeError:
        return []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
