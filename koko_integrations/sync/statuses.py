"""statusMapping: which of a container's statuses stands for open, and which for resolved.

Keys are `open` and `resolved`, or `<Koko project id>/open` for one project. Values are the provider's ids; a name will
do where it is the only one of that name in the project. A container may have several states in which nothing is left
to do; any of them reads as resolved.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from koko_integrations.connections.config import KOKO_STATUSES
from koko_integrations.database import Transaction
from koko_integrations.rpc.wire import dump_text
from koko_integrations.sync import passes
from koko_integrations.sync.items import Place
from koko_integrations.sync.run import Run
from providers.kit.base import PushesItems
from providers.kit.connection import Connection
from providers.kit.items import Status, find_status


@dataclass(frozen=True, slots=True)
class StatusChoice:
    """What the mapping says of a container's statuses, for one Koko project. None leaves the choice to the provider.

    `reopened_id` is where a task goes that is to leave the resolved status, where the mapping does not say.
    """

    open_id: str | None = None
    resolved_id: str | None = None
    reopened_id: str | None = None

    def target(self, *, done: bool) -> str | None:
        """The status that a task is to be moved to."""
        return self.resolved_id if done else self.open_id or self.reopened_id

    def reads_as_done(self, status_id: str | None, *, done: bool) -> bool:
        """Whether a task in this state counts as resolved in Koko."""
        return done or (status_id is not None and status_id == self.resolved_id)


def wanted_status(mapping: Mapping[str, str], project_id: str, koko_status: str) -> str | None:
    """What the mapping says for a Koko project."""
    return mapping.get(f"{project_id}/{koko_status}") or mapping.get(koko_status)


async def choose(run: Run, provider: PushesItems, project_id: str, container: str) -> StatusChoice:
    """The choice for a project; what the mapping names in vain is noted, and left to the provider.

    The statuses are asked for when they are not known yet, and by every full sync.
    """
    mapping: Mapping[str, str] = run.config.get("statusMapping") or {}
    wanted = {status: wanted_status(mapping, project_id, status) for status in KOKO_STATUSES}
    if not any(wanted.values()):
        return StatusChoice()
    statuses = await _statuses(run, provider, container)
    found: dict[str, str | None] = {}
    for status, name in wanted.items():
        try:
            found[status] = None if name is None else find_status(name, statuses).id
        except LookupError as problem:
            run.progress.note(f"statusMapping.{status}: {problem.args[0]}")
            found[status] = None
    resolved_id = found["resolved"]
    elsewhere = (status.id for status in statuses if status.id != resolved_id and not status.done)
    return StatusChoice(found["open"], resolved_id, None if resolved_id is None else next(elsewhere, None))


async def _statuses(run: Run, provider: PushesItems, container: str) -> list[Status]:
    place = Place(run.integration.id, "statuses", container)
    kept = await run.parts.database.write(lambda tx: passes.get_note(tx, place))
    if kept is not None and not run.full:
        return [Status(**status) for status in orjson.loads(kept)]

    def list_statuses(connection: Connection) -> list[Status]:
        return provider.list_statuses(connection, container)

    statuses = await run.ask(list_statuses)
    text = dump_text([{"id": one.id, "name": one.name, "done": one.done} for one in statuses])

    def keep(tx: Transaction) -> None:
        passes.set_note(tx, place, text)

    if not run.dry:
        await run.parts.database.write(keep)
    return statuses
