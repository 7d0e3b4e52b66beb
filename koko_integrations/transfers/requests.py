"""`integration.importAssets` and `exportAssets`: from what was asked to jobs that will be done."""

from collections.abc import Sequence
from typing import Any

from koko_integrations.access import Actor
from koko_integrations.clock import Clock
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.errors import BadRequest, PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Cause, Job
from koko_integrations.jobs.keeper import JobKeeper
from koko_integrations.koko import AssetFolder, Project
from koko_integrations.registry import Registry
from koko_integrations.transfers import files as rows
from koko_integrations.transfers.browsing import has_files, require_connected
from providers.kit.transfers import ReadsFiles, WritesFiles

ESTIMATED_MS_PER_FILE = 5_000
_FIND_FOLDER = Statement(
    AssetFolder.select(AssetFolder.id).where(
        (AssetFolder.id == param("id")) & (AssetFolder.project_id == param("project_id"))
    )
)
_FIND_OWNER = Statement(Project.select(Project.owner_id).where(Project.id == param("id")))


class TransferRequests:
    """Takes requests for imports and exports."""

    def __init__(self, clock: Clock, database: Database, registry: Registry, keeper: JobKeeper) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._keeper = keeper

    async def start_import(
        self,
        integration: Integration,
        *,
        project_id: str,
        folder_id: str | None,
        files: Sequence[dict[str, Any]],
        actor: Actor,
        request_id: str,
    ) -> Job:
        """The job, durable and on its way.

        Raises BadRequest for providers without files and folders that the project does not have, PreconditionFailed
        where nothing is connected.
        """
        provider = self._registry.find(integration.provider)
        if not isinstance(provider, ReadsFiles):
            said = f"{integration.provider_name} has no files to import; {has_files(self._registry)} have"
            raise BadRequest.field("integrationId", said)
        require_connected(integration)
        if folder_id is not None:
            found = await self._database.read_one(_FIND_FOLDER, id=folder_id, project_id=project_id)
            if found is None:
                raise BadRequest.field("folderId", "The project has no such folder")
        wanted = [{"external_path": file["externalPath"], "title": file.get("title")} for file in files]

        def create(tx: Transaction) -> Job:
            return create_import(
                tx,
                integration,
                project_id,
                wanted,
                folder_id=folder_id,
                uploaded_by=actor.user_id,
                cause="manual",
                requested_by=actor.label,
                request_id=request_id,
                now=self._clock.now_ms(),
            )

        job = await self._database.write(create)
        await self._keeper.enqueue(job)
        return job

    async def start_export(
        self,
        integration: Integration,
        *,
        asset_ids: Sequence[str],
        folder: str | None,
        on_conflict: str,
        actor: Actor,
        request_id: str,
    ) -> Job:
        """The job, durable and on its way. Raises BadRequest for providers that take no files, PreconditionFailed where
        nothing is connected or writing was not granted."""
        provider = self._registry.find(integration.provider)
        name = integration.provider_name
        if not isinstance(provider, WritesFiles):
            raise BadRequest.field("integrationId", f"{name} takes no files")
        require_connected(integration)
        if integration.auth_method == "oauth2" and "File export" in provider.manifest.features_off(
            tuple(integration.scope)
        ):
            raise PreconditionFailed(f"{name} was not granted for writing; connect it again to grant it")

        def create(tx: Transaction) -> Job:
            now = self._clock.now_ms()
            job, _ = store.create(
                tx,
                integration.id,
                "export",
                {"folderId": folder, "onConflict": on_conflict},
                cause="manual",
                requested_by=actor.label,
                request_id=request_id,
                estimated_ms=ESTIMATED_MS_PER_FILE * len(asset_ids),
                now=now,
                due_at=now,
                alone=False,
            )
            rows.add(tx, job.id, [{"asset_id": asset_id} for asset_id in asset_ids])
            return job

        job = await self._database.write(create)
        await self._keeper.enqueue(job)
        return job


def create_import(
    tx: Transaction,
    integration: Integration,
    project_id: str,
    wanted: Sequence[dict[str, Any]],
    *,
    folder_id: str | None = None,
    uploaded_by: str | None,
    cause: Cause,
    requested_by: str,
    request_id: str,
    now: int,
) -> Job:
    """An import of files into a project. What nobody in particular has asked for is uploaded in the name of whoever
    connected, or else of the project's owner."""
    owner = tx.row(_FIND_OWNER, id=project_id)
    request = {
        "projectId": project_id,
        "folderId": folder_id,
        "uploadedBy": uploaded_by or integration.connected_by or (owner[0] if owner else None),
    }
    job, _ = store.create(
        tx,
        integration.id,
        "import",
        {name: value for name, value in request.items() if value is not None},
        cause=cause,
        requested_by=requested_by,
        request_id=request_id,
        estimated_ms=ESTIMATED_MS_PER_FILE * len(wanted),
        now=now,
        due_at=now,
        alone=False,
    )
    rows.add(tx, job.id, wanted)
    return job
