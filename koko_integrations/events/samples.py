"""`hook.sample`: what deliveries look like, for whoever sets up a hook. Real events, or made-up ones where there are
none yet."""

from typing import Any

import orjson

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.integration import Integration
from koko_integrations.koko import Team
from koko_integrations.models import Event as Row
from koko_integrations.rpc.wire import iso

_NEWEST = Statement(
    Row.select(Row.id, Row.type, Row.data, Row.occurred_at)
    .where((Row.team_id == param("team_id")) & (Row.type == param("type")))
    .order_by(Row.received_at.desc(), Row.id.desc())
    .limit(param("limit"))
)
ANY = "*"
_OF_FAMILY = {
    family: Statement(
        Row.select(Row.id, Row.type, Row.data, Row.occurred_at)
        .where((Row.team_id == param("team_id")) & Row.type.startswith(f"{family}."))
        .order_by(Row.received_at.desc(), Row.id.desc())
        .limit(param("limit"))
    )
    for family in ("project", "team")
}
_TEAM_NAME = Statement(Team.select(Team.name).where(Team.id == param("team_id")))
_AUTHOR = {"id": "user_sample", "name": "Sam Sample"}
_VIDEO = {
    "id": "video_sample",
    "projectId": "project_sample",
    "title": "Trailer v3",
    "status": "ready",
    "duration": 95.0,
}
_COMMENT = {
    "id": "comment_sample",
    "videoId": "video_sample",
    "content": "The logo comes too early",
    "timecode": 4.2,
    "author": _AUTHOR,
}
_APPROVAL = {"id": "approval_sample", "videoId": "video_sample", "status": "approved", "requestedBy": _AUTHOR}
_BY_FAMILY: dict[str, dict[str, Any]] = {
    "video": {"video": _VIDEO},
    "comment": {"comment": _COMMENT, "video": _VIDEO},
    "approval": {"approval": _APPROVAL, "video": _VIDEO},
    "project": {"project": {"id": "project_sample", "name": "Launch film"}},
    "team": {"team": {"id": "team_sample", "name": "Sample team"}},
}


class Samples:
    """Reads what there has been."""

    def __init__(self, clock: Clock, database: Database) -> None:
        self._clock = clock
        self._database = database

    async def newest(self, integration: Integration, event_type: str, limit: int) -> list[dict[str, Any]]:
        """Newest first, in the shape of a delivery to a hook."""
        family, _, kind = event_type.partition(".")
        if kind == ANY:
            event_type = f"{family}.created"
            rows = await self._database.read(_OF_FAMILY[family], team_id=integration.team_id, limit=limit)
        else:
            rows = await self._database.read(_NEWEST, team_id=integration.team_id, type=event_type, limit=limit)
        if not rows:
            data = orjson.dumps(_BY_FAMILY[family]).decode()
            rows = [(f"sample_{event_type}", event_type, data, self._clock.now_ms())]
        return [
            {
                "id": event_id,
                "event": found,
                "timestamp": iso(at),
                "webhookId": integration.id,
                "data": orjson.Fragment(data),
            }
            for event_id, found, data, at in rows
        ]

    async def team_name(self, team_id: str) -> str:
        """What the team is called."""
        row = await self._database.read_one(_TEAM_NAME, team_id=team_id)
        return "" if row is None else str(row[0])
