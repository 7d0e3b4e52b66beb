"""`integration.setTriggers`: all triggers of an integration, in place of those that there were."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from koko_integrations.clock import Clock
from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.delivery.addresses import check_target
from koko_integrations.errors import BadRequest, from_provider
from koko_integrations.integration import COLUMNS, Integration
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.registry import Registry
from koko_integrations.triggers import ledger, rules
from koko_integrations.triggers.own_address import OwnAddress
from koko_integrations.triggers.planning import Planner
from koko_integrations.triggers.reading import Problems, Reader, raise_problems
from koko_integrations.triggers.rules import NewRule, Rule
from koko_integrations.vault import Vault, VaultError
from providers.kit.base import PushesItems
from providers.kit.connection import Connection, Resource
from providers.kit.errors import ProviderError
from providers.kit.http import HttpClient

MOST_HOSTS = 50
_OF_TEAM = Statement(
    Row.select(*COLUMNS)
    .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
    .where(Row.team_id == param("team_id"))
)


class TriggerSetter:
    """Checks and stores."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        vault: Vault,
        http: HttpClient,
        registry: Registry,
        live: LiveConnections,
        planner: Planner,
        own: OwnAddress,
    ) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._http = http
        self._registry = registry
        self._live = live
        self._planner = planner
        self._own = own

    async def set(self, integration: Integration, triggers: Sequence[Mapping[str, Any]]) -> list[Rule]:
        """The triggers as they are stored. Raises BadRequest that names every wrong field."""
        rows = await self._database.read(_OF_TEAM, team_id=integration.team_id)
        team = {one.id: one for one in map(Integration._make, rows)}
        kept = {rule.id: self._secrets(rule) for rule in await self._rules(integration)}
        read = Reader(self._planner, self._own, integration, team, kept).read(triggers)
        problems: Problems = {}
        await self._check_addresses(read, problems)
        await self._check_containers(integration, team, read, problems)
        raise_problems(problems)

        def store(tx: Transaction) -> list[Rule]:
            now = self._clock.now_ms()
            ledger.ensure_lane(tx, integration.id)
            return rules.replace(tx, self._vault, integration.id, integration.team_id, read, now)

        return await self._database.write(store)

    async def _rules(self, integration: Integration) -> list[Rule]:
        found = await self._database.read(rules.OF_INTEGRATION, integration_id=integration.id)
        return [Rule._make(row) for row in found]

    def _secrets(self, rule: Rule) -> dict[str, Any]:
        """None that cannot be opened: they have to be given anew."""
        try:
            return rules.open_secrets(self._vault, rule)
        except VaultError:
            return {}

    async def _check_addresses(self, read: Sequence[NewRule], problems: Problems) -> None:
        """One address of each host is looked at: what the outgoing guard refuses, it refuses for the host."""
        by_host: dict[tuple[str, str], tuple[int, str]] = {}
        for number, rule in enumerate(read):
            if "url" in rule.secrets:
                parts = urlsplit(rule.secrets["url"])
                by_host.setdefault((parts.scheme, parts.netloc), (number, rule.secrets["url"]))
        if len(by_host) > MOST_HOSTS:
            problems["triggers"] = [f"The triggers of an integration post to {MOST_HOSTS} hosts at most"]
            return

        async def check(number: int, url: str) -> None:
            try:
                await check_target(self._http, url, f"triggers.{number}.action.config.url")
            except BadRequest as refused:
                problems.update(refused.context["fields"])

        await asyncio.gather(*(check(number, url) for number, url in by_host.values()))

    async def _check_containers(
        self, integration: Integration, team: Mapping[str, Integration], read: Sequence[NewRule], problems: Problems
    ) -> None:
        """Projects at providers must be there, as far as those can be asked now."""
        named: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, rule in enumerate(read):
            config = rule.action["config"]
            if "projectId" in config:
                named[config.get("integrationId") or integration.id][config["projectId"]].append(number)
        for target_id, containers in named.items():
            target = team[target_id]
            provider = self._registry.find(target.provider)
            if target.status != "connected" or not isinstance(provider, PushesItems):
                continue
            found = await self._find_containers(target, provider, list(containers))
            kind = provider.container_kind.removesuffix("s")
            said = f"{target.provider_name} has no such {kind}, or does not show it to this account"
            for container, numbers in containers.items():
                if container in found:
                    for number in numbers:
                        read[number].action["config"]["projectId"] = found[container].id
                else:
                    problems |= {f"triggers.{number}.action.config.projectId": [said] for number in numbers}

    async def _find_containers(
        self, target: Integration, provider: PushesItems, asked: list[str]
    ) -> dict[str, Resource]:
        def find_containers(connection: Connection) -> dict[str, Resource]:
            return provider.find_containers(connection, asked)

        try:
            return await self._live.use(target, find_containers)
        except ProviderError as error:
            raise from_provider(error) from error
