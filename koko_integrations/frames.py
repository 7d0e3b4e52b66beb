"""Addresses in Koko's web client, and positions in a video as people read them."""

from urllib.parse import quote


def project_url(web_url: str, project_id: str) -> str:
    return f"{web_url}/projects/{quote(project_id, safe='')}"


def video_url(web_url: str, video_id: str, timecode_ms: int | None = None, comment_id: str | None = None) -> str:
    """Where a video is: at a position, with a comment open."""
    query = [] if timecode_ms is None else [f"t={timecode_ms / 1000:g}"]
    if comment_id is not None:
        query.append(f"comment={quote(comment_id, safe='')}")
    return f"{web_url}/videos/{quote(video_id, safe='')}{'?' if query else ''}{'&'.join(query)}"


def frame_url(web_url: str, video_id: str, comment_id: str, timecode_ms: int | None) -> str:
    """Where a comment is: the video, at the frame."""
    return video_url(web_url, video_id, timecode_ms, comment_id)


def timecode(ms: int) -> str:
    """1:02:03.5, without what is zero at either end."""
    seconds, rest = divmod(ms, 1000)
    hours, minutes = divmod(seconds // 60, 60)
    shown = f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"
    return f"{shown}.{rest:03d}".rstrip("0") if rest else shown
