"""How a Koko comment reads at a provider, and how it is read back.

A task's text is the comment's, then a line that says who and where, then the link to the frame. The link names the
comment, so it is also how our own items are recognised.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from koko_integrations import frames

TITLE_MAX_CHARS = 120
SIGN = "— "


@dataclass(frozen=True, slots=True)
class KokoComment:
    """A comment with what surrounds it. Times are epoch ms; `timecode_ms` is the position in the video."""

    id: str
    text: str
    timecode_ms: int | None
    parent_id: str | None
    resolved: bool
    updated_at: int
    video_id: str
    video_title: str
    author: str


def title_of(comment: KokoComment) -> str:
    """The first line, cut to fit."""
    first = next((line.strip() for line in comment.text.splitlines() if line.strip()), "")
    first = " ".join(first.split())
    if not first:
        return f"Comment on {comment.video_title}"[:TITLE_MAX_CHARS]
    return first if len(first) <= TITLE_MAX_CHARS else first[: TITLE_MAX_CHARS - 1].rstrip() + "…"


def frame_url(web_url: str, comment: KokoComment) -> str:
    """Where the comment is in Koko: the video, at the frame."""
    return frames.frame_url(web_url, comment.video_id, comment.id, comment.timecode_ms)


def compose(comment: KokoComment, url: str) -> str:
    """The whole text of the task, or of the comment on it."""
    at = "" if comment.timecode_ms is None else f" at {frames.timecode(comment.timecode_ms)}"
    return f"{comment.text.rstrip()}\n\n{SIGN}{comment.author} in Koko{at}, “{comment.video_title}”\n{url}"


def koko_id_in(text: str, web_url: str) -> str | None:
    """The comment that a text of ours is about: by the last link of ours in it."""
    found = re.findall(rf"{re.escape(web_url)}/videos/[^\s?]+\?(?:t=[\d.e+]+&)?comment=([^\s&)\]>\"]+)", text)
    return unquote(found[-1]) if found else None


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but the white space at the ends of lines, which providers do not keep."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def read_back(text: str, koko_id: str, web_url: str) -> str | None:
    """The comment's own words in a text that `compose` made and somebody may have edited; None when our link is gone,
    and with it the way to tell the words from the rest."""
    lines = text.splitlines()
    for position in range(len(lines) - 1, -1, -1):
        if koko_id_in(lines[position], web_url) == koko_id:
            kept = lines[:position]
            while kept and not kept[-1].strip():
                kept.pop()
            if kept and kept[-1].startswith(SIGN):
                kept.pop()
            return "\n".join(kept).rstrip()
    return None
