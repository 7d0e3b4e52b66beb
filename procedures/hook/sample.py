"""hook.sample"""

from typing import Any

from koko_integrations.access.rules import KeyAccess
from koko_integrations.app import Call
from koko_integrations.event_types import SUBSCRIBABLE
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Number, Output, RecordOf, Text, Timestamp
from koko_integrations.rpc.procedure import query

LIMIT_MAX = 25


class SampleInput(Input):
    event = Choice(SUBSCRIBABLE, required=True)
    limit = Number(minimum=1, maximum=LIMIT_MAX, whole=True, load_default=3)


class HookPayload(Output):
    """The body of a delivery to a hook. The id is the event's own."""

    id = Id(required=True)
    event = Text(required=True)
    timestamp = Timestamp(required=True)
    webhookId = Id(required=True)
    data = RecordOf(required=True)


class SampleOutput(Output):
    samples = ListOf(Nested(HookPayload()), required=True)


@query(SampleInput, SampleOutput, KeyAccess())
async def sample(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Shows what deliveries of an event look like: the team's newest, or a made-up one where there are none."""
    return {"samples": await call.app.samples.newest(call.integration, params["event"], params["limit"])}
