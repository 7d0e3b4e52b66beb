"""How a channel is told: one table of titles, and the facts of each kind of event."""

from collections.abc import Mapping
from typing import Any

from koko_integrations.frames import timecode, video_url
from koko_integrations.notifications.data import find
from koko_integrations.notifications.scene import Remark, Scene, SceneReader
from providers.kit.notices import Notice

TITLES = {
    "comment.created": "New comment on {video}",
    "comment.reply": "New reply on {video}",
    "comment.resolved": "Comment resolved on {video}",
    "approval.requested": "Approval requested for {video}",
    "approval.completed": "Approval completed for {video}",
    "video.created": "New upload: {video}",
    "video.uploaded": "New upload: {video}",
}
SHARED = "{who} shared {video}"
AT_THE_FRAME = "Open the frame in Koko"
IN_KOKO = "Open in Koko"
KOKO = "Koko"
"""Who shares where no user does."""
_UNKNOWN = Remark(id=None, words=None, author=None, timecode_ms=None, is_reply=False)

Facts = list[tuple[str, str | None]]


class NoticeMaker:
    """Puts into words what happened."""

    def __init__(self, scenes: SceneReader, web_url: str) -> None:
        self._scenes = scenes
        self._web_url = web_url

    async def of_event(self, event_type: str, scene: Scene, data: Mapping[str, Any], actor_id: str | None) -> Notice:
        """What a channel is told of an event whose type is in `TITLES`."""
        if event_type.startswith("comment."):
            return await self._of_comment(event_type, scene, data, actor_id)
        if event_type.startswith("approval."):
            return await self._of_approval(event_type, scene, data, actor_id)
        uploader = await self._scenes.named(data, "video.uploadedBy", "video.createdBy", "video.author")
        facts: Facts = [("Uploaded by", uploader or await self._scenes.name_of(actor_id))]
        return self._notice(TITLES[event_type], scene, facts=facts)

    async def of_sharing(self, scene: Scene, sharer_id: str | None, message: str | None) -> Notice:
        """A video that somebody shows to a channel."""
        who = await self._scenes.name_of(sharer_id) or KOKO
        return self._notice(SHARED.replace("{who}", who), scene, words=message)

    def of_link(self, scene: Scene, timecode_ms: int | None) -> Notice:
        """What is behind a link: the comment where it names one, or else the place in the video."""
        if scene.remark is not None:
            return self._notice("Comment on {video}", scene, words=scene.remark.words, facts=_author(scene.remark))
        return self._notice("{video}", scene, at_ms=timecode_ms)

    async def _of_comment(self, event_type: str, scene: Scene, data: Mapping[str, Any], actor_id: str | None) -> Notice:
        remark = scene.remark or _UNKNOWN
        if event_type == "comment.created" and remark.is_reply:
            event_type = "comment.reply"
        author = remark.author or await self._scenes.named(data, "comment.author", "comment.authorId")
        facts: Facts = [("Author", author)]
        if event_type == "comment.resolved":
            resolver = await self._scenes.named(data, "comment.resolvedBy", "resolvedBy")
            resolver = resolver or await self._scenes.name_of(remark.resolved_by or actor_id)
            facts.append(("Resolved by", resolver))
        elif author is None:
            facts = [("Author", await self._scenes.name_of(actor_id))]
        return self._notice(TITLES[event_type], scene, words=remark.words, facts=facts)

    async def _of_approval(
        self, event_type: str, scene: Scene, data: Mapping[str, Any], actor_id: str | None
    ) -> Notice:
        facts: Facts
        if event_type == "approval.requested":
            requester = await self._scenes.named(data, "approval.requestedBy", "approval.requester")
            facts = [("Requested by", requester or await self._scenes.name_of(actor_id))]
        else:
            names = ("completedBy", "reviewedBy", "approvedBy", "decidedBy", "reviewer")
            decider = await self._scenes.named(data, *(f"approval.{name}" for name in names))
            status = find(data, "approval.status", "approval.decision")
            facts = [
                ("Decision", None if status is None else status.replace("_", " ").capitalize()),
                ("Decided by", decider or await self._scenes.name_of(actor_id)),
            ]
        words = find(data, "approval.message", "approval.comment", "approval.note", "approval.feedback")
        return self._notice(TITLES[event_type], scene, words=words, facts=facts)

    def _notice(
        self,
        title: str,
        scene: Scene,
        *,
        words: str | None = None,
        facts: Facts | None = None,
        at_ms: int | None = None,
    ) -> Notice:
        remark = scene.remark
        at_ms = at_ms if remark is None else remark.timecode_ms
        shown: Facts = [
            ("Project", scene.project_name),
            ("Video", scene.video_title),
            *(facts or []),
            ("Timecode", None if at_ms is None else _position(at_ms, scene.fps)),
        ]
        return Notice(
            title=title.replace("{video}", scene.video_title),
            about=scene.video_title,
            words=words,
            facts=tuple((label, value) for label, value in shown if value is not None),
            link_url=video_url(self._web_url, scene.video_id, at_ms, None if remark is None else remark.id),
            link_label=IN_KOKO if at_ms is None else AT_THE_FRAME,
        )


def _author(remark: Remark) -> Facts:
    return [("Author", remark.author)]


def _position(at_ms: int, fps: float | None) -> str:
    """1:02:03.5, and the number of the frame, from 0, where the rate is known. Koko keeps whole milliseconds, which
    may lie up to one before the frame's own beginning."""
    if not fps or fps <= 0:
        return timecode(at_ms)
    return f"{timecode(at_ms)} (frame {int((at_ms + 1) * fps / 1000)})"
