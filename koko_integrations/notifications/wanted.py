"""Which events a channel is told of: notifyOn's three words, and what belongs to each."""

from collections.abc import Mapping
from typing import Any

from koko_integrations.notifications.data import find, video_id_of
from providers.kit.base import Provider
from providers.kit.notices import Notifies

WORDS = {
    "comment.created": "comment",
    "comment.reply": "comment",
    "comment.resolved": "comment",
    "approval.requested": "approval",
    "approval.completed": "approval",
    "video.created": "upload",
    "video.uploaded": "upload",
}
"""The word of notifyOn that an event type belongs to; types that no channel is told of are not here."""


def wants(provider: Provider, config: Mapping[str, Any], event_type: str) -> bool:
    """Whether an integration's channel is to be told. Without notifyOn it is told of everything in `WORDS`; without a
    channel, where one has to be chosen, of nothing."""
    if not isinstance(provider, Notifies) or not provider.has_channel(config):
        return False
    word = WORDS.get(event_type)
    notify_on = config.get("notifyOn")
    return word is not None and (notify_on is None or word in notify_on)


def subject_of(event_type: str, data: Mapping[str, Any]) -> str | None:
    """What an event is about, where a channel is told of that only once however many events there are: a video that
    was created and uploaded, a comment that was created as a reply. To be told apart by channel. None for others."""
    if event_type in ("video.created", "video.uploaded"):
        video_id = video_id_of(data)
        return None if video_id is None else f"upload:{video_id}"
    if event_type in ("comment.created", "comment.reply"):
        comment_id = find(data, "comment.id", "commentId")
        return None if comment_id is None else f"comment:{comment_id}"
    return None
