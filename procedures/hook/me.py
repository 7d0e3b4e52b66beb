"""hook.me"""

from typing import Any

from koko_integrations.access.rules import KeyAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Id, Input, Output, Text
from koko_integrations.rpc.procedure import query


class MeInput(Input):
    pass


class MeOutput(Output):
    teamId = Id(required=True)
    teamName = Text(required=True)
    integrationId = Id(required=True)


@query(MeInput, MeOutput, KeyAccess())
async def me(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Tells whose key this is: the test of a connection, and its label."""
    name = await call.app.samples.team_name(call.team_id)
    return {"teamId": call.team_id, "teamName": name, "integrationId": call.integration.id}
