"""integration.recover"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Id, Input, Moment, Number, Output
from koko_integrations.rpc.procedure import mutation


class RecoverInput(Input):
    integrationId = Id(required=True)
    since = Moment(required=True)


class RecoverOutput(Output):
    recovered = Number(whole=True, required=True)


@mutation(RecoverInput, RecoverOutput, IntegrationAccess("admin"))
async def recover(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Sends everything again that has failed since then, and what was published while a webhook was off."""
    return {"recovered": await call.app.deliveries.recover(call.integration, params["since"])}
