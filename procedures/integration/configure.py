"""integration.configure"""

from typing import Any

from marshmallow import INCLUDE

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.connections.config import common_fields
from koko_integrations.contract import IntegrationOutput
from koko_integrations.rpc.fields import Id, Input, Nested, Output
from koko_integrations.rpc.procedure import mutation

# The provider's own settings, such as Jira's cloudId, are read by the provider's reader.
Settings = type("Settings", (Input,), {**common_fields(), "Meta": type("Meta", (), {"unknown": INCLUDE})})


class ConfigureInput(Input):
    integrationId = Id(required=True)
    config = Nested(Settings(), required=True)


class ConfigureOutput(Output):
    integration = Nested(IntegrationOutput(), required=True)


@mutation(ConfigureInput, ConfigureOutput, IntegrationAccess("admin"))
async def configure(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Changes settings; what is not given stays as it is. Mappings are checked against both sides."""
    integration = call.integration
    webhooks = call.app.webhooks
    # All of it is checked before any of it is changed.
    of_webhook = await webhooks.read_changes(integration, params["config"]) if webhooks.has(integration) else {}
    changed = await call.app.configurer.configure(integration, params["config"])
    changed = await webhooks.configure(changed, of_webhook)
    return {"integration": changed.to_wire()}
