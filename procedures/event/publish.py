"""event.publish"""

from typing import Any

from koko_integrations.access.rules import ServiceAccess
from koko_integrations.app import Call
from koko_integrations.events.event import Event
from koko_integrations.rpc.fields import Flag, Id, Input, Moment, Number, Output, RecordOf, Text
from koko_integrations.rpc.procedure import mutation


class PublishInput(Input):
    id = Id(required=True)
    type = Text(min_chars=1, max_chars=100, required=True)
    teamId = Id(required=True)
    projectId = Id()
    actorId = Id()
    occurredAt = Moment(required=True)
    data = RecordOf(required=True)


class PublishOutput(Output):
    accepted = Flag(required=True)
    duplicate = Flag(required=True)
    deliveries = Number(whole=True, required=True)


@mutation(PublishInput, PublishOutput, ServiceAccess())
async def publish(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Publishes an event. It is durable when this answers; publishing it again under its id changes nothing."""
    deliveries = await call.app.publisher.publish(
        Event(
            id=params["id"],
            type=params["type"],
            team_id=call.team_id,
            project_id=params.get("projectId"),
            actor_id=params.get("actorId"),
            occurred_at=params["occurredAt"],
            data=params["data"],
        )
    )
    return {"accepted": True, "duplicate": deliveries is None, "deliveries": deliveries or 0}
