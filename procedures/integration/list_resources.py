"""integration.listResources"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Choice, Flag, Id, Input, ListOf, Nested, Output, Text
from koko_integrations.rpc.procedure import query
from koko_integrations.rpc.wire import present
from providers.kit.field_values import KINDS as FIELD_KINDS

KINDS = ("channels", "projects", "boards", "statuses", "fields", "sites", "workspaces")


class ListResourcesInput(Input):
    integrationId = Id(required=True)
    kind = Choice(KINDS, required=True)
    projectId = Id()


class ResourceOutput(Output):
    id = Text(required=True)
    name = Text(required=True)
    parentName = Text()
    done = Flag()
    type = Choice(FIELD_KINDS)
    writable = Flag()


class ListResourcesOutput(Output):
    resources = ListOf(Nested(ResourceOutput()), max_items=100_000, required=True)


@query(ListResourcesInput, ListResourcesOutput, IntegrationAccess("admin"))
async def list_resources(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Lists what there is at the provider to choose from: channels, projects, boards, sites, workspaces; and of the
    project that `projectId` names the statuses, with `done` where nothing is left to do, and the fields of its tasks,
    with their `type`, and whether they are `writable` by mapFields."""
    found = await call.app.resources.list(call.integration, params["kind"], params.get("projectId"))
    return {
        "resources": [
            present(
                id=one.id,
                name=one.name,
                parentName=one.parent_name,
                done=one.done,
                type=one.type,
                writable=one.writable,
            )
            for one in found
        ]
    }
