"""The events of Koko: the API document's first, then those that the Webhooks document adds."""

import re
from collections.abc import Iterable

DOCUMENTED = (
    "video.created",
    "video.updated",
    "video.deleted",
    "comment.created",
    "comment.resolved",
    "approval.requested",
    "approval.completed",
)
ADDED = (
    "video.uploaded",
    "video.processing",
    "video.ready",
    "video.failed",
    "comment.updated",
    "comment.deleted",
    "comment.reply",
)
EVENT_TYPES = (*DOCUMENTED, *ADDED)
OF_PROJECTS_AND_TEAMS = re.compile(r"(?:project|team)\.[a-z][a-zA-Z_.]{0,63}")
"""koko.md names these two families by `project.*` and `team.*` alone."""


FAMILIES = ("project.*", "team.*")
SUBSCRIBABLE = (*EVENT_TYPES, *FAMILIES)
"""What a webhook or a hook can ask for: a type, or a whole family."""


def is_subscribed(asked: Iterable[str], event_type: str) -> bool:
    """Whether one of those asked for is this type, or its family."""
    family = event_type.partition(".")[0] + ".*"
    return any(one in (event_type, family) for one in asked)


def is_event_type(text: str) -> bool:
    """Whether Koko publishes such events."""
    return text in EVENT_TYPES or OF_PROJECTS_AND_TEAMS.fullmatch(text) is not None
