"""A team with a mapped project, more videos than a page holds, and two tools: one that is connected, one that was."""

import time
from typing import Any

import jwt

from sandbox.stand_ins import Sandbox
from tests.process.fleet import Fleet
from tests.process.scene import Scene
from tests.process.test_commands import SETTINGS

VIDEOS = 120


class ZapierScene(Scene):
    """What the Koko app in Zapier meets."""

    def __init__(self, fleet: Fleet, sandbox: Sandbox) -> None:
        super().__init__(fleet, sandbox)
        for number in range(VIDEOS - 1):
            name = f"{self._key}-{number:03d}"
            self.rows.insert(
                "video", id=name, project_id=self._key, title=name, status="processing", updated_at=number
            )

    def facts(self, hooks_port: int) -> dict[str, Any]:
        """What the app's tests have to know."""
        revoked_id, revoked_key = self._issue("make")
        assert self.client.call("integration.disconnect", integrationId=revoked_id)["result"]["success"]
        _, key = self._issue("zapier")
        return {
            "url": f"http://127.0.0.1:{self.fleet.port}",
            "apiKey": key,
            "revokedKey": revoked_key,
            "serviceToken": self._service_token(),
            "teamId": self._key,
            "teamName": "T",
            "projectId": self._key,
            "projectName": "P",
            "videoId": self._key,
            "videos": VIDEOS,
            "hooksPort": hooks_port,
        }

    def comments(self) -> list[tuple[Any, ...]]:
        return self.rows.query(
            "SELECT text, timecode, author_id = ?, parent_id IS NOT NULL FROM comment WHERE video_id = ? ORDER BY text",
            self._key,
            self._key,
        )

    def _issue(self, provider: str) -> tuple[str, str]:
        made = self.client.call("integration.connect", teamId=self._key, provider=provider)["result"]
        return made["integration"]["id"], made["apiKey"]

    def _service_token(self) -> str:
        name, _, secret = SETTINGS["KOKO_SERVICE_KEYS"].partition(":")
        claims = {"iss": name, "aud": "koko-integrations", "exp": int(time.time()) + 290}
        return jwt.encode(claims, secret, algorithm="HS256")
