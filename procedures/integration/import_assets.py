"""integration.importAssets"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.contract import QueuedFilesJob
from koko_integrations.rpc.fields import Id, Input, ListOf, Nested, Output, Text
from koko_integrations.rpc.procedure import mutation

MOST_FILES = 50


class ImportedFile(Input):
    externalPath = Text(required=True, min_chars=1, max_chars=2048)
    title = Text(max_chars=10_000)


class ImportAssetsInput(Input):
    integrationId = Id(required=True)
    projectId = Id(required=True)
    folderId = Id()
    files = ListOf(Nested(ImportedFile()), required=True, min_items=1, max_items=MOST_FILES)


class ImportAssetsOutput(Output):
    job = Nested(QueuedFilesJob(), required=True)


@mutation(ImportAssetsInput, ImportAssetsOutput, IntegrationAccess("member", editor_of="projectId"))
async def import_assets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Starts an import of 1 to 50 files into a project, or into one of its folders. Each is verified before it shows;
    one that fails harms no other. integration.getJob follows them."""
    job = await call.app.transfers.start_import(
        call.integration,
        project_id=params["projectId"],
        folder_id=params.get("folderId"),
        files=params["files"],
        actor=call.actor,
        request_id=call.request_id,
    )
    return {"job": {"id": job.id, "totalFiles": len(params["files"]), "status": "queued"}}
