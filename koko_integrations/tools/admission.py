"""Whose key may do something, and in whose name."""

from koko_integrations.access.projects import PROJECT_IDS_OF_TEAM
from koko_integrations.database import Database, Statement, param
from koko_integrations.errors import Forbidden, NotFound, PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.koko import Project, TeamMember, User
from koko_integrations.registry import Registry
from providers.kit.base import SubscribesHooks

_FIND_PROJECT = Statement(
    Project.select(Project.name).where((Project.id == param("project_id")) & Project.id.in_(PROJECT_IDS_OF_TEAM))
)
_FIND_MEMBER = Statement(
    User.select(User.id, User.name)
    .join(TeamMember, on=(TeamMember.user_id == User.id))
    .where((User.id == param("user_id")) & (TeamMember.team_id == param("team_id")))
)


def require_tool(registry: Registry, tool: Integration) -> None:
    """Raises Forbidden for a key that only reads, such as a panel's."""
    if not isinstance(registry.find(tool.provider), SubscribesHooks):
        raise Forbidden(f"{tool.provider_name} only reads from Koko")


async def find_project(database: Database, team_id: str, project_id: str) -> str:
    """The name of a project of the team's. Raises NotFound."""
    row = await database.read_one(_FIND_PROJECT, project_id=project_id, team_id=team_id)
    if row is None:
        raise NotFound("Project not found")
    return str(row[0])


async def find_author(database: Database, tool: Integration) -> tuple[str, str]:
    """Id and name of who connected the tool. Raises PreconditionFailed where that is nobody in the team any more."""
    row = await database.read_one(_FIND_MEMBER, user_id=tool.connected_by or "", team_id=tool.team_id)
    if row is None:
        name = tool.provider_name
        raise PreconditionFailed(
            f"Whoever connected {name} is no longer in the team; disconnect it in Koko and connect it again"
        )
    return str(row[0]), str(row[1])
