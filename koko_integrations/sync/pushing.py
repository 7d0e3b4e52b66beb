"""Pushing, and bringing back: what tasks and replies have in common.

Both sides are compared with what they last agreed on, and what has changed goes to the other. Whatever is about to be
made is written down first, so that after a crash it is looked for before it is made again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from koko_integrations.database import Statement, Transaction
from koko_integrations.jobs.patience import PutOffError
from koko_integrations.mapping.values import ValueFailed
from koko_integrations.sync import comments, items, links
from koko_integrations.sync.comments import Candidate
from koko_integrations.sync.items import Place
from koko_integrations.sync.links import Link
from koko_integrations.sync.mapped import Worked
from koko_integrations.sync.merging import Merged, Sides
from koko_integrations.sync.progress import EntityProgress
from koko_integrations.sync.run import Run
from koko_integrations.sync.statuses import StatusChoice
from koko_integrations.sync.wording import title_of
from providers.kit.base import PushesItems
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected, Transient
from providers.kit.items import Entity, Item


class Pushing:
    """Keeps comments of one Koko project in step with one entity of the container that it is mapped to."""

    entity: Entity

    def __init__(self, run: Run, provider: PushesItems, project_id: str, container: str, choice: StatusChoice) -> None:
        self._run = run
        self._provider = provider
        self._project_id = project_id
        self._container = container
        self._choice = choice
        self._integration_id = run.integration.id
        self._place = Place(run.integration.id, self.entity, container)

    async def _push_each(self, statement: Statement, push: Callable[[Candidate], Awaitable[None]]) -> None:
        """One item that the provider refuses fails by itself, and is tried again by the next run."""
        async for candidate in self._candidates(statement):
            try:
                await push(candidate)
            except (Rejected, ProtocolBroken) as problem:
                await self._keep_failure(candidate, f"“{title_of(candidate.comment)}”: {problem.explained}")
            except ValueFailed as problem:
                await self._keep_failure(candidate, f"“{title_of(candidate.comment)}”: {problem}")

    async def _candidates(self, statement: Statement) -> AsyncIterator[Candidate]:
        after_at, after_id = -1, ""
        while True:
            rows = await self._run.parts.database.read_long(
                statement,
                integration_id=self._integration_id,
                project_id=self._project_id,
                container=self._container,
                after_at=after_at,
                after_id=after_id,
            )
            for candidate in map(comments.read_candidate, rows):
                after_at, after_id = candidate.created_at, candidate.comment.id
                yield candidate
            if len(rows) < comments.PAGE:
                return

    async def _keep_failure(self, candidate: Candidate, said: str) -> None:
        self._run.progress.error(said)
        if candidate.link is not None and not self._run.dry:
            koko_id = candidate.comment.id
            await self._run.write(lambda tx: links.set_error(tx, self._integration_id, koko_id, said))
        await self._run.save_failed(self.entity)

    async def _create(
        self,
        candidate: Candidate,
        task_id: str | None,
        title: str,
        create: Callable[[Connection], Item],
        worked: Worked | None = None,
    ) -> None:
        comment = candidate.comment
        if self._run.dry:
            await self._count_pushed()
            return

        def intend(tx: Transaction) -> None:
            links.intend(
                tx,
                self._integration_id,
                comment.id,
                self.entity,
                self._container,
                task_id,
                title=title,
                text=comment.text,
                done=comment.resolved,
                now=self._run.now(),
            )

        try:
            item = await self._run.ask(create, intend=intend)
        except (Rejected, PutOffError, Transient) as error:
            # Being told to slow down is being told that nothing was made.
            if not isinstance(error, Transient) or error.reason == "rate_limited":
                await self._run.write(lambda tx: links.forget(tx, self._integration_id, comment.id))
            raise

        # A task that could be made but not be moved is not done yet: the next run sees that it differs, and says why.
        done = comment.resolved
        if item.done is not None:
            done = self._choice.reads_as_done(item.status_id, done=item.done)

        def keep(tx: Transaction) -> tuple[None, EntityProgress]:
            links.link(tx, self._integration_id, comment.id, item.id)
            links.agree(tx, self._integration_id, comment.id, title=item.title, text=comment.text, done=done)
            if worked is not None:
                links.set_fields(tx, self._integration_id, comment.id, worked.base_with(item, {}), worked.seen)
            items.apply(tx, self._place, [item], 0, 0, self._run.now(), full=False)
            return None, self._run.entity(self.entity).plus(pushed=1)

        await self._run.commit(keep)

    async def _update(self, link: Link, update: Callable[[Connection], Item]) -> Item | None:
        """The item as it is now; None when it is gone, and the link with it."""
        try:
            return await self._run.ask(update)
        except Missing:
            self._run.progress.note(f"“{link.base_title or link.base_text[:60]}” is not at {self._run.name} any more")
            await self._run.write(lambda tx: links.set_state(tx, self._integration_id, link.koko_id, "gone"))
            return None

    async def _agree(
        self, candidate: Candidate, merged: Merged, item: Item | None, *, title: str, fields_base: str | None = None
    ) -> None:
        comment = candidate.comment
        differs = merged.text != comment.text or merged.done != comment.resolved

        def keep(tx: Transaction) -> tuple[None, EntityProgress]:
            now = self._run.now()
            progress = self._run.entity(self.entity)
            if item is not None:
                items.apply(tx, self._place, [item], 0, 0, now, full=False)
                progress = progress.plus(pushed=1)
            if differs:
                if not comments.update(
                    tx, comment, text=merged.text, resolved=merged.done, by=self._run.integration.connected_by, now=now
                ):
                    # Somebody was at it in Koko at this moment: the next run compares again.
                    return None, progress
                progress = progress.plus(returned=1)
            links.agree(tx, self._integration_id, comment.id, title=title, text=merged.text, done=merged.done)
            if fields_base is not None:
                links.set_fields_base(tx, self._integration_id, comment.id, fields_base)
            return None, progress

        await self._run.commit(keep)

    async def _sides(self, candidate: Candidate, link: Link) -> Sides | None:
        """With the provider's side as it was last seen; None when it is gone."""
        row = await self._run.parts.database.read_one(
            items.FIND, integration_id=self._integration_id, entity=self.entity, external_id=link.external_id
        )
        if row is None or row[2] is not None:
            return None
        content, modified_at, _ = row
        web_url = self._run.parts.web_url
        return Sides(candidate.comment, link, items.load(content), modified_at, self._choice, self._run.name, web_url)

    async def _count_pushed(self) -> None:
        """For a dry run: what would have been pushed."""
        self._run.progress.entities[self.entity] = self._run.entity(self.entity).plus(pushed=1)
        await self._run.save()

    def _note_conflict(self, merged: Merged) -> None:
        if merged.conflict is not None:
            self._run.progress.note(merged.conflict)
