"""What is done by itself, as schema.sql makes it. Times are epoch milliseconds, JSON is text."""

import peewee

from koko_integrations.models.base import OwnModel


class TriggerRule(OwnModel):
    id = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    team_id = peewee.TextField()
    position = peewee.BigIntegerField()
    event = peewee.TextField()
    conditions = peewee.TextField()
    action = peewee.TextField()
    sealed = peewee.TextField(null=True)
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "trigger_rule"


class TriggerLane(OwnModel):
    integration_id = peewee.TextField(primary_key=True)
    turns = peewee.BigIntegerField()
    next_due_at = peewee.BigIntegerField(null=True)
    lease_holder = peewee.TextField(null=True)
    lease_until = peewee.BigIntegerField()

    class Meta:
        table_name = "trigger_lane"


class TriggerTurn(OwnModel):
    integration_id = peewee.TextField()
    event_id = peewee.TextField()
    team_id = peewee.TextField()
    number = peewee.BigIntegerField()
    evaluation = peewee.TextField()
    tries = peewee.BigIntegerField()
    due_at = peewee.BigIntegerField()
    created_at = peewee.BigIntegerField()
    finished_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "trigger_turn"
        primary_key = peewee.CompositeKey("integration_id", "event_id")


class TriggerRun(OwnModel):
    trigger_id = peewee.TextField()
    event_id = peewee.TextField()
    integration_id = peewee.TextField()
    position = peewee.BigIntegerField()
    subject = peewee.TextField()
    status = peewee.TextField()
    result = peewee.TextField()
    started_at = peewee.BigIntegerField()
    finished_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "trigger_run"
        primary_key = peewee.CompositeKey("trigger_id", "event_id")


class TriggerTask(OwnModel):
    integration_id = peewee.TextField()
    koko_id = peewee.TextField()
    container = peewee.TextField()
    external_id = peewee.TextField()
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "trigger_task"
        primary_key = peewee.CompositeKey("integration_id", "koko_id", "external_id")
