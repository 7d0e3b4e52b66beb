"""integration.rotateSecret"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Id, Input, Output, Text, Timestamp
from koko_integrations.rpc.procedure import mutation
from koko_integrations.rpc.wire import iso


class RotateSecretInput(Input):
    integrationId = Id(required=True)
    secret = Text()


class RotateSecretOutput(Output):
    webhookSecret = Text(required=True)
    previousValidUntil = Timestamp(required=True)


@mutation(RotateSecretInput, RotateSecretOutput, IntegrationAccess("admin"))
async def rotate_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Gives a webhook another secret, shown this once. Until the time told, deliveries are signed with both."""
    secret, until = await call.app.webhooks.rotate(call.integration, params.get("secret"))
    return {"webhookSecret": secret, "previousValidUntil": iso(until)}
