"""`hook.createTask`: a task in the project management tool that a project of Koko's is mapped to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote

from koko_integrations.clock import Clock
from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import Database, Transaction
from koko_integrations.errors import BadRequest, from_provider
from koko_integrations.ids import new_id
from koko_integrations.integration import Integration
from koko_integrations.journal import Outcome, count_calls, write_entry
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import present
from koko_integrations.sync.statuses import wanted_status
from koko_integrations.sync.wording import SIGN
from koko_integrations.tools.admission import find_project, require_tool
from koko_integrations.tools.repeats import Repeatable
from koko_integrations.tools.targets import Target, Targets
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused, ProviderError, Rejected
from providers.kit.http import counting_calls
from providers.kit.items import Draft, Item, find_status


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTask:
    """What is to be done. `integration_id` says where, for a project that is mapped to several tools."""

    project_id: str
    title: str
    description: str
    integration_id: str | None


class TaskMaker:
    """Makes tasks, each once."""

    def __init__(
        self, clock: Clock, database: Database, registry: Registry, live: LiveConnections, web_url: str
    ) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._targets = Targets(database, registry)
        self._live = live
        self._web_url = web_url

    async def make(self, tool: Integration, wanted: NewTask, request_id: str | None) -> dict[str, Any]:
        """The task. Raises Forbidden, NotFound, BadRequest, PreconditionFailed, Conflict, and the provider's errors as
        callers see them."""
        require_tool(self._registry, tool)
        if not wanted.title.strip():
            raise BadRequest.field("title", "A task has a title")
        project = await find_project(self._database, tool.team_id, wanted.project_id)
        request = Repeatable(tool, request_id, "createTask", asdict(wanted))
        target = await self._targets.find(tool.team_id, wanted.project_id, wanted.integration_id)
        known = await self._database.write(lambda tx: request.begin(tx, self._clock.now_ms()))
        if known is not None:
            return known
        making = _Making(target, wanted.project_id, self._draft(tool, wanted, project))
        with counting_calls() as usage:
            try:
                item = await self._live.use(target.integration, making.create_task)
            except ProviderError as error:
                await self._keep_failure(tool, target, request, making, error, usage.calls)
                raise from_provider(error) from error
        made = present(
            id=item.id, url=item.url, integrationId=target.integration.id, provider=target.integration.provider
        )

        def keep(tx: Transaction) -> None:
            self._note(tx, tool, target, "success", {"taskId": item.id, "itemsProcessed": 1}, usage.calls)
            request.end(tx, made)

        await self._database.write(keep)
        return made

    def _draft(self, tool: Integration, wanted: NewTask, project: str) -> Draft:
        # No link to a comment: that is how a sync would recognise a task of its own.
        url = f"{self._web_url}/projects/{quote(wanted.project_id, safe='')}"
        text = f"{wanted.description.rstrip()}\n\n{SIGN}{tool.provider_name} for “{project}” in Koko\n{url}".lstrip()
        return Draft(title=" ".join(wanted.title.split()), text=text, url=url, koko_id=new_id("task"))

    async def _keep_failure(
        self,
        tool: Integration,
        target: Target,
        request: Repeatable,
        making: "_Making",
        error: ProviderError,
        api_calls: int,
    ) -> None:
        def keep(tx: Transaction) -> None:
            self._note(tx, tool, target, "failed", {"errors": [error.explained]}, api_calls)
            if making.made_nothing(error):
                request.forget(tx)

        await self._database.write(keep)

    def _note(
        self,
        tx: Transaction,
        tool: Integration,
        target: Target,
        status: Outcome,
        more: Mapping[str, Any],
        api_calls: int,
    ) -> None:
        """In the journals of both: who asked, and who was asked."""
        now = self._clock.now_ms()
        told = {"action": "create_task", "from": tool.provider_name, "to": target.integration.provider_name, **more}
        for integration in (tool, target.integration):
            write_entry(tx, integration.id, "webhook", status, told, now)
        count_calls(tx, target.integration.id, api_calls, now)


class _Making:
    """The provider's part, and whether it came to that."""

    def __init__(self, target: Target, project_id: str, draft: Draft) -> None:
        self._target = target
        self._project_id = project_id
        self._draft = draft
        self._asked = False

    def create_task(self, connection: Connection) -> Item:
        draft = replace(self._draft, status_id=self._status(connection))
        self._asked = True
        return self._target.provider.create_task(connection, self._target.container, draft)

    def _status(self, connection: Connection) -> str | None:
        """What statusMapping says is open; what it names in vain is left to the provider, as by a sync."""
        mapping = connection.config.get("statusMapping") or {}
        wanted = wanted_status(mapping, self._project_id, "open")
        if wanted is None:
            return None
        try:
            return find_status(wanted, self._target.provider.list_statuses(connection, self._target.container)).id
        except LookupError:
            return None

    def made_nothing(self, error: ProviderError) -> bool:
        """Whether the provider has said so, or was not asked."""
        if not self._asked:
            return True
        # Being told to slow down is being told that nothing was made.
        return isinstance(error, Rejected | CredentialsRefused) or error.reason == "rate_limited"
