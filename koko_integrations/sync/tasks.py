"""A comment that is no reply, and its task."""

from dataclasses import replace

from koko_integrations.database import Transaction
from koko_integrations.sync import comments, items, links
from koko_integrations.sync.comments import Candidate
from koko_integrations.sync.links import Link
from koko_integrations.sync.mapped import MappedFields
from koko_integrations.sync.progress import EntityProgress
from koko_integrations.sync.pushing import Pushing
from koko_integrations.sync.run import Run
from koko_integrations.sync.statuses import StatusChoice
from koko_integrations.sync.wording import compose, frame_url, title_of
from providers.kit.base import PushesItems
from providers.kit.connection import Connection
from providers.kit.errors import ProtocolBroken, Rejected
from providers.kit.items import Change, Draft, Item


class TaskPushing(Pushing):
    """Keeps comments and tasks in step: words, and whether nothing is left to do."""

    entity = "tasks"

    def __init__(
        self,
        run: Run,
        provider: PushesItems,
        project_id: str,
        container: str,
        choice: StatusChoice,
        fields: MappedFields | None,
    ) -> None:
        super().__init__(run, provider, project_id, container, choice)
        self._fields = fields

    async def push(self) -> None:
        """Every comment that has no task yet, or whose task or self has changed."""
        await self._push_each(comments.TASKS_TO_DO, self._push)
        if self._fields is not None:
            await self._fields.push(self._project_id)

    async def close_vanished(self) -> None:
        """Tasks whose Koko comment has been deleted: they are closed, not deleted."""
        where = {"integration_id": self._integration_id, "container": self._container}
        seen: set[str] = set()
        while rows := await self._run.parts.database.read_long(comments.VANISHED, **where):
            fresh = [link for link in map(Link._make, rows) if link.koko_id not in seen]
            if not fresh or self._run.dry:
                return
            for link in fresh:
                seen.add(link.koko_id)
                await self._close(link)

    async def _push(self, candidate: Candidate) -> None:
        comment, link = candidate.comment, candidate.link
        url = frame_url(self._run.parts.web_url, comment)
        if link is None:
            worked = None if self._fields is None else await self._fields.draft(comment.id)
            draft = Draft(
                title=title_of(comment),
                text=compose(comment, url),
                url=url,
                koko_id=comment.id,
                done=comment.resolved,
                status_id=self._choice.target(done=True) if comment.resolved else self._choice.open_id,
                fields=() if worked is None else worked.present,
                reads=() if self._fields is None else self._fields.reads,
            )

            def create_task(connection: Connection) -> Item:
                return self._provider.create_task(connection, self._container, draft)

            await self._create(candidate, None, draft.title, create_task, worked)
            return
        sides = await self._sides(candidate, link)
        if sides is None:
            return
        if self._fields is not None:
            sides = replace(sides, edits=self._fields.edits(link, sides.content))
        merged = sides.merge()
        change = sides.lacks(merged)
        self._note_conflict(merged)
        if self._run.dry:
            if change is not None:
                await self._count_pushed()
            return
        item = None
        if change is not None:
            item = await self._update_task(link, change)
            if item is None:
                return
        title = merged.title if item is None else item.title
        await self._agree(candidate, merged, item, title=title, fields_base=sides.edits.base)

    async def _update_task(self, link: Link, change: Change) -> Item | None:
        task_id = str(link.external_id)
        if self._fields is not None:
            change = replace(change, reads=self._fields.reads)

        def update_task(connection: Connection) -> Item:
            return self._provider.update_task(connection, self._container, task_id, change)

        return await self._update(link, update_task)

    async def _close(self, link: Link) -> None:
        item: Item | None = None
        if link.entity == "tasks" and link.origin == "koko":
            change = Change(url="", koko_id=link.koko_id, done=True, status_id=self._choice.target(done=True))
            try:
                item = await self._update_task(link, change)
                if item is None:
                    return
            except (Rejected, ProtocolBroken) as problem:
                self._run.progress.error(f"“{link.base_title}”: {problem.explained}")
                return
            self._run.progress.note(
                f"“{link.base_title}” was deleted in Koko; its task at {self._run.name} was closed, not deleted"
            )

        def keep(tx: Transaction) -> tuple[None, EntityProgress]:
            links.set_state(tx, self._integration_id, link.koko_id, "closed")
            if item is not None:
                items.apply(tx, self._place, [item], 0, 0, self._run.now(), full=False)
            return None, self._run.entity(self.entity).plus(pushed=int(link.entity == "tasks"))

        await self._run.commit(keep)
