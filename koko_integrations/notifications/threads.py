"""Which message in a channel is the one that the others about a video are replies to."""

from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.models import NotificationThread

_THIS = (
    (NotificationThread.integration_id == param("integration_id"))
    & (NotificationThread.channel_id == param("channel_id"))
    & (NotificationThread.video_id == param("video_id"))
)
_FIND = Statement(NotificationThread.select(NotificationThread.thread).where(_THIS))
_ADD = Statement(
    NotificationThread.insert(
        {
            NotificationThread.integration_id: param("integration_id"),
            NotificationThread.channel_id: param("channel_id"),
            NotificationThread.video_id: param("video_id"),
            NotificationThread.thread: param("thread"),
            NotificationThread.created_at: param("now"),
        }
    ).on_conflict(
        conflict_target=[
            NotificationThread.integration_id,
            NotificationThread.channel_id,
            NotificationThread.video_id,
        ],
        action="IGNORE",
    )
)
_REMOVE = Statement(NotificationThread.delete().where(_THIS & (NotificationThread.thread == param("thread"))))

Place = tuple[str, str, str]
"""Integration, channel ("" where the connection is a channel's own address), video."""


def _arguments(place: Place) -> dict[str, str]:
    return dict(zip(("integration_id", "channel_id", "video_id"), place, strict=True))


async def find_thread(database: Database, place: Place) -> str | None:
    row = await database.read_one(_FIND, **_arguments(place))
    return None if row is None else str(row[0])


def begin_thread(tx: Transaction, place: Place, thread: str, *, gone: str | None, now: int) -> None:
    """The first message of a video begins its thread; one that begins it again takes the place of a thread that is
    `gone`."""
    if gone is not None:
        tx.change(_REMOVE, thread=gone, **_arguments(place))
    tx.change(_ADD, thread=thread, now=now, **_arguments(place))
