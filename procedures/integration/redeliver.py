"""integration.redeliver"""

from typing import Any

from koko_integrations.access.rules import DeliveryAccess
from koko_integrations.app import Call
from koko_integrations.contract import DeliveryOutput
from koko_integrations.rpc.fields import Id, Input, Nested, Output
from koko_integrations.rpc.procedure import mutation


class RedeliverInput(Input):
    deliveryId = Id(required=True)


class RedeliverOutput(Output):
    delivery = Nested(DeliveryOutput(), required=True)


@mutation(RedeliverInput, RedeliverOutput, DeliveryAccess("admin"))
async def redeliver(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Sends a delivery again, under the same id, with seven attempts ahead of it."""
    return {"delivery": await call.app.deliveries.redeliver(call.integration, params["deliveryId"])}
