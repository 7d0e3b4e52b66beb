"""`integration.sync`: from what was asked to a job that will be done."""

from collections.abc import Sequence
from typing import Any

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Transaction
from koko_integrations.errors import BadRequest, PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Job
from koko_integrations.jobs.keeper import JobKeeper
from koko_integrations.registry import Registry
from koko_integrations.sync.estimate import estimate_ms
from providers.kit.base import ListsItems


class SyncRequests:
    """Takes requests for syncs."""

    def __init__(self, clock: Clock, database: Database, registry: Registry, keeper: JobKeeper) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._keeper = keeper

    async def start(
        self,
        integration: Integration,
        *,
        sync_type: str,
        entities: Sequence[str] | None,
        dry_run: bool,
        force: bool,
        requested_by: str,
        request_id: str,
    ) -> Job:
        """The job, durable and on its way; the one that is at it already, where there is one.

        Raises BadRequest for entities that the provider lacks, PreconditionFailed where nothing is connected.
        """
        self._check(integration, entities)
        request: dict[str, Any] = {"syncType": sync_type}
        if entities is not None:
            request["entities"] = list(dict.fromkeys(entities))
        request |= {name: True for name, given in (("dryRun", dry_run), ("force", force)) if given}

        def create(tx: Transaction) -> tuple[Job, bool]:
            now = self._clock.now_ms()
            recent = tx.rows(store.RECENT_RUNS, integration_id=integration.id, kind="sync")
            return store.create(
                tx,
                integration.id,
                "sync",
                request,
                cause="manual",
                requested_by=requested_by,
                request_id=request_id,
                estimated_ms=estimate_ms(recent, request),
                now=now,
                due_at=now,
            )

        job, is_new = await self._database.write(create)
        if is_new:
            await self._keeper.enqueue(job)
        return job

    def _check(self, integration: Integration, entities: Sequence[str] | None) -> None:
        provider = self._registry.find(integration.provider)
        name = integration.provider_name
        if not isinstance(provider, ListsItems):
            raise BadRequest.field("integrationId", f"{name} has nothing to sync")
        for entity in entities or ():
            if entity not in provider.entities:
                raise BadRequest.field("entities", f"{name} has no {entity}; it has {', '.join(provider.entities)}")
        if entities is not None and not entities:
            raise BadRequest.field("entities", f"Name at least one of {', '.join(provider.entities)}, or leave it out")
        if integration.status == "error":
            raise PreconditionFailed(f"{name} no longer accepts the connection; connect it again first")
        if integration.status != "connected":
            raise PreconditionFailed(f"{name} is not connected; connect it first")
