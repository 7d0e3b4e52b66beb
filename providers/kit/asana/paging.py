"""Asana's lists, page by page."""

from collections.abc import Mapping
from typing import Any

from providers.kit.errors import ProtocolBroken


def is_comment(story: Mapping[str, Any]) -> bool:
    """Whether it is what somebody said: most of a task's story is made by Asana itself."""
    return story.get("resource_subtype") == "comment_added"


def next_offset(body: Mapping[str, Any]) -> str | None:
    """Where the next page is; None after the last. Raises ProtocolBroken."""
    following = body.get("next_page")
    if following is None:
        return None
    offset = following.get("offset") if isinstance(following, dict) else None
    if not isinstance(offset, str) or not offset:
        raise ProtocolBroken("Asana sent a next page without an offset")
    return offset
