"""Runs sync jobs from beginning to end, whatever happens in between."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from koko_integrations.connections.credentials import lost, set_error
from koko_integrations.connections.store import FIND
from koko_integrations.database import AWAY, Transaction
from koko_integrations.integration import Integration
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Job
from koko_integrations.jobs.patience import BACKOFF_S, PutOffError
from koko_integrations.jobs.runner import BROKEN
from koko_integrations.journal import count_sync, write_news
from koko_integrations.registry import Registry
from koko_integrations.sync import adoption, outcome
from koko_integrations.sync.items import VISIT_BITS, set_to_visit
from koko_integrations.sync.mapped import MappedFields, mapped_fields
from koko_integrations.sync.progress import RunProgress
from koko_integrations.sync.pulling import Puller, TooManyGoneError
from koko_integrations.sync.replies import ReplyPushing
from koko_integrations.sync.run import Parts, Run
from koko_integrations.sync.statuses import StatusChoice, choose
from koko_integrations.sync.tasks import TaskPushing
from providers.kit.base import ListsItems, PushesItems
from providers.kit.errors import CredentialsRefused, ProtocolBroken, ProviderError, Rejected, Transient
from providers.kit.http import DEADLINE_S, counting_calls
from providers.kit.items import Entity

log = structlog.get_logger(__name__)

PUSH_ATTEMPTS = 3


def run_entities(provider: ListsItems, asked: list[str] | None) -> tuple[Entity, ...]:
    """What a run goes through, in the provider's order. The comments and files of tasks need the tasks."""
    wanted = [entity for entity in provider.entities if asked is None or entity in asked]
    beside_tasks = provider.per_task | provider.with_tasks
    needs_tasks = any(entity in beside_tasks for entity in wanted)
    return tuple(entity for entity in provider.entities if entity in wanted or (entity == "tasks" and needs_tasks))


AfterSync = Callable[[Transaction, Integration, int], None]
"""What follows from a sync that has brought something, in its last transaction; with the time in epoch ms."""


class SyncRunner:
    """The handler of jobs of the kind `sync`."""

    def __init__(self, parts: Parts, registry: Registry, after: AfterSync) -> None:
        self._parts = parts
        self._registry = registry
        self._after = after

    async def __call__(self, job: Job) -> None:
        row = await self._parts.database.read_one(FIND, id=job.integration_id)
        if row is None:
            raise store.OvertakenError
        integration = Integration._make(row)
        provider = self._registry.find(integration.provider)
        assert isinstance(provider, ListsItems), "a sync is only asked for where there is something to pull"
        entities = run_entities(provider, job.request.get("entities"))
        progress = RunProgress.load(job.state, entities)
        with counting_calls() as calls:
            run = Run(self._parts, job, integration, provider, progress, calls)
            await self._attempt(run, entities)

    async def _attempt(self, run: Run, entities: tuple[Entity, ...]) -> None:
        status: str | None = None
        refused: CredentialsRefused | None = None
        whole = False
        try:
            if run.integration.status != "connected":
                run.progress.error(f"{run.name} is not connected any more")
            else:
                await self._run_all(run, entities)
                whole = True
        except store.CancelledError:
            status = "cancelled"
        except PutOffError as put_off:
            try:
                if await self._put_off(run, put_off):
                    return
            except store.CancelledError:
                status = "cancelled"
        except CredentialsRefused as error:
            refused = error
            run.progress.error(error.explained)
        except ProviderError as error:
            run.progress.error(error.explained)
        except (store.OvertakenError, *AWAY):
            raise
        except Exception as error:
            log.error("sync broke", exc_info=error)
            run.progress.error(BROKEN)
        await self._finish(run, status, refused, whole=whole)

    async def _run_all(self, run: Run, entities: tuple[Entity, ...]) -> None:
        provider = run.provider
        puller = Puller(run, frozenset(entities))
        if not provider.mapped:
            folder = run.config.get("syncFolder") or None if provider.manifest.category == "storage" else None
            for entity in entities:
                await self._guarded(run, entity, None, puller, folder)
                run.progress.set_done(entity)
        else:
            await self._run_mapped(run, puller, entities)
        for entity in entities:
            run.progress.set_done(entity)

    async def _run_mapped(self, run: Run, puller: Puller, entities: tuple[Entity, ...]) -> None:
        mapping: Mapping[str, str] = run.config.get("projectMapping") or {}
        containers = list(dict.fromkeys(mapping.values()))
        if "projects" in entities:
            if run.full or not containers:
                await self._guarded(run, "projects", None, puller, None)
            else:
                await puller.refresh_projects(containers)
            run.progress.set_done("projects")
        if not containers:
            left = [entity for entity in entities if entity != "projects"]
            if left:
                run.progress.note(f"Nothing is mapped to {run.name}: set projectMapping to sync {', '.join(left)}")
            for unmapped in left:
                run.progress.entities[unmapped] = replace(run.entity(unmapped), status="skipped")
            return
        for container in containers:
            failed: str | None = None
            fields = await self._fields(run, container)
            puller.reads = () if fields is None else fields.reads
            for entity in entities:
                if entity != "projects" and failed is None:
                    failed = None if await self._guarded(run, entity, container, puller, container) else entity
            # Nothing is pushed that needs the files to have been seen.
            if failed in (None, "files") and isinstance(run.provider, PushesItems):
                for project_id in [koko for koko, external in mapping.items() if external == container]:
                    await self._keep_in_step(run, run.provider, puller, project_id, container, fields)

    async def _fields(self, run: Run, container: str) -> MappedFields | None:
        """The mapped fields; a project whose fields cannot be read is synced without them, and that is said."""
        try:
            return await mapped_fields(run, container)
        except (Rejected, ProtocolBroken) as problem:
            run.progress.error(f"fields of {container}: {problem.explained}")
            return None

    async def _guarded(
        self, run: Run, entity: Entity, container: str | None, puller: Puller, pulled: str | None
    ) -> bool:
        """Pulls one entity of one container; what only concerns this one fails alone. Whether it worked."""
        try:
            if entity in run.provider.with_tasks:
                return True
            if entity in run.provider.per_task and container is not None:
                await puller.visit(entity, container)
            else:
                await puller.pull(entity, pulled, full=run.full)
        except (TooManyGoneError, Rejected, ProtocolBroken) as problem:
            said = problem.explained if isinstance(problem, ProviderError) else str(problem)
            where = f" of {container}" if container else ""
            run.progress.error(f"{entity}{where}: {said}")
            run.progress.entities[entity] = replace(run.entity(entity), status="failed", reason=said)
            await run.save()
            return False
        return True

    async def _keep_in_step(
        self,
        run: Run,
        provider: PushesItems,
        puller: Puller,
        project_id: str,
        container: str,
        fields: MappedFields | None,
    ) -> None:
        asked = run.job.request.get("entities")
        choice = await choose(run, provider, project_id, container)
        tasks = TaskPushing(run, provider, project_id, container, choice, fields)
        replies = ReplyPushing(run, provider, project_id, container, choice)
        for attempt in range(PUSH_ATTEMPTS):
            await self._settle(run, provider, puller, container, choice)
            try:
                if asked is None or "tasks" in asked:
                    await tasks.push()
                    await tasks.close_vanished()
                if "comments" in provider.entities and (asked is None or "comments" in asked):
                    await replies.push()
            except Transient:
                # Whether it was made is not known: wait, look for it, and go on.
                if attempt == PUSH_ATTEMPTS - 1:
                    raise
                await run.parts.clock.sleep(BACKOFF_S[attempt])
            else:
                return

    async def _settle(
        self, run: Run, provider: PushesItems, puller: Puller, container: str, choice: StatusChoice
    ) -> None:
        """Looks for what was asked for and never confirmed, by pulling once more."""
        left = await adoption.unconfirmed(run, container)
        if not left or run.dry:
            return
        # Until a request would have been given up it may still be under way: from a process that is no more, or has
        # been overtaken; or the provider is still at it.
        age_s = (run.now() - max(link.attempted_at for link in left)) / 1000
        wait_s = DEADLINE_S + provider.settles_after_s - age_s
        if wait_s > 0:
            await run.parts.clock.sleep(wait_s)
        await puller.pull("tasks", container, full=False, again=True)
        replies = [link for link in left if link.entity == "comments"]
        if replies and "comments" in provider.per_task:

            def visit_again(tx: Transaction) -> None:
                for link in replies:
                    set_to_visit(tx, run.integration.id, str(link.parent_id), VISIT_BITS["comments"])

            await run.write(visit_again)
            await puller.visit("comments", container)
        elif replies and "comments" not in provider.with_tasks:
            await puller.pull("comments", container, full=False, again=True)
        await adoption.adopt(run, left, choice)

    async def _put_off(self, run: Run, put_off: PutOffError) -> bool:
        """Lets the job wait as long as the provider asks; False when that is too long, or has been too often.

        Raises CancelledError where it is not to go on at all.
        """
        if not put_off.suits(run.job):
            run.progress.error(put_off.gave_up)
            return False
        due_at = run.now() + int(put_off.delay_s * 1000)
        state = run.progress.dump()

        def keep(tx: Transaction) -> None:
            if store.put_off(tx, run.job, state, [put_off.explained], due_at):
                raise store.CancelledError
            run.count_last_calls(tx)

        await self._parts.database.write(keep)
        return True

    async def _finish(self, run: Run, status: str | None, refused: CredentialsRefused | None, *, whole: bool) -> None:
        ended = status or run.progress.outcome()
        run.progress.close(cancelled=status == "cancelled")

        def finish(tx: Transaction) -> None:
            now = run.now()
            run.count_last_calls(tx)
            store.finish(tx, run.job, ended, run.progress.dump(), run.progress.errors, now)
            if refused is not None and run.is_current(tx) and set_error(tx, run.integration.id, now):
                write_news(tx, run.integration.id, "failed", lost(refused.explained), now)
            if not run.dry:
                count_sync(tx, run.integration.id, now)
                outcome.record(tx, run, ended, now, whole=whole)
                if whole and run.progress.is_through:
                    self._after(tx, run.integration, now)

        await self._parts.database.write(finish)
        log.info("sync ended", status=ended, moved=run.progress.moved, failed=run.progress.failed)
