"""hook.subscribe"""

from typing import Any

from koko_integrations.access.rules import KeyAccess
from koko_integrations.app import Call
from koko_integrations.event_types import SUBSCRIBABLE
from koko_integrations.rpc.fields import Choice, Id, Input, Nested, Output, Url
from koko_integrations.rpc.procedure import mutation


class Filters(Input):
    projectId = Id()


class SubscribeInput(Input):
    hookUrl = Url(required=True)
    event = Choice(SUBSCRIBABLE, required=True)
    filters = Nested(Filters(), load_default=dict)


class SubscribeOutput(Output):
    id = Id(required=True)


@mutation(SubscribeInput, SubscribeOutput, KeyAccess())
async def subscribe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Subscribes an address to an event, of one project or of all. The same subscription again has the same id."""
    hook_id = await call.app.hooks.subscribe(call.integration, params["hookUrl"], params["event"], params["filters"])
    return {"id": hook_id}
