"""hook.unsubscribe"""

from typing import Any

from koko_integrations.access.rules import KeyAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Flag, Id, Input, Output
from koko_integrations.rpc.procedure import mutation


class UnsubscribeInput(Input):
    id = Id(required=True)


class UnsubscribeOutput(Output):
    success = Flag(required=True)


@mutation(UnsubscribeInput, UnsubscribeOutput, KeyAccess())
async def unsubscribe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Ends a subscription; one that has ended already is no error."""
    await call.app.hooks.unsubscribe(call.integration, params["id"])
    return {"success": True}
