"""A team with a video, a panel that is connected to it, and comments to export."""

import json
from typing import Any

import pytest

from tests.conftest import TEAM, People
from tests.service import Service

VIDEO = "video-1"


class Panel:
    """Koko's panel in Premiere, with its own key."""

    def __init__(self, service: Service, people: People) -> None:
        self.service = service
        connected = service.call("integration.connect", {"teamId": TEAM, "provider": "premiere"}, token=people.admin)
        self.integration_id: str = connected["integration"]["id"]
        self.key: str = connected["apiKey"]
        service.rows.insert("project", id="p1", name="Film", owner_id="owner", status="active")
        self.add_video(VIDEO, "p1", fps=25.0)
        self._comments = 0

    def add_video(self, video_id: str, project_id: str, **columns: Any) -> None:
        row = {"title": "Trailer", "status": "ready", "duration": 95_000, "updated_at": 0} | columns
        self.service.rows.insert("video", id=video_id, project_id=project_id, **row)

    def say(self, text: str, ms: int | None = 0, **columns: Any) -> str:
        """A comment of the member's, a second after the one before."""
        self._comments += 1
        at = self.service.clock.now + 1000 * self._comments
        row = {"id": f"c{self._comments}", "author_id": "member", "resolved": 0, "created_at": at, "updated_at": at}
        row |= columns
        self.service.rows.insert("comment", video_id=VIDEO, text=text, timecode=ms, **row)
        return str(row["id"])

    def set_fps(self, fps: float | None) -> None:
        self.service.rows.query("UPDATE video SET fps = ? WHERE id = ?", fps, VIDEO)

    def export(self, *, token: str | None = None, **params: Any) -> dict[str, Any]:
        sent = {"integrationId": self.integration_id, "videoId": VIDEO, "format": "json"} | params
        found: dict[str, Any] = self.service.call("integration.exportMarkers", sent, token=token or self.key)
        return found

    def content(self, format: str, **params: Any) -> str:
        return str(self.export(format=format, **params)["content"])

    def markers(self, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.content("json", **params))["markers"]
        return found


@pytest.fixture
def panel(service: Service, people: People) -> Panel:
    return Panel(service, people)
