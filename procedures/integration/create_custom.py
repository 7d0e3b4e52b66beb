"""integration.createCustom"""

from typing import Any

from koko_integrations.access import TeamAccess
from koko_integrations.app import Call
from koko_integrations.contract import IntegrationOutput
from koko_integrations.delivery.custom import CustomRequest
from koko_integrations.event_types import SUBSCRIBABLE
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Output, RecordOf, Text, Url
from koko_integrations.rpc.procedure import mutation


class CreateCustomInput(Input):
    teamId = Id(required=True)
    name = Text(min_chars=1, max_chars=100, required=True)
    description = Text(max_chars=500)
    webhookUrl = Url(required=True)
    events = ListOf(Choice(SUBSCRIBABLE), min_items=1, max_items=len(SUBSCRIBABLE), required=True)
    headers = RecordOf(Text(), load_default=dict)
    secret = Text()


class CreateCustomOutput(Output):
    integration = Nested(IntegrationOutput(), required=True)
    webhookSecret = Text(required=True)


@mutation(CreateCustomInput, CreateCustomOutput, TeamAccess("admin"))
async def create_custom(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Makes a webhook of the team's own. The secret is shown this once; one is made where none is given."""
    integration, secret = await call.app.webhooks.create(
        call.actor,
        call.team_id,
        CustomRequest(
            name=params["name"],
            description=params.get("description"),
            url=params["webhookUrl"],
            events=params["events"],
            headers=params["headers"],
            secret=params.get("secret"),
        ),
    )
    return {"integration": integration.to_wire(), "webhookSecret": secret}
