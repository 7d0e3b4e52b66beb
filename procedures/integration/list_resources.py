"""integration.listResources"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Choice, Flag, Id, Input, ListOf, Nested, Output, Text
from koko_integrations.rpc.procedure import query
from koko_integrations.rpc.wire import present

KINDS = ("channels", "projects", "boards", "statuses", "sites", "workspaces")


class ListResourcesInput(Input):
    integrationId = Id(required=True)
    kind = Choice(KINDS, required=True)
    projectId = Id()


class ResourceOutput(Output):
    id = Text(required=True)
    name = Text(required=True)
    parentName = Text()
    done = Flag()


class ListResourcesOutput(Output):
    resources = ListOf(Nested(ResourceOutput()), max_items=100_000, required=True)


@query(ListResourcesInput, ListResourcesOutput, IntegrationAccess("admin"))
async def list_resources(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Lists what there is at the provider to choose from: channels, projects, boards, sites, workspaces; and the
    statuses of the project that `projectId` names, with `done` where nothing is left to do."""
    found = await call.app.resources.list(call.integration, params["kind"], params.get("projectId"))
    return {
        "resources": [present(id=one.id, name=one.name, parentName=one.parent_name, done=one.done) for one in found]
    }
