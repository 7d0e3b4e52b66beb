"""Rows about tasks: which comment or video has one, whether the sync or a trigger has made it, and whether Koko still
has the comment. Each function runs in a transaction that its caller has opened."""

from typing import Any, NamedTuple

import peewee

from koko_integrations.access.projects import PROJECT_IDS_OF_TEAM
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.koko import Comment, User, Video
from koko_integrations.models import SyncLink, TriggerTask
from koko_integrations.sync import items, links
from koko_integrations.sync.items import Place
from koko_integrations.sync.wording import KokoComment
from providers.kit.items import Item

FIND_COMMENT = Statement(
    Comment.select(
        Comment.id,
        Comment.text,
        Comment.timecode,
        Comment.parent_id,
        Comment.resolved,
        Comment.updated_at,
        Video.id,
        Video.title,
        User.name,
        Video.project_id,
    )
    .join(Video, on=(Video.id == Comment.video_id))
    .join(User, peewee.JOIN.LEFT_OUTER, on=(User.id == Comment.author_id))
    .where((Comment.id == param("id")) & Video.project_id.in_(PROJECT_IDS_OF_TEAM))
)
FIND_LINK = Statement(
    SyncLink.select(SyncLink.state, SyncLink.entity, SyncLink.container, SyncLink.external_id).where(
        (SyncLink.integration_id == param("integration_id")) & (SyncLink.koko_id == param("koko_id"))
    )
)
OF_TRIGGERS = Statement(
    TriggerTask.select(TriggerTask.container, TriggerTask.external_id)
    .where((TriggerTask.integration_id == param("integration_id")) & (TriggerTask.koko_id == param("koko_id")))
    .order_by(TriggerTask.created_at, TriggerTask.external_id)
)
_KEEP = Statement(
    TriggerTask.insert(
        {
            TriggerTask.integration_id: param("integration_id"),
            TriggerTask.koko_id: param("koko_id"),
            TriggerTask.container: param("container"),
            TriggerTask.external_id: param("external_id"),
            TriggerTask.created_at: param("now"),
        }
    ).on_conflict_ignore()
)


class LinkedTask(NamedTuple):
    """Where a task is."""

    container: str
    external_id: str


class Link(NamedTuple):
    """What the sync's ledger has about a comment."""

    state: str
    entity: str
    container: str
    external_id: str | None


def read_comment(row: tuple[Any, ...]) -> KokoComment:
    """From a row of FIND_COMMENT."""
    comment_id, text, timecode, parent_id, resolved, updated_at, video_id, title, author, _ = row
    return KokoComment(
        comment_id, text, timecode, parent_id, bool(resolved), updated_at, video_id, title, author or "Somebody"
    )


def keep(tx: Transaction, integration_id: str, koko_id: str, container: str, item: Item, now: int) -> None:
    """A trigger has made the task."""
    about = {"integration_id": integration_id, "koko_id": koko_id}
    tx.change(_KEEP, **about, container=container, external_id=item.id, now=now)


def intend_link(
    tx: Transaction, integration_id: str, comment: KokoComment, container: str, title: str, now: int
) -> None:
    """The comment is about to have a task: the sync makes no other meanwhile, and looks for it after a crash."""
    links.intend(
        tx,
        integration_id,
        comment.id,
        "tasks",
        container,
        None,
        title=title,
        text=comment.text,
        done=comment.resolved,
        now=now,
    )


def link(tx: Transaction, integration_id: str, comment: KokoComment, container: str, item: Item, now: int) -> None:
    """The comment has the task: from now on the sync keeps both in step."""
    done = comment.resolved if item.done is None else item.done
    links.link(tx, integration_id, comment.id, item.id)
    links.agree(tx, integration_id, comment.id, title=item.title, text=comment.text, done=done)
    items.apply(tx, Place(integration_id, "tasks", container), [item], 0, 0, now, full=False)


def note_fields(tx: Transaction, integration_id: str, comment_id: str, base: str, seen: str) -> None:
    """What the mapped fields of the comment's task hold: the sync writes them when that has changed."""
    links.set_fields(tx, integration_id, comment_id, base, seen)


def forget(tx: Transaction, integration_id: str, comment_id: str) -> None:
    """The task was certainly not made."""
    links.forget(tx, integration_id, comment_id)
