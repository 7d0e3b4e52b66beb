"""What every format is written from: a video's comments, each on its frame."""

from dataclasses import dataclass
from itertools import groupby

from koko_integrations.markers.rate import Rate
from koko_integrations.markers.timecode import to_timecode

NAME_MAX_CHARS = 80
UNNAMED = "Comment"


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody said. `created_at` is epoch ms."""

    id: str
    author: str
    text: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Marker:
    """A comment with its replies, the oldest first, on a frame counted from 0.

    One that is about the whole video is on the first frame.
    """

    said: Remark
    frame: int
    resolved: bool
    is_about_whole: bool
    replies: tuple[Remark, ...] = ()

    @property
    def name(self) -> str:
        """The first line, cut to fit."""
        first = next((line for line in self.said.text.splitlines() if line.strip()), UNNAMED)
        words = " ".join(first.split())
        return words if len(words) <= NAME_MAX_CHARS else words[: NAME_MAX_CHARS - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Timeline:
    """A video and its markers by frame. `start` is how many frames into the day its timecode begins."""

    video_id: str
    title: str
    rate: Rate
    start: int
    frames: int
    markers: tuple[Marker, ...]

    def timecode(self, frame: int) -> str:
        return to_timecode(self.rate, self.start + frame)

    def by_frame(self) -> list[list[Marker]]:
        """The markers of each frame together: an editor keeps one a frame, and would lose the others."""
        return [list(found) for _, found in groupby(self.markers, key=lambda one: one.frame)]


def conversation(markers: list[Marker]) -> str:
    """All that was said at a frame, one remark to a line or more."""
    return "\n".join(
        line
        for marker in markers
        for line in (
            f"From {marker.said.author}: {marker.said.text.strip()}",
            *(f"{reply.author} replied: {reply.text.strip()}" for reply in marker.replies),
        )
    )
