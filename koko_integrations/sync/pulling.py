"""Pulling: pages of an entity of a container, each committed with the place where the next one begins."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from koko_integrations.database import Transaction
from koko_integrations.sync import comments, folders, items, links, passes
from koko_integrations.sync.items import VISIT_BITS, Place
from koko_integrations.sync.passes import Pass
from koko_integrations.sync.progress import EntityProgress
from koko_integrations.sync.run import Run, all_or_first_error
from providers.kit.base import ListsItems
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected, StartOver
from providers.kit.field_values import ExternalField
from providers.kit.items import Entity, Item, Page, Pull

VISITS_AT_ONCE = 4
SMALL = 10
"""So few items may all disappear at once; of more, no more than half without being forced."""
MOST_PAGES = 100_000
MOST_REFUSED = 10
"""So many tasks in a row that may not be looked at: then it is not the tasks."""


class TooManyGoneError(Exception):
    """A full pass misses more than half of what was there."""


class Puller:
    """Pulls one entity of one container after another."""

    def __init__(self, run: Run, wanted: frozenset[Entity]) -> None:
        self._run = run
        self._provider: ListsItems = run.provider
        self._wanted = wanted
        # What a full dry run has seen of what is known: it leaves no marks to tell by.
        self._seen: set[str] = set()
        self._refused = 0
        # Of the container that is at hand.
        self.reads: tuple[ExternalField, ...] = ()
        self._visit_bits = sum(bit for entity, bit in VISIT_BITS.items() if entity in self._visited)

    @property
    def _visited(self) -> frozenset[Entity]:
        return self._provider.per_task & self._wanted

    async def pull(self, entity: Entity, container: str | None, *, full: bool, again: bool = False) -> None:
        """A whole pass; one that a crash or a cancelled attempt has left is continued, one that is done is not repeated
        unless `again`. Raises TooManyGoneError, or what `Run.ask` raises."""
        place = Place(self._run.integration.id, entity, container or "")
        current = await self._begin(place, full=full)
        if current.done:
            if not again:
                return
            current = replace(current, done=False, cursor=None, full=False)
        started_over = False
        self._seen.clear()
        for _ in range(MOST_PAGES):
            asked = Pull(
                entity=entity, container=container, since=current.since, cursor=current.cursor, reads=self.reads
            )
            try:
                page = await self._run.ask(_asking(self._provider, asked))
            except StartOver:
                if started_over:
                    raise
                started_over = True
                self._seen.clear()
                current = replace(
                    current, since=None, full=True, cursor=None, generation=current.generation + 1, next_watermark=None
                )
                continue
            if page.cursor is not None and page.cursor == current.cursor:
                raise ProtocolBroken(f"{self._run.name} sends the same page again and again")
            current = await self._keep(current, page)
            if current.done:
                return
        raise ProtocolBroken(f"{self._run.name} sends pages without end")

    async def refresh_projects(self, containers: Iterable[str]) -> None:
        """The mapped projects alone, one request each: what an incremental run looks at of them."""
        place = Place(self._run.integration.id, "projects", "")
        # Another attempt looks at all of them once more.
        self._run.progress.entities["projects"] = replace(self._run.entity("projects"), status="running", done=0)
        for container in containers:
            try:
                page = await self._run.ask(_asking(self._provider, Pull(entity="projects", container=container)))
            except (Rejected, ProtocolBroken) as problem:
                self._run.progress.error(f"projects: {container}: {problem.explained}")
                await self._run.save_failed("projects")
                continue

            def keep(tx: Transaction, page: Page = page) -> tuple[None, EntityProgress]:
                # Of no generation: the next full pass counts as seen only what it sees itself.
                applied = items.apply(tx, place, page.items, 0, 0, self._run.now(), full=False, write=not self._run.dry)
                changed = self._run.entity("projects").plus(
                    done=len(page.items), created=applied.created, updated=applied.updated, failed=len(page.skipped)
                )
                return None, changed

            await self._run.commit(keep)

    async def visit(self, entity: Entity, container: str) -> None:
        """The comments or files of every task that is still to be looked at, a few tasks at once."""
        database = self._run.parts.database
        where = {"integration_id": self._run.integration.id, "container": container, "bit": VISIT_BITS[entity]}
        due = (await database.read_long(items.COUNT_TO_VISIT, **where))[0][0]
        progress = self._run.entity(entity)
        self._run.progress.entities[entity] = replace(progress, status="running", total=progress.done + due)
        after = ""
        self._refused = 0
        while rows := await database.read(items.TO_VISIT, **where, after=after):
            after = rows[-1][0]
            left = iter([row[0] for row in rows])
            await all_or_first_error(self._visit_each(entity, container, left) for _ in range(VISITS_AT_ONCE))

    async def _visit_each(self, entity: Entity, container: str, task_ids: Iterator[str]) -> None:
        for task_id in task_ids:
            try:
                await self._visit_task(entity, container, task_id)
            except (Rejected, ProtocolBroken) as problem:
                self._refused += 1
                if self._refused >= MOST_REFUSED:
                    raise
                self._run.progress.error(f"{entity} of task {task_id}: {problem.explained}")
                await self._run.save_failed(entity)
            else:
                self._refused = 0

    async def _begin(self, place: Place, *, full: bool) -> Pass:
        run = self._run

        def begin(tx: Transaction) -> tuple[Pass, int]:
            if not self._provider.mapped and not run.dry:
                folders.forget_others(tx, place)
            current = passes.begin(tx, place, run.job.id, full=full)
            return current, items.count_unseen(tx, place, 0)[0] if current.full else 0

        current, known = await run.parts.database.write(begin)
        progress = run.entity(place.entity)
        if progress.status == "pending":
            progress = replace(progress, status="running")
        # Only what was there the last time can be told ahead; a project that is new makes the total unknown.
        if known and not current.done and current.cursor is None:
            progress = replace(progress, total=(progress.total or progress.done) + known)
        run.progress.entities[place.entity] = progress
        return current

    async def _keep(self, current: Pass, page: Page) -> Pass:
        run, place = self._run, current.place
        own = [item for item in page.items if item.entity in (None, place.entity)]
        for skipped in page.skipped:
            run.progress.error(f"{place.entity} {skipped.id}: {skipped.reason}")
        after = replace(
            current,
            cursor=page.cursor,
            next_watermark=page.watermark or current.next_watermark,
            done=page.cursor is None,
        )

        def keep(tx: Transaction) -> tuple[Pass, EntityProgress]:
            now = run.now()
            bits = self._visit_bits if place.entity == "tasks" else 0
            applied = items.apply(tx, place, own, after.generation, bits, now, full=current.full, write=not run.dry)
            if not run.dry:
                # Before anything is deleted: what a page shows and then calls gone stays gone.
                links.mark_changed(tx, place, applied.changed_ids)
                passes.save(tx, after)
            gone = self._delete(tx, place, page.gone, now)
            if current.full:
                unread = [skipped.id for skipped in page.skipped]
                if run.dry:
                    self._seen |= items.find_live(tx, place, [*(item.id for item in own), *unread, *page.gone])
                else:
                    items.spare(tx, place, unread, after.generation)
            if after.done and current.full:
                gone += self._delete_unseen(tx, place, after, now)
            self._keep_children(tx, place, own, page, after.generation, now)
            changed = run.entity(place.entity).plus(
                done=len(own) + len(page.gone),
                created=applied.created,
                updated=applied.updated,
                deleted=gone,
                failed=len(page.skipped),
            )
            return after, changed

        return await run.commit(keep)

    def _delete(self, tx: Transaction, place: Place, ids: tuple[str, ...], now: int) -> int:
        if place.entity == "files":
            ids = folders.with_contents(tx, place, ids)
        if self._run.dry:
            return len(items.find_live(tx, place, ids))
        gone = items.delete(tx, place, ids, now)
        self._unlink(tx, place, gone)
        return len(gone)

    def _delete_unseen(self, tx: Transaction, place: Place, current: Pass, now: int) -> int:
        run = self._run
        known, unseen = items.count_unseen(tx, place, current.generation)
        if run.dry:
            unseen = known - len(self._seen)
        if unseen > SMALL and unseen * 2 > known and not run.forced:
            raise TooManyGoneError(
                f"{unseen} of {known} {place.entity} are not at {run.name} any more; nothing was removed. "
                "If that is right, sync again with force"
            )
        if run.dry:
            return unseen
        gone = items.delete_unseen(tx, place, current.generation, now)
        self._unlink(tx, place, gone)
        return len(gone)

    def _unlink(self, tx: Transaction, place: Place, gone: tuple[str, ...]) -> None:
        for koko_id, origin in links.mark_gone(tx, place, gone):
            if origin == "external":
                comments.remove(tx, koko_id)
                links.forget(tx, place.integration_id, koko_id)
            elif place.entity == "tasks":
                self._run.progress.note(f"A task was deleted at {self._run.name}; the comment in Koko stays")

    def _keep_children(
        self, tx: Transaction, place: Place, tasks: list[Item], page: Page, generation: int, now: int
    ) -> None:
        """What came along with a page of tasks, in the same transaction; it counts under its own entity."""
        unread = [skipped.id for skipped in page.skipped]
        for entity in self._provider.with_tasks & self._wanted if place.entity == "tasks" else ():
            there = Place(place.integration_id, entity, place.container)
            mine = [item for item in page.items if item.entity == entity]
            applied = items.apply(tx, there, mine, generation, 0, now, full=False, write=not self._run.dry)
            gone = 0
            if not self._run.dry:
                links.mark_changed(tx, there, applied.changed_ids)
                for task in tasks:
                    seen = [*(item.id for item in mine if item.parent_id == task.id), *unread]
                    missing = items.delete_missing_children(tx, there, task.id, seen, now)
                    self._unlink(tx, there, missing)
                    gone += len(missing)
            self._run.progress.entities[entity] = self._run.entity(entity).plus(
                done=len(mine), created=applied.created, updated=applied.updated, deleted=gone
            )

    async def _visit_task(self, entity: Entity, container: str, task_id: str) -> None:
        run = self._run
        found: list[Item] = []
        skipped: list[str] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            asked = Pull(entity=entity, container=container, parent=task_id, cursor=cursor)
            try:
                page = await run.ask(_asking(self._provider, asked))
            except Missing:
                # The task has gone since we saw it.
                break
            found += page.items
            for one in page.skipped:
                skipped.append(one.id)
                run.progress.error(f"{entity} {one.id}: {one.reason}")
            if page.cursor is None:
                break
            if page.cursor == cursor:
                raise ProtocolBroken(f"{run.name} sends the same page again and again")
            cursor = page.cursor
        else:
            raise ProtocolBroken(f"{run.name} sends pages without end")
        place = Place(run.integration.id, entity, container)

        def keep(tx: Transaction) -> tuple[None, EntityProgress]:
            now = run.now()
            applied = items.apply(tx, place, found, 0, 0, now, full=False, write=not run.dry)
            gone = 0
            if not run.dry:
                links.mark_changed(tx, place, applied.changed_ids)
                missing = items.delete_missing_children(
                    tx, place, task_id, [*(item.id for item in found), *skipped], now
                )
                self._unlink(tx, place, missing)
                gone = len(missing)
                items.set_visited(tx, place.integration_id, task_id, VISIT_BITS[entity])
            changed = run.entity(entity).plus(
                done=1, created=applied.created, updated=applied.updated, deleted=gone, failed=len(skipped)
            )
            return None, changed

        await run.commit(keep)


def _asking(provider: ListsItems, asked: Pull) -> Callable[[Connection], Page]:
    def pull(connection: Connection) -> Page:
        return provider.pull(connection, asked)

    return pull
