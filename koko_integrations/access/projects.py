"""Koko's projects as a team has them, and who may put files into them."""

from collections.abc import Sequence
from typing import Any, Literal

import peewee

from koko_integrations.access.actor import Actor
from koko_integrations.database import Database, Statement, param
from koko_integrations.errors import Forbidden, NotFound
from koko_integrations.koko import Asset, Project, ProjectMember, Team, TeamMember

EditorOf = Literal["any", "projectId", "assetIds"]
"""Of which project a caller must be an owner or editor: any of the team's, the one that the input names, or those of
the assets that it names."""
EDITORS = ("owner", "editor")
MOST_ASSETS = 50

# A project reaches a team through its owner and its members.
OF_TEAM = (
    Project.owner_id.in_(TeamMember.select(TeamMember.user_id).where(TeamMember.team_id == param("team_id")))
    | Project.owner_id.in_(Team.select(Team.owner_id).where(Team.id == param("team_id")))
    | Project.id.in_(
        ProjectMember.select(ProjectMember.project_id)
        .join(TeamMember, on=(TeamMember.user_id == ProjectMember.user_id))
        .where(TeamMember.team_id == param("team_id"))
    )
)
"""The condition that a project is the team's, for statements that join Project."""
PROJECT_IDS_OF_TEAM = Project.select(Project.id).where(OF_TEAM)
"""A part for statements, which then take a `team_id`."""
PROJECTS_OF_TEAM = Statement(Project.select(Project.id, Project.name).where(OF_TEAM).order_by(Project.id))
_WITH_ROLES = Statement(
    Project.select(Project.id, Project.owner_id, ProjectMember.role)
    .join(
        ProjectMember,
        peewee.JOIN.LEFT_OUTER,
        on=((ProjectMember.project_id == Project.id) & (ProjectMember.user_id == param("user_id"))),
    )
    .where(OF_TEAM)
)
_OF_ASSETS = Statement(
    Asset.select(Asset.id, Asset.project_id).where(
        Asset.id.in_([param(f"id{number}") for number in range(MOST_ASSETS)]) & Asset.deleted_at.is_null()
    )
)


class ProjectGate:
    """Lets in whoever may put files into a project, and take them out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def require_editor(self, actor: Actor, team_id: str, editor_of: EditorOf, params: dict[str, Any]) -> None:
        """Raises NotFound for projects and assets that the team does not have, Forbidden for those who may not.

        Koko's services may, when they act for nobody.
        """
        rows = await self._database.read_long(_WITH_ROLES, team_id=team_id, user_id=actor.user_id or "")
        editable = {
            project_id: actor.user_id is None or actor.user_id == owner_id or role in EDITORS
            for project_id, owner_id, role in rows
        }
        if editor_of == "any":
            if not any(editable.values()):
                raise Forbidden("Only an owner or editor of one of the team's projects may do this")
            return
        if editor_of == "projectId":
            wanted = {params["projectId"]}
        else:
            wanted = set((await self._projects_of(params["assetIds"])).values())
        if not wanted <= set(editable):
            raise NotFound("Asset not found" if editor_of == "assetIds" else "Project not found")
        if not all(editable[project_id] for project_id in wanted):
            raise Forbidden("Only an owner or editor of the project may do this")

    async def _projects_of(self, asset_ids: Sequence[str]) -> dict[str, str]:
        padded = [*asset_ids, *[asset_ids[-1]] * (MOST_ASSETS - len(asset_ids))]
        rows = await self._database.read(_OF_ASSETS, **{f"id{number}": one for number, one in enumerate(padded)})
        found: dict[str, str] = dict(rows)
        if len(found) < len(set(asset_ids)):
            raise NotFound("Asset not found")
        return found
