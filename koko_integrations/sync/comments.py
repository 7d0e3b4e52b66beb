"""Koko's comments as the push sees them, and the changes of theirs that come back."""

from typing import Any, NamedTuple

import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.ids import new_id
from koko_integrations.koko import Comment, User, Video
from koko_integrations.models import SyncedItem, SyncLink
from koko_integrations.sync import links
from koko_integrations.sync.links import Link
from koko_integrations.sync.wording import KokoComment

PAGE = 100
LEFT = peewee.JOIN.LEFT_OUTER
LINK_END = 10 + len(links.COLUMNS)
"""Where the columns of the link end in a row, behind those of the comment."""

_COMMENT = (
    Comment.id,
    Comment.text,
    Comment.timecode,
    Comment.parent_id,
    Comment.resolved,
    Comment.updated_at,
    Comment.created_at,
    Video.id,
    Video.title,
    User.name,
)
_Parent = SyncLink.alias()
_OUR_LINK = (SyncLink.koko_id == Comment.id) & (SyncLink.integration_id == param("integration_id"))
_DIFFERS = (SyncLink.origin == "koko") & (
    (SyncLink.base_text != Comment.text) | (SyncLink.base_done != Comment.resolved)
)
# A comment stays with the task that it has, wherever its project is mapped to since.
_LINKED_HERE = (SyncLink.state == "linked") & (SyncLink.container == param("container"))
# What was being made where nothing is mapped any more cannot be looked for there: it is made here.
_LEFT_ELSEWHERE = (SyncLink.state == "creating") & (SyncLink.container != param("container"))
_TO_DO = SyncLink.koko_id.is_null() | _LEFT_ELSEWHERE | (_LINKED_HERE & ((SyncLink.external_changed == 1) | _DIFFERS))
_AFTER = (Comment.created_at > param("after_at")) | (
    (Comment.created_at == param("after_at")) & (Comment.id > param("after_id"))
)


def _candidates(query: Any) -> Any:
    return (
        query.join(Video, on=(Video.id == Comment.video_id))
        .join(User, LEFT, on=(User.id == Comment.author_id))
        .join(SyncLink, LEFT, on=_OUR_LINK)
    )


TASKS_TO_DO = Statement(
    _candidates(Comment.select(*_COMMENT, *links.COLUMNS))
    .where((Video.project_id == param("project_id")) & Comment.parent_id.is_null() & _TO_DO & _AFTER)
    .order_by(Comment.created_at, Comment.id)
    .limit(PAGE)
)
REPLIES_TO_DO = Statement(
    _candidates(Comment.select(*_COMMENT, *links.COLUMNS, _Parent.entity, _Parent.external_id, _Parent.parent_id))
    .join(
        _Parent,
        on=(
            (_Parent.koko_id == Comment.parent_id)
            & (_Parent.integration_id == param("integration_id"))
            & (_Parent.state == "linked")
        ),
    )
    .where((Video.project_id == param("project_id")) & _TO_DO & _AFTER)
    .order_by(Comment.created_at, Comment.id)
    .limit(PAGE)
)
VANISHED = Statement(
    SyncLink.select(*links.COLUMNS)
    .join(Comment, LEFT, on=(Comment.id == SyncLink.koko_id))
    .where(
        (SyncLink.integration_id == param("integration_id"))
        & (SyncLink.container == param("container"))
        & (SyncLink.state == "linked")
        & Comment.id.is_null()
    )
    .limit(PAGE)
)
# What was said at the provider about tasks of ours, and is not in Koko yet.
UNRETURNED = Statement(
    SyncedItem.select(
        SyncedItem.external_id, SyncedItem.content, SyncedItem.parent_id, _Parent.koko_id, Comment.video_id
    )
    .join(
        _Parent,
        on=(
            (_Parent.integration_id == SyncedItem.integration_id)
            & (_Parent.entity == "tasks")
            & (_Parent.external_id == SyncedItem.parent_id)
            & (_Parent.state == "linked")
        ),
    )
    .join(Comment, on=(Comment.id == _Parent.koko_id))
    .join(
        SyncLink,
        LEFT,
        on=(
            (SyncLink.integration_id == SyncedItem.integration_id)
            & (SyncLink.entity == "comments")
            & (SyncLink.external_id == SyncedItem.external_id)
        ),
    )
    .where(
        (SyncedItem.integration_id == param("integration_id"))
        & (SyncedItem.container == param("container"))
        & (SyncedItem.entity == "comments")
        & (SyncedItem.external_id > param("after"))
        & SyncedItem.deleted_at.is_null()
        & SyncLink.koko_id.is_null()
    )
    .order_by(SyncedItem.external_id)
    .limit(PAGE)
)


def _if_changed(column: Any, name: str) -> Any:
    return peewee.Case(None, [(Comment.resolved == param("resolved"), column)], param(name))


_UPDATE = Statement(
    Comment.update(
        {
            Comment.text: param("text"),
            Comment.resolved: param("resolved"),
            Comment.resolved_at: _if_changed(Comment.resolved_at, "resolved_at"),
            Comment.resolved_by: _if_changed(Comment.resolved_by, "resolved_by"),
            Comment.updated_at: param("now"),
        }
    ).where(
        (Comment.id == param("id")) & (Comment.text == param("was_text")) & (Comment.resolved == param("was_resolved"))
    )
)
_INSERT = Statement(
    Comment.insert(
        {
            Comment.id: param("id"),
            Comment.video_id: param("video_id"),
            Comment.author_id: param("author_id"),
            Comment.text: param("text"),
            Comment.timecode: param("timecode"),
            Comment.parent_id: param("parent_id"),
            Comment.resolved: 0,
            Comment.created_at: param("now"),
            Comment.updated_at: param("now"),
        }
    )
)
_DELETE = Statement(Comment.delete().where(Comment.id == param("id")))


class Candidate(NamedTuple):
    """A comment that is not in step, with its link if it has one. `task_id` is the task that a reply belongs to."""

    comment: KokoComment
    created_at: int
    link: Link | None
    task_id: str | None = None


def read_candidate(row: tuple[Any, ...]) -> Candidate:
    """From a row of TASKS_TO_DO or REPLIES_TO_DO."""
    comment_id, text, timecode, parent_id, resolved, updated_at, created_at, video_id, title, author = row[:10]
    comment = KokoComment(
        comment_id, text, timecode, parent_id, bool(resolved), updated_at, video_id, title, author or "Somebody"
    )
    known = row[10:LINK_END]
    link = None if known[0] is None else Link._make(known)
    if link is not None and link.state == "creating":
        link = None
    task_id = None
    if len(row) > LINK_END:
        parent_entity, parent_external_id, parent_task_id = row[LINK_END:]
        task_id = parent_external_id if parent_entity == "tasks" else parent_task_id
    return Candidate(comment, created_at, link, task_id)


def update(tx: Transaction, comment: KokoComment, *, text: str, resolved: bool, by: str | None, now: int) -> bool:
    """Brings the provider's change to Koko, unless somebody changed the comment in the meantime: then False."""
    return (
        tx.change(
            _UPDATE,
            id=comment.id,
            text=text,
            resolved=int(resolved),
            resolved_at=now if resolved else None,
            resolved_by=by if resolved else None,
            was_text=comment.text,
            was_resolved=int(comment.resolved),
            now=now,
        )
        > 0
    )


def add(
    tx: Transaction,
    video_id: str,
    author_id: str,
    text: str,
    *,
    timecode_ms: int | None = None,
    parent_id: str | None = None,
    now: int,
) -> str:
    """A comment in Koko; its id."""
    comment_id = new_id("comment")
    tx.change(
        _INSERT,
        id=comment_id,
        video_id=video_id,
        author_id=author_id,
        text=text,
        timecode=timecode_ms,
        parent_id=parent_id,
        now=now,
    )
    return comment_id


def remove(tx: Transaction, comment_id: str) -> None:
    """Takes back a reply that came from the provider and was deleted there."""
    tx.change(_DELETE, id=comment_id)
