"""integration.disconnect"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Flag, Id, Input, Output, Text
from koko_integrations.rpc.procedure import mutation
from koko_integrations.rpc.wire import present


class DisconnectInput(Input):
    integrationId = Id(required=True)
    revokeAccess = Flag(load_default=True)


class DisconnectOutput(Output):
    success = Flag(required=True)
    revoked = Flag(required=True)
    reason = Text()
    advice = Text()


@mutation(DisconnectInput, DisconnectOutput, IntegrationAccess("admin"))
async def disconnect(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Disconnects an integration: revokes its access where the provider can, and removes the stored credentials."""
    done = await call.app.disconnector.disconnect(call.integration, revoke=params["revokeAccess"])
    return present(success=True, revoked=done.revoked, reason=done.reason, advice=done.advice)
