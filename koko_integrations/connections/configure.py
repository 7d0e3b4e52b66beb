"""`integration.configure`: settings changed one by one, each checked against what there really is."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from koko_integrations.clock import Clock
from koko_integrations.connections import auto_sync
from koko_integrations.connections.config import KOKO_STATUSES, ConfigReader
from koko_integrations.connections.live import LiveConnections
from koko_integrations.connections.store import FIND
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.errors import BadRequest, PreconditionFailed, from_provider
from koko_integrations.integration import Integration
from koko_integrations.koko import Project, ProjectMember, Team, TeamMember
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import dump_text
from providers.kit.base import ListsItems, Proves, PushesItems
from providers.kit.connection import Connection, Identity, Resource
from providers.kit.errors import Missing, ProviderError, Rejected
from providers.kit.items import Status, find_status

_SET_CONFIG = Statement(
    Row.update({Row.config: param("config"), Row.updated_at: param("now")}).where(Row.id == param("id"))
)
_SET_ACCOUNT = Statement(
    IntegrationConnection.update({IntegrationConnection.account: param("account")}).where(
        IntegrationConnection.integration_id == param("id")
    )
)

# A project reaches a team through its owner and its members.
_PROJECTS_OF_TEAM = Statement(
    Project.select(Project.id, Project.name)
    .where(
        Project.owner_id.in_(TeamMember.select(TeamMember.user_id).where(TeamMember.team_id == param("team_id")))
        | Project.owner_id.in_(Team.select(Team.owner_id).where(Team.id == param("team_id")))
        | Project.id.in_(
            ProjectMember.select(ProjectMember.project_id)
            .join(TeamMember, on=(TeamMember.user_id == ProjectMember.user_id))
            .where(TeamMember.team_id == param("team_id"))
        )
    )
    .order_by(Project.id)
)


class Configurer:
    """Changes settings."""

    def __init__(self, clock: Clock, database: Database, registry: Registry, live: LiveConnections) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._live = live

    async def configure(self, integration: Integration, given: Mapping[str, Any]) -> Integration:
        """The integration with its new settings; what was not given stays as it is.

        Raises BadRequest that names each wrong setting, PreconditionFailed for one that only a connected provider can
        confirm.
        """
        provider = self._registry.find(integration.provider)
        name = integration.provider_name
        changes = ConfigReader(provider.manifest).read_changes(given)
        if changes.get("autoSync") and not isinstance(provider, ListsItems):
            raise BadRequest.field("config.autoSync", f"{name} has nothing to sync")
        account: Identity | None = None
        chosen = {
            field.name: changes[field.name]
            for field in provider.manifest.fields
            if field.name in changes and changes[field.name] != integration.config.get(field.name)
        }
        if chosen:
            account = await self._prove(integration, chosen)
            changes |= account.config
        if "projectMapping" in changes:
            # Another site has other projects; otherwise what is mapped already need not be asked about again.
            known = {} if chosen else integration.config.get("projectMapping") or {}
            changes["projectMapping"] = await self._check_projects(integration, changes["projectMapping"], known)
        if changes.get("statusMapping"):
            mapping = changes.get("projectMapping", integration.config.get("projectMapping") or {})
            await self._check_statuses(integration, changes["statusMapping"], mapping)
        return await self._database.write(
            functools.partial(self._store, integration_id=integration.id, changes=changes, account=account)
        )

    def _store(
        self, tx: Transaction, *, integration_id: str, changes: Mapping[str, Any], account: Identity | None
    ) -> Integration:
        now = self._clock.now_ms()
        # Read again: somebody else may have changed other settings in the meantime.
        config = self._read(tx, integration_id).config | dict(changes)
        tx.change(_SET_CONFIG, id=integration_id, config=dump_text(config), now=now)
        if account is not None:
            kept = dump_text({"id": account.account_id, "name": account.account_name})
            tx.change(_SET_ACCOUNT, id=integration_id, account=kept)
        current = self._read(tx, integration_id)
        if {"autoSync", "syncInterval"} & set(changes) and current.status == "connected":
            auto_sync.set_next(tx, integration_id, auto_sync.next_slot(integration_id, config, now))
        return current

    def _read(self, tx: Transaction, integration_id: str) -> Integration:
        row = tx.row(FIND, id=integration_id)
        assert row is not None, "rows of integrations are only deleted with their team"
        return Integration._make(row)

    async def _prove(self, integration: Integration, chosen: Mapping[str, Any]) -> Identity:
        """Who the credentials are with these choices, such as another site of the same account."""
        provider = self._registry.find(integration.provider)
        _require_connected(integration, *chosen)
        if not isinstance(provider, Proves):
            raise BadRequest.field(f"config.{next(iter(chosen))}", f"{integration.provider_name} has no such setting")

        def whoami(connection: Connection) -> Identity:
            return provider.whoami(replace(connection, config={**connection.config, **chosen}))

        try:
            found = await self._live.use(integration, whoami)
        except Rejected as error:
            raise BadRequest.field(f"config.{next(iter(chosen))}", error.explained) from error
        except ProviderError as error:
            raise from_provider(error) from error
        return replace(found, config={**chosen, **found.config})

    async def _check_projects(
        self, integration: Integration, mapping: Mapping[str, str], known: Mapping[str, str]
    ) -> dict[str, str]:
        """The mapping with the provider's ids. Koko projects must be the team's, the others must be there."""
        provider = self._registry.find(integration.provider)
        if not mapping:
            return {}
        if not isinstance(provider, ListsItems) or not provider.mapped:
            raise BadRequest.field("config.projectMapping", f"{integration.provider_name} has no projects to map to")
        own = {row[0] for row in await self._database.read_long(_PROJECTS_OF_TEAM, team_id=integration.team_id)}
        problems = {
            f"config.projectMapping.{project_id}": ["There is no such project in this team"]
            for project_id in mapping
            if project_id not in own
        }
        _raise(problems)
        _require_connected(integration, "projectMapping")

        asked = [target for target in dict.fromkeys(mapping.values()) if target not in known.values()]

        def find_containers(connection: Connection) -> dict[str, Resource]:
            return provider.find_containers(connection, asked)

        try:
            found = await self._live.use(integration, find_containers) if asked else {}
        except ProviderError as error:
            raise from_provider(error) from error
        kind = provider.container_kind.removesuffix("s")
        said = f"{integration.provider_name} has no such {kind}, or does not show it to this account"
        ids = {target: target for target in known.values()} | {target: one.id for target, one in found.items()}
        _raise({f"config.projectMapping.{koko}": [said] for koko, target in mapping.items() if target not in ids})
        return {koko: ids[target] for koko, target in mapping.items()}

    async def _check_statuses(
        self, integration: Integration, mapping: Mapping[str, str], projects: Mapping[str, str]
    ) -> None:
        """Each status must be one of every project that it is for, by id or by a name that is the only one."""
        provider = self._registry.find(integration.provider)
        if not isinstance(provider, PushesItems):
            raise BadRequest.field("config.statusMapping", f"{integration.provider_name} has no statuses to map to")
        _require_connected(integration, "statusMapping")
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
                    statuses[container] = await self._statuses(integration, provider, container)
                try:
                    find_status(wanted, statuses[container])
                except LookupError as problem:
                    problems[f"config.statusMapping.{key}"] = [f"project {container}: {problem.args[0]}"]
        _raise(problems)

    async def _statuses(self, integration: Integration, provider: PushesItems, container: str) -> Sequence[Status]:
        def list_statuses(connection: Connection) -> list[Status]:
            return provider.list_statuses(connection, container)

        try:
            return await self._live.use(integration, list_statuses)
        except Missing:
            return []
        except ProviderError as error:
            raise from_provider(error) from error


def _require_connected(integration: Integration, *settings: str) -> None:
    if integration.status != "connected":
        raise PreconditionFailed(
            f"{integration.provider_name} is not connected; connect it to set {', '.join(settings)}"
        )


def _raise(problems: Mapping[str, list[str]]) -> None:
    if problems:
        first = next(iter(problems))
        raise BadRequest(f"Invalid input: {first}: {problems[first][0]}", dict(problems))
