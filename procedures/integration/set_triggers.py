"""integration.setTriggers"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.contract import IntegrationOutput
from koko_integrations.event_types import EVENT_TYPES
from koko_integrations.rpc.fields import Anything, Choice, Id, Input, ListOf, Nested, Output, RecordOf, Text
from koko_integrations.rpc.procedure import mutation
from koko_integrations.triggers.conditions import MAX_CONDITIONS, OPERATORS
from koko_integrations.triggers.paths import MAX_CHARS
from koko_integrations.triggers.reading import MAX_TRIGGERS

ACTIONS = ("create_task", "send_notification", "update_status", "webhook")


class ConditionInput(Input):
    field = Text(min_chars=1, max_chars=MAX_CHARS, required=True)
    operator = Choice(OPERATORS, required=True)
    value = Anything(required=True)


class ActionInput(Input):
    type = Choice(ACTIONS, required=True)
    config = RecordOf(required=True)


class TriggerInput(Input):
    """`id` is given for a trigger that is there already and keeps the secrets that are shown masked."""

    id = Id()
    event = Choice(EVENT_TYPES, required=True)
    conditions = ListOf(Nested(ConditionInput()), max_items=MAX_CONDITIONS, required=True)
    action = Nested(ActionInput(), required=True)


class SetTriggersInput(Input):
    integrationId = Id(required=True)
    triggers = ListOf(Nested(TriggerInput()), max_items=MAX_TRIGGERS, required=True)


class ConditionOutput(Output):
    field = Text(required=True)
    operator = Choice(OPERATORS, required=True)
    value = Anything(required=True)


class ActionOutput(Output):
    type = Choice(ACTIONS, required=True)
    config = RecordOf(required=True)


class TriggerOutput(Output):
    """A trigger as it is stored, the secrets of its action masked."""

    id = Id(required=True)
    event = Choice(EVENT_TYPES, required=True)
    conditions = ListOf(Nested(ConditionOutput()), required=True)
    action = Nested(ActionOutput(), required=True)


class SetTriggersOutput(Output):
    integration = Nested(IntegrationOutput(), required=True)
    triggers = ListOf(Nested(TriggerOutput()), required=True)


@mutation(SetTriggersInput, SetTriggersOutput, IntegrationAccess("admin"))
async def set_triggers(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Says what is to be done by itself when something happens in Koko, in place of what was said before; an empty
    list ends all of it. An event sets off every trigger whose conditions all hold, in the order of the list."""
    stored = await call.app.triggers.set(call.integration, params["triggers"])
    return {"integration": call.integration.to_wire(), "triggers": [rule.to_wire() for rule in stored]}
