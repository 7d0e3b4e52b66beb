"""What a person who sets up a Zap chooses from: projects and videos, what was changed last first."""

from typing import Any

import peewee

from koko_integrations.access.projects import PROJECT_IDS_OF_TEAM
from koko_integrations.database import Database, Statement, param
from koko_integrations.koko import Project, Video
from koko_integrations.paging import Cursor, after, newest_first
from koko_integrations.rpc.wire import iso
from koko_integrations.tools.admission import find_project

# Koko's projects have no time of their own.
_CHANGED_AT = peewee.fn.COALESCE(Video.select(peewee.fn.MAX(Video.updated_at)).where(Video.project_id == Project.id), 0)
_PROJECTS = Statement(
    newest_first(
        Project.select(Project.id, Project.name, _CHANGED_AT).where(
            Project.id.in_(PROJECT_IDS_OF_TEAM) & after(_CHANGED_AT, Project.id)
        ),
        _CHANGED_AT,
        Project.id,
    )
)
_VIDEOS = Statement(
    newest_first(
        Video.select(Video.id, Video.title, Video.status, Video.updated_at).where(
            (Video.project_id == param("project_id")) & after(Video.updated_at, Video.id)
        ),
        Video.updated_at,
        Video.id,
    )
)
Listing = tuple[list[dict[str, Any]], Cursor | None]


class Choices:
    """Lists, a page at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def projects(self, team_id: str, limit: int, cursor: Cursor) -> Listing:
        """The team's projects, and where the next page begins."""
        rows = await self._database.read_long(_PROJECTS, team_id=team_id, limit=limit + 1, **cursor.arguments())
        shown = [{"id": project_id, "name": name} for project_id, name, _ in rows[:limit]]
        return shown, _following(rows, limit)

    async def videos(self, team_id: str, project_id: str, limit: int, cursor: Cursor) -> Listing:
        """A project's videos, and where the next page begins. Raises NotFound."""
        await find_project(self._database, team_id, project_id)
        rows = await self._database.read_long(_VIDEOS, project_id=project_id, limit=limit + 1, **cursor.arguments())
        shown = [
            {"id": video_id, "title": title, "status": status, "updatedAt": iso(at)}
            for video_id, title, status, at in rows[:limit]
        ]
        return shown, _following(rows, limit)


def _following(rows: list[tuple[Any, ...]], limit: int) -> Cursor | None:
    return Cursor(rows[limit - 1][-1], rows[limit - 1][0]) if len(rows) > limit else None
