"""The events of Koko: the API document's first, then those that the Webhooks document adds."""

import re

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


def is_event_type(text: str) -> bool:
    """Whether Koko publishes such events."""
    return text in EVENT_TYPES or OF_PROJECTS_AND_TEAMS.fullmatch(text) is not None
