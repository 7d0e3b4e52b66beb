"""integration.testTriggers"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.event_types import EVENT_TYPES
from koko_integrations.rpc.fields import (
    Anything,
    Choice,
    Flag,
    Id,
    IdOr,
    Input,
    ListOf,
    Moment,
    Nested,
    Number,
    Output,
    RecordOf,
    Text,
)
from koko_integrations.rpc.procedure import query
from koko_integrations.triggers.conditions import OPERATORS
from procedures.integration.set_triggers import ACTIONS


class EventInput(Input):
    """As event.publish is given one."""

    id = Id()
    type = Text(min_chars=1, max_chars=100, required=True)
    projectId = Id()
    actorId = Id()
    occurredAt = Moment()
    data = RecordOf(required=True)


class TestTriggersInput(Input):
    integrationId = Id(required=True)
    event = IdOr(EventInput(), required=True)


class ExplainedOutput(Output):
    """`found` is what the event has there; `reason` says why the condition does not hold."""

    field = Text(required=True)
    operator = Choice(OPERATORS, required=True)
    value = Anything(required=True)
    found = Anything()
    holds = Flag(required=True)
    reason = Text()


class PlannedOutput(Output):
    """`would` is what would be done, texts rendered."""

    type = Choice(ACTIONS, required=True)
    would = RecordOf()


class VerdictOutput(Output):
    """What one trigger makes of the event. `reason` says why it would not run; `ran` what came of it, when it was set
    off by this very event."""

    triggerId = Id(required=True)
    position = Number(whole=True, required=True)
    event = Choice(EVENT_TYPES, required=True)
    matches = Flag(required=True)
    wouldRun = Flag(required=True)
    reason = Text()
    ran = Text()
    conditions = ListOf(Nested(ExplainedOutput()), required=True)
    action = Nested(PlannedOutput(), required=True)
    warnings = ListOf(Text(), required=True)


class ToldEventOutput(Output):
    id = Id()
    type = Text(required=True)
    timestamp = Text(required=True)
    projectId = Id()
    actorId = Id()


class TestTriggersOutput(Output):
    event = Nested(ToldEventOutput(), required=True)
    triggers = ListOf(Nested(VerdictOutput()), required=True)


@query(TestTriggersInput, TestTriggersOutput, IntegrationAccess("admin"))
async def test_triggers(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Shows what an event, of the past by its id or a made-up one, would set off, condition by condition, and what
    that would do. Nothing is done."""
    rehearsal, given = call.app.rehearsal, params["event"]
    if isinstance(given, str):
        occasion = await rehearsal.past(call.integration, given)
    else:
        occasion = rehearsal.made_up(call.integration, given)
    return {"event": occasion.told(), "triggers": await rehearsal.rehearse(call.integration, occasion)}
