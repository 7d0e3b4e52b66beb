"""A video of a team and what was said about it, as Koko's tables have it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import peewee

from koko_integrations.access.projects import PROJECT_IDS_OF_TEAM
from koko_integrations.database import Statement, param
from koko_integrations.koko import Comment, User, Video
from koko_integrations.markers.rate import Rate
from koko_integrations.markers.timeline import Marker, Remark

MOST_COMMENTS = 20_000

FIND_VIDEO = Statement(
    Video.select(Video.id, Video.title, Video.duration, Video.fps).where(
        (Video.id == param("video_id")) & Video.project_id.in_(PROJECT_IDS_OF_TEAM)
    )
)
# One more than may be, to know that there are more.
COMMENTS = Statement(
    Comment.select(
        Comment.id, Comment.parent_id, Comment.text, Comment.timecode, Comment.resolved, Comment.created_at, User.name
    )
    .join(User, peewee.JOIN.LEFT_OUTER, on=(User.id == Comment.author_id))
    .where(Comment.video_id == param("video_id"))
    .order_by(Comment.created_at, Comment.id)
    .limit(MOST_COMMENTS + 1)
)


class Said(NamedTuple):
    """A row of COMMENTS. `timecode` is in ms; `author` is missing where the user is gone."""

    id: str
    parent_id: str | None
    text: str
    timecode: int | None
    resolved: int
    created_at: int
    author: str | None

    @property
    def remark(self) -> Remark:
        return Remark(self.id, self.author or "Somebody", self.text, self.created_at)


def to_markers(comments: Iterable[Said], rate: Rate) -> tuple[Marker, ...]:
    """A marker for each conversation, by frame and age. Comments come oldest first."""
    by_id = {comment.id: comment for comment in comments}
    first_of = _beginnings(by_id)
    replies: dict[str, list[Remark]] = {}
    for comment in by_id.values():
        if first_of[comment.id] != comment.id:
            replies.setdefault(first_of[comment.id], []).append(comment.remark)
    markers = [
        Marker(
            said=comment.remark,
            frame=0 if comment.timecode is None else rate.frame_at(comment.timecode),
            resolved=bool(comment.resolved),
            is_about_whole=comment.timecode is None,
            replies=tuple(replies.get(comment.id, ())),
        )
        for comment in by_id.values()
        if first_of[comment.id] == comment.id
    ]
    return tuple(sorted(markers, key=lambda marker: marker.frame))


def _beginnings(by_id: Mapping[str, Said]) -> dict[str, str]:
    """For each comment the one that its conversation began with. A reply to what is gone begins one; so does each
    comment of a circle, which Koko does not make."""
    found: dict[str, str] = {}
    for comment_id in by_id:
        path: dict[str, None] = {}
        here = comment_id
        while here not in found and here not in path and (above := by_id[here].parent_id) in by_id:
            path[here] = None
            here = above or here
        if here in path:
            found |= {one: one for one in path}
        else:
            beginning = found.get(here, here)
            found |= dict.fromkeys((*path, here), beginning)
    return found
