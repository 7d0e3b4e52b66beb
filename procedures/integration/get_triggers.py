"""integration.getTriggers"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Id, Input, ListOf, Nested, Output
from koko_integrations.rpc.procedure import query
from procedures.integration.set_triggers import TriggerOutput


class GetTriggersInput(Input):
    integrationId = Id(required=True)


class GetTriggersOutput(Output):
    triggers = ListOf(Nested(TriggerOutput()), required=True)


@query(GetTriggersInput, GetTriggersOutput, IntegrationAccess("admin"))
async def get_triggers(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The triggers of an integration, in order, as setTriggers takes them; secrets are masked."""
    return {"triggers": [rule.to_wire() for rule in await call.app.rehearsal.triggers(call.integration)]}
