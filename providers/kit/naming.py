"""Names of files: others for one whose own is taken, and how to speak of them."""

from collections.abc import Iterator

MOST_NAMES = 100
SHOWN_CHARS = 80


def shown(name: str) -> str:
    """For a message."""
    return name if len(name) <= SHOWN_CHARS else f"{name[:SHOWN_CHARS]}…"


def other_names(name: str) -> Iterator[str]:
    """`a (1).mp4`, `a (2).mp4` and so on for `a.mp4`."""
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    for number in range(1, MOST_NAMES + 1):
        yield f"{stem} ({number}){dot}{ending}"
