"""integration.exportAssets"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.contract import QueuedFilesJob
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Output, Text
from koko_integrations.rpc.procedure import mutation

MOST_FILES = 50


class ExportAssetsInput(Input):
    integrationId = Id(required=True)
    assetIds = ListOf(Id(), required=True, min_items=1, max_items=MOST_FILES)
    folderId = Text(min_chars=1, max_chars=2048)
    onConflict = Choice(("fail", "replace", "rename"), load_default="fail")


class ExportAssetsOutput(Output):
    job = Nested(QueuedFilesJob(), required=True)


@mutation(ExportAssetsInput, ExportAssetsOutput, IntegrationAccess("member", editor_of="assetIds"))
async def export_assets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Starts an export of 1 to 50 assets into a folder of the provider, or its top one. Where a file of that name is
    there, the export of it fails unless `onConflict` says otherwise. integration.getJob follows them."""
    job = await call.app.transfers.start_export(
        call.integration,
        asset_ids=list(dict.fromkeys(params["assetIds"])),
        folder=params.get("folderId"),
        on_conflict=params["onConflict"],
        actor=call.actor,
        request_id=call.request_id,
    )
    return {"job": {"id": job.id, "totalFiles": len(set(params["assetIds"])), "status": "queued"}}
