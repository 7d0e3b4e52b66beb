"""Making one task, once: what is written down before and after, and what its mapped fields are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from koko_integrations.clock import Clock
from koko_integrations.connections.asking import Asker
from koko_integrations.database import Database, Transaction
from koko_integrations.integration import Integration
from koko_integrations.mapping.values import ValueFailed
from koko_integrations.rpc.wire import present
from koko_integrations.sync.mapped import Worked
from koko_integrations.sync.wording import KokoComment
from koko_integrations.triggers import tasks
from koko_integrations.triggers.actions.action import Outcome, OutdatedError, failed
from koko_integrations.triggers.actions.mapped import FieldWorker
from koko_integrations.triggers.actions.refusals import later, outcome_of
from providers.kit.base import PushesItems
from providers.kit.connection import Connection
from providers.kit.errors import ProviderError, Rejected, Transient
from providers.kit.items import Draft, Item


@dataclass(frozen=True, kw_only=True)
class Making:
    """A task that is to be made in a `container`. `comment` is Koko's, where there is one that it is about; with
    `links` the sync is to know it as that comment's task."""

    clock: Clock
    database: Database
    asker: Asker
    fields: FieldWorker
    provider: PushesItems
    target: Integration
    container: str
    draft: Draft
    comment: KokoComment | None
    links: bool

    async def preview(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The mapped fields by name, as far as they are known without asking, and what is wrong with them."""
        worked = await self._work_out(may_ask=False)
        if isinstance(worked, ValueFailed):
            return {}, (_without(worked),)
        return ({one.field.name: one.value for one in worked.present} if worked else {}), ()

    def intend(self, tx: Transaction) -> None:
        """The sync makes no task of this comment meanwhile. Raises OutdatedError when it has just begun to."""
        if not self.links or self.comment is None:
            return
        about = {"integration_id": self.target.id, "koko_id": self.comment.id}
        if tx.row(tasks.FIND_LINK, **about) is not None:
            raise OutdatedError
        tasks.intend_link(tx, self.target.id, self.comment, self.container, self.draft.title, self.clock.now_ms())

    async def perform(self) -> Outcome:
        """Makes it."""
        try:
            worked = await self._work_out(may_ask=True)
        except ProviderError as error:
            await self.database.write(self._forget)
            return later(error.explained, None) if isinstance(error, Transient) else failed(error.explained)
        try:
            item = await self.asker.ask(self.target, self._create(worked if isinstance(worked, Worked) else None))
        except ProviderError as error:
            outcome = outcome_of(error)
            if outcome.status == "later" or isinstance(error, Rejected):
                await self.database.write(self._forget)
            return outcome
        await self.database.write(lambda tx: self._keep(tx, item, worked if isinstance(worked, Worked) else None))
        note = _without(worked) if isinstance(worked, ValueFailed) else None
        return Outcome(status="succeeded", result=present(taskId=item.id, url=item.url, note=note))

    async def _work_out(self, *, may_ask: bool) -> Worked | ValueFailed | None:
        if self.comment is None:
            return None
        return await self.fields.work_out(self.target, self.provider, self.container, self.comment.id, may_ask=may_ask)

    def _create(self, worked: Worked | None) -> Callable[[Connection], Item]:
        draft = self.draft if worked is None else replace(self.draft, fields=worked.present)

        def create_task(connection: Connection) -> Item:
            return self.provider.create_task(connection, self.container, draft)

        return create_task

    def _forget(self, tx: Transaction) -> None:
        if self.links and self.comment is not None:
            tasks.forget(tx, self.target.id, self.comment.id)

    def _keep(self, tx: Transaction, item: Item, worked: Worked | None) -> None:
        now = self.clock.now_ms()
        tasks.keep(tx, self.target.id, self.draft.koko_id, self.container, item, now)
        if self.links and self.comment is not None:
            tasks.link(tx, self.target.id, self.comment, self.container, item, now)
            if worked is not None:
                tasks.note_fields(tx, self.target.id, self.comment.id, worked.base_with(item, {}), worked.seen)


def _without(problem: ValueFailed) -> str:
    return f"Made without its mapped fields: {problem}"
