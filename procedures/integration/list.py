"""integration.list"""

from typing import Any

from koko_integrations.access import TeamAccess
from koko_integrations.app import Call
from koko_integrations.contract import STATUSES
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Output, Text, Timestamp
from koko_integrations.rpc.procedure import query
from providers.kit.manifest import CATEGORIES


class ListInput(Input):
    teamId = Id(required=True)
    category = Choice(CATEGORIES)
    status = Choice(("connected", "disconnected", "all"), load_default="all")


class Entry(Output):
    provider = Text(required=True)
    providerName = Text(required=True)
    providerIcon = Text(required=True)
    category = Choice(CATEGORIES, required=True)
    description = Text(required=True)
    status = Choice(STATUSES, required=True)
    connectedAt = Timestamp()
    features = ListOf(Text(), required=True)
    integrationId = Id()


class ListOutput(Output):
    integrations = ListOf(Nested(Entry()), required=True)


@query(ListInput, ListOutput, TeamAccess("member", integrations=True))
async def list_integrations(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Lists available and connected integrations."""
    entries = call.app.catalogue.list(call.grant.integrations, params.get("category"), params["status"])
    return {"integrations": entries}
