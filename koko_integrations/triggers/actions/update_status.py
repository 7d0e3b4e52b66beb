"""update_status: moves the task of the event's comment, or the tasks that triggers made of its video, to a status.

`open` and `resolved` are Koko's, and mean what statusMapping says; anything else is a status there, by id or name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from koko_integrations.connections.asking import Asker
from koko_integrations.connections.config import KOKO_STATUSES
from koko_integrations.database import Database
from koko_integrations.integration import Integration
from koko_integrations.registry import Registry
from koko_integrations.rpc.fields import Text
from koko_integrations.rpc.wire import present
from koko_integrations.sync.statuses import wanted_status
from koko_integrations.triggers import tasks
from koko_integrations.triggers.actions.action import Action, Outcome, Plan, Scene, TargetedConfig, failed
from koko_integrations.triggers.actions.refusals import outcome_of
from koko_integrations.triggers.tasks import LinkedTask
from providers.kit.base import PushesItems
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProviderError
from providers.kit.items import Change, Item, Status, find_status

MOST_TASKS = 20


class StatusConfig(TargetedConfig):
    status = Text(min_chars=1, max_chars=256, required=True)


class UpdateStatus(Action):
    name = "update_status"
    schema = StatusConfig()
    needs = PushesItems
    lacking = "has no tasks; name an integration of Asana, Jira, monday, Notion or Trello by config.integrationId"

    def __init__(self, database: Database, registry: Registry, asker: Asker) -> None:
        self._database = database
        self._registry = registry
        self._asker = asker

    def templates(self, config: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
        yield from ()

    async def plan(self, scene: Scene) -> Plan:
        target, status = scene.target, scene.config["status"]
        comment_id = scene.occasion.comment_id
        koko_id = comment_id or scene.occasion.video_id
        found = [] if koko_id is None else await self._tasks(target.id, koko_id)
        done, status_id = _mapped(target, status, scene.occasion.project_of())
        does = present(
            provider=target.provider, status=status, statusId=status_id, taskIds=[one.external_id for one in found]
        )
        if not found:
            what = "comment" if scene.occasion.type.startswith("comment.") else "video"
            return Plan(does=does, problem=f"No task is linked to this {what} yet")

        async def perform() -> Outcome:
            return await self._move_all(target, found, str(koko_id), status, status_id, done=done)

        return Plan(does=does, perform=perform)

    async def _tasks(self, integration_id: str, koko_id: str) -> list[LinkedTask]:
        """Linked by the sync, or made by a trigger; each once."""
        about = {"integration_id": integration_id, "koko_id": koko_id}
        row = await self._database.read_one(tasks.FIND_LINK, **about)
        found = [LinkedTask._make(one) for one in await self._database.read(tasks.OF_TRIGGERS, **about)]
        if row is not None and row[:2] == ("linked", "tasks"):
            found.insert(0, LinkedTask(row[2], row[3]))
        return list(dict.fromkeys(found))[:MOST_TASKS]

    async def _move_all(
        self,
        target: Integration,
        found: list[LinkedTask],
        koko_id: str,
        status: str,
        status_id: str | None,
        *,
        done: bool | None,
    ) -> Outcome:
        moved: list[str] = []
        problems: list[str] = []
        for task in found:
            try:
                await self._move(target, task, koko_id, status, status_id, done=done)
                moved.append(task.external_id)
            except Missing:
                problems.append(f"{task.external_id} is not there any more")
            except LookupError as problem:
                problems.append(str(problem.args[0]))
            except ProviderError as error:
                outcome = outcome_of(error)
                # Moving a task once more to where it is does no harm.
                if outcome.status == "later":
                    return outcome
                problems.append(str(outcome.result["reason"]))
        if problems:
            return failed("; ".join(dict.fromkeys(problems)))
        return Outcome(status="succeeded", result={"taskIds": moved})

    async def _move(
        self,
        target: Integration,
        task: LinkedTask,
        koko_id: str,
        status: str,
        status_id: str | None,
        *,
        done: bool | None,
    ) -> None:
        """Raises LookupError for a status that is not there, and ProviderError."""
        provider = self._registry.find(target.provider)
        assert isinstance(provider, PushesItems), "what it needs is checked before it is planned"
        if done is None or status_id is not None:

            def list_statuses(connection: Connection) -> list[Status]:
                return provider.list_statuses(connection, task.container)

            wanted = find_status(status_id or status, await self._asker.ask(target, list_statuses))
            status_id, done = wanted.id, wanted.done if done is None else done
        # Nothing about the link to the frame is to change: without an address it is left as it is.
        change = Change(url="", koko_id=koko_id, done=done, status_id=status_id)

        def update_task(connection: Connection) -> Item:
            return provider.update_task(connection, task.container, task.external_id, change)

        await self._asker.ask(target, update_task)


def _mapped(target: Integration, status: str, project_id: str | None) -> tuple[bool | None, str | None]:
    """What one of Koko's statuses means there: whether the task is done, and the status, where one is mapped. For a
    status of theirs both are None."""
    if status not in KOKO_STATUSES:
        return None, None
    mapping = target.config.get("statusMapping") or {}
    return status == "resolved", wanted_status(mapping, project_id or "", status)
