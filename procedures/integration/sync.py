"""integration.sync"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Choice, Flag, Id, Input, ListOf, Nested, Number, Output
from koko_integrations.rpc.procedure import mutation
from providers.kit.items import ENTITIES


class SyncInput(Input):
    integrationId = Id(required=True)
    syncType = Choice(("full", "incremental"), load_default="incremental")
    entities = ListOf(Choice(ENTITIES), max_items=len(ENTITIES))
    dryRun = Flag(load_default=False)
    force = Flag(load_default=False)


class QueuedJob(Output):
    id = Id(required=True)
    status = Choice(("queued", "running"), required=True)
    estimatedTime = Number(whole=True, required=True)


class SyncOutput(Output):
    job = Nested(QueuedJob(), required=True)


@mutation(SyncInput, SyncOutput, IntegrationAccess("admin"))
async def sync(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Starts a sync, or answers with the one that is at it. estimatedTime is in milliseconds, from this integration's
    own history. With dryRun nothing is changed on either side; with force a full sync may remove more than half."""
    job = await call.app.syncs.start(
        call.integration,
        sync_type=params["syncType"],
        entities=params.get("entities"),
        dry_run=params["dryRun"],
        force=params["force"],
        requested_by=call.actor.label,
        request_id=call.request_id,
    )
    return {"job": {"id": job.id, "status": job.status, "estimatedTime": job.state.get("estimatedTime", 0)}}
