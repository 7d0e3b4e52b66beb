"""projectMapping and statusMapping, checked against what there is on both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from koko_integrations.access.projects import PROJECTS_OF_TEAM
from koko_integrations.connections.config import KOKO_STATUSES
from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import Database
from koko_integrations.errors import BadRequest, PreconditionFailed, from_provider
from koko_integrations.integration import Integration
from koko_integrations.registry import Registry
from providers.kit.base import ListsItems, PushesItems
from providers.kit.connection import Connection, Resource
from providers.kit.errors import Missing, ProviderError
from providers.kit.items import Status, find_status
from providers.kit.transfers import ReadsFiles

Config = Mapping[str, Any]


class MappingChecker:
    """Asks the provider; `config` is what the connection's configuration is about to become."""

    def __init__(self, database: Database, registry: Registry, live: LiveConnections) -> None:
        self._database = database
        self._registry = registry
        self._live = live

    async def check_projects(
        self, integration: Integration, mapping: Mapping[str, str], known: Mapping[str, str], config: Config
    ) -> dict[str, str]:
        """The mapping with the provider's ids. Koko projects must be the team's, the others must be there; those that
        are `known` have been checked."""
        provider = self._registry.find(integration.provider)
        if not mapping:
            return {}
        if not isinstance(provider, ListsItems) or not provider.mapped:
            raise BadRequest.field("config.projectMapping", f"{integration.provider_name} has no projects to map to")
        own = {row[0] for row in await self._database.read_long(PROJECTS_OF_TEAM, team_id=integration.team_id)}
        problems = {
            f"config.projectMapping.{project_id}": ["There is no such project in this team"]
            for project_id in mapping
            if project_id not in own
        }
        _raise(problems)
        require_connected(integration, "projectMapping")

        asked = [target for target in dict.fromkeys(mapping.values()) if target not in known.values()]

        def find_containers(connection: Connection) -> dict[str, Resource]:
            return provider.find_containers(replace(connection, config={**connection.config, **config}), asked)

        try:
            found = await self._live.use(integration, find_containers) if asked else {}
        except ProviderError as error:
            raise from_provider(error) from error
        kind = provider.container_kind.removesuffix("s")
        said = f"{integration.provider_name} has no such {kind}, or does not show it to this account"
        ids = {target: target for target in known.values()} | {target: one.id for target, one in found.items()}
        _raise({f"config.projectMapping.{koko}": [said] for koko, target in mapping.items() if target not in ids})
        return {koko: ids[target] for koko, target in mapping.items()}

    async def check_watch(self, integration: Integration, changes: Mapping[str, Any]) -> None:
        """Files can only be watched for where there are some, and go into a project of the team."""
        provider = self._registry.find(integration.provider)
        wanted = {**integration.config, **changes}
        if wanted.get("importOnUpload"):
            if not isinstance(provider, ReadsFiles) or not isinstance(provider, ListsItems) or provider.mapped:
                said = f"{integration.provider_name} has no folder to watch"
                raise BadRequest.field("config.importOnUpload", said)
            if "projectId" not in wanted:
                raise BadRequest.field("config.projectId", "Required: the project that new files are imported into")
        if "projectId" in changes:
            own = await self._database.read_long(PROJECTS_OF_TEAM, team_id=integration.team_id)
            if changes["projectId"] not in {row[0] for row in own}:
                raise BadRequest.field("config.projectId", "There is no such project in this team")

    async def check_statuses(
        self, integration: Integration, mapping: Mapping[str, str], projects: Mapping[str, str], config: Config
    ) -> None:
        """Each status must be one of every project that it is for, by id or by a name that is the only one."""
        provider = self._registry.find(integration.provider)
        if not isinstance(provider, PushesItems):
            raise BadRequest.field("config.statusMapping", f"{integration.provider_name} has no statuses to map to")
        require_connected(integration, "statusMapping")
        statuses: dict[str, Sequence[Status]] = {}
        problems: dict[str, list[str]] = {}
        for key, wanted in mapping.items():
            project_id, separator, koko_status = key.rpartition("/")
            if koko_status not in KOKO_STATUSES:
                said = f"A key is open or resolved, or one project's, such as {next(iter(projects), 'proj_1')}/resolved"
                problems[f"config.statusMapping.{key}"] = [said]
                continue
            if separator and project_id not in projects:
                problems[f"config.statusMapping.{key}"] = [f"{project_id} is not in projectMapping"]
                continue
            for container in [projects[project_id]] if separator else dict.fromkeys(projects.values()):
                if container not in statuses:
                    statuses[container] = await self._statuses(integration, provider, container, config)
                try:
                    find_status(wanted, statuses[container])
                except LookupError as problem:
                    problems[f"config.statusMapping.{key}"] = [f"project {container}: {problem.args[0]}"]
        _raise(problems)

    async def _statuses(
        self, integration: Integration, provider: PushesItems, container: str, config: Config
    ) -> Sequence[Status]:
        def list_statuses(connection: Connection) -> list[Status]:
            return provider.list_statuses(replace(connection, config={**connection.config, **config}), container)

        try:
            return await self._live.use(integration, list_statuses)
        except Missing:
            return []
        except ProviderError as error:
            raise from_provider(error) from error


def require_connected(integration: Integration, *settings: str) -> None:
    if integration.status != "connected":
        raise PreconditionFailed(
            f"{integration.provider_name} is not connected; connect it to set {', '.join(settings)}"
        )


def _raise(problems: Mapping[str, list[str]]) -> None:
    if problems:
        first = next(iter(problems))
        raise BadRequest(f"Invalid input: {first}: {problems[first][0]}", dict(problems))
