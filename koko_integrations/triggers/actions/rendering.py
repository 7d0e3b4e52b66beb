"""Texts of actions, from their templates."""

from collections.abc import Mapping

from koko_integrations import frames
from koko_integrations.notifications.data import timecode_ms_of
from koko_integrations.triggers.actions.action import Scene
from koko_integrations.triggers.occasion import Occasion
from koko_integrations.triggers.templates import compile_template

TITLE_MAX_CHARS = 200
TITLES = {
    "comment": "Comment on “{{ video.title | default('a video') }}”",
    "video": "“{{ video.title | default('A video') }}”",
    "approval": "Approval of “{{ video.title | default('a video') }}”",
}
WORDS = {
    "comment": "{{ comment.content }}",
    "video": "{{ video.description }}",
    "approval": "{{ approval.status }}",
}


def render(scene: Scene, source: str) -> tuple[str, list[str]]:
    """The text, and the names in vain."""
    template = compile_template(source)
    return template.render(scene.view), template.missing(scene.view)


def render_line(scene: Scene, source: str) -> tuple[str, list[str]]:
    """As one line, cut to fit."""
    text, missing = render(scene, source)
    line = " ".join(text.split())
    return (line if len(line) <= TITLE_MAX_CHARS else line[: TITLE_MAX_CHARS - 1].rstrip() + "…"), missing


def usual(of: Mapping[str, str], event_type: str) -> str:
    """The template where a configuration has none."""
    return of.get(event_type.partition(".")[0], "{{ event.type }}")


def video_url(web_url: str, occasion: Occasion) -> str:
    """Where the video is in Koko, at the comment's frame; Koko itself for an event without one."""
    if occasion.video_id is None:
        return web_url
    return frames.video_url(web_url, occasion.video_id, timecode_ms_of(occasion.data))
