"""Paths of URLs that are made of what somebody named: a mapped project, a folder."""

from urllib.parse import quote

from providers.kit.errors import Missing


def segment(name: str) -> str:
    """One segment of a path. Raises Missing for a name that would lead to another place than below the one before."""
    if name in ("", ".", ".."):
        raise Missing(f"Nothing is named {name!r}")
    return quote(name, safe="")


def is_plain(path: str) -> bool:
    """Whether a path that somebody wrote stays where it is put in a URL."""
    return not {".", ".."} & set(path.split("/"))


def segments(path: str) -> str:
    """A path that somebody wrote, as it is. Raises Missing for one that would lead elsewhere."""
    return "/".join(map(segment, path.split("/")))
