"""Which project management tool a project of Koko's is mapped to."""

from typing import NamedTuple

from koko_integrations.database import Database, Statement, param
from koko_integrations.errors import BadRequest, PreconditionFailed
from koko_integrations.integration import COLUMNS, Integration
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.registry import Registry
from providers.kit.base import PushesItems

_OF_TEAM = Statement(
    Row.select(*COLUMNS)
    .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
    .where((Row.team_id == param("team_id")) & Row.status.in_(("connected", "error")))
    .order_by(Row.provider, Row.id)
)


class Target(NamedTuple):
    """Where a task goes: `container` is the project (board, database) there."""

    integration: Integration
    provider: PushesItems
    container: str


class Targets:
    """Finds them."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    async def find(self, team_id: str, project_id: str, integration_id: str | None) -> Target:
        """The only one, or the one that `integration_id` names.

        Raises BadRequest that says what there is to choose from or to set up, PreconditionFailed for one that has to
        be connected again.
        """
        rows = await self._database.read_long(_OF_TEAM, team_id=team_id)
        tools: list[tuple[Integration, PushesItems]] = []
        for integration in map(Integration._make, rows):
            provider = self._registry.find(integration.provider)
            if isinstance(provider, PushesItems):
                tools.append((integration, provider))
        mapped = [
            Target(integration, provider, container)
            for integration, provider in tools
            if (container := (integration.config.get("projectMapping") or {}).get(project_id))
        ]
        target = _choose(mapped, [integration for integration, _ in tools], integration_id)
        if target.integration.status != "connected":
            raise PreconditionFailed(f"{target.integration.provider_name} is not connected; connect it again")
        return target


def _choose(mapped: list[Target], tools: list[Integration], integration_id: str | None) -> Target:
    if not mapped:
        advice = (
            f"map it in the projectMapping of {_names(tools)}" if tools else "connect one and map the project to it"
        )
        raise BadRequest.field("projectId", f"This project is mapped to no project management tool; {advice}")
    there = _names([target.integration for target in mapped])
    if integration_id is not None:
        named = [target for target in mapped if target.integration.id == integration_id]
        if not named:
            raise BadRequest.field("integrationId", f"This project is mapped to {there}")
        return named[0]
    working = [target for target in mapped if target.integration.status == "connected"]
    if len(working) > 1:
        raise BadRequest.field("integrationId", f"Required: this project is mapped to {there}; say to which")
    return working[0] if working else mapped[0]


def _names(integrations: list[Integration]) -> str:
    return ", ".join(f"{one.provider_name} ({one.id})" for one in integrations)
