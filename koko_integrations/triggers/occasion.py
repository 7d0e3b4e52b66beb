"""An event as triggers see it: what its publisher said, and what Koko knows of the video that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from koko_integrations.access.projects import PROJECT_IDS_OF_TEAM
from koko_integrations.database import Statement, param
from koko_integrations.koko import Project, Video
from koko_integrations.models import Event
from koko_integrations.rpc.wire import iso, present
from koko_integrations.triggers import paths

FIND_VIDEO = Statement(
    Video.select(Video.title, Video.status, Project.id, Project.name)
    .join(Project, on=(Project.id == Video.project_id))
    .where((Video.id == param("id")) & Project.id.in_(PROJECT_IDS_OF_TEAM))
)
FIND_EVENT = Statement(
    Event.select(Event.id, Event.type, Event.project_id, Event.actor_id, Event.occurred_at, Event.data).where(
        (Event.team_id == param("team_id")) & (Event.id == param("id"))
    )
)
_VIDEO_IDS = (("video", "id"), ("comment", "videoId"), ("approval", "videoId"), ("videoId",))
_COMMENT_IDS = (("comment", "id"), ("commentId",))


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """`id` is None for one that nobody published. `occurred_at` is in epoch ms."""

    id: str | None
    type: str
    team_id: str
    project_id: str | None
    actor_id: str | None
    occurred_at: int
    data: Mapping[str, Any]
    known: Mapping[str, Any] = field(default_factory=dict)
    """The video and its project, from Koko's tables."""

    @property
    def video_id(self) -> str | None:
        return _first(self.data, _VIDEO_IDS)

    @property
    def comment_id(self) -> str | None:
        return _first(self.data, _COMMENT_IDS) if self.type.startswith("comment.") else None

    @property
    def subject(self) -> str:
        """What it is about, for telling a loop: the video, or else the project."""
        return self.video_id or self.project_id or self.type

    @property
    def view(self) -> dict[str, Any]:
        """What conditions and templates look things up in. What the publisher said counts before what Koko knows."""
        view: dict[str, Any] = {"event": self.told(), "data": dict(self.data)} | dict(self.known) | dict(self.data)
        for name, known in self.known.items():
            if isinstance(said := self.data.get(name), dict):
                view[name] = {**known, **said}
        return view

    def told(self) -> dict[str, Any]:
        """The event without its data."""
        return present(
            id=self.id,
            type=self.type,
            timestamp=iso(self.occurred_at),
            projectId=self.project_id,
            actorId=self.actor_id,
        )

    def project_of(self) -> str | None:
        """The project in Koko, as the publisher or the video says."""
        found = paths.look_up(self.view, ("video", "projectId"))
        return self.project_id or (found if isinstance(found, str) else None)


def read_event(row: tuple[Any, ...], team_id: str) -> Occasion:
    """From a row of FIND_EVENT."""
    event_id, event_type, project_id, actor_id, occurred_at, data = row
    return Occasion(
        id=event_id,
        type=event_type,
        team_id=team_id,
        project_id=project_id,
        actor_id=actor_id,
        occurred_at=occurred_at,
        data=orjson.loads(data),
    )


def known_of(video_id: str, row: tuple[Any, ...] | None) -> dict[str, Any]:
    """What a row of FIND_VIDEO tells; nothing for a video that the team does not have."""
    if row is None:
        return {}
    title, status, project_id, project_name = row
    return {
        "video": {"id": video_id, "title": title, "status": status, "projectId": project_id},
        "project": {"id": project_id, "name": project_name},
    }


def _first(data: Mapping[str, Any], places: Sequence[tuple[str, ...]]) -> str | None:
    """PostgreSQL cannot look for a text with U+0000."""
    for place in places:
        found = paths.look_up(data, place)
        if isinstance(found, str) and found and "\0" not in found:
            return found
    return None
