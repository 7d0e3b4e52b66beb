"""Events, what is sent of them, what providers send, as schema.sql makes them. Times are epoch ms, JSON is text."""

import peewee

from koko_integrations.models.base import OwnModel


class Event(OwnModel):
    team_id = peewee.TextField()
    id = peewee.TextField()
    type = peewee.TextField()
    project_id = peewee.TextField(null=True)
    actor_id = peewee.TextField(null=True)
    data = peewee.TextField()
    content_hash = peewee.TextField()
    occurred_at = peewee.BigIntegerField()
    received_at = peewee.BigIntegerField()

    class Meta:
        table_name = "event"
        primary_key = peewee.CompositeKey("team_id", "id")


class Endpoint(OwnModel):
    id = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    team_id = peewee.TextField()
    kind = peewee.TextField()
    events = peewee.TextField()
    filters = peewee.TextField()
    sealed = peewee.TextField(null=True)
    next_due_at = peewee.BigIntegerField(null=True)
    lease_holder = peewee.TextField(null=True)
    lease_until = peewee.BigIntegerField()
    failures = peewee.BigIntegerField()
    rests_until = peewee.BigIntegerField()
    degraded_at = peewee.BigIntegerField(null=True)
    last_error = peewee.TextField(null=True)
    off_at = peewee.BigIntegerField(null=True)
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "endpoint"


class Delivery(OwnModel):
    id = peewee.TextField(primary_key=True)
    endpoint_id = peewee.TextField()
    integration_id = peewee.TextField()
    team_id = peewee.TextField()
    event_id = peewee.TextField()
    event_type = peewee.TextField()
    subject = peewee.TextField(unique=True, null=True)
    status = peewee.TextField()
    tries = peewee.BigIntegerField()
    attempts = peewee.TextField()
    due_at = peewee.BigIntegerField()
    created_at = peewee.BigIntegerField()
    finished_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "delivery"


class ToolRequest(OwnModel):
    integration_id = peewee.TextField()
    request_id = peewee.TextField()
    content_hash = peewee.TextField()
    answer = peewee.TextField(null=True)
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "tool_request"
        primary_key = peewee.CompositeKey("integration_id", "request_id")


class NotificationThread(OwnModel):
    integration_id = peewee.TextField()
    channel_id = peewee.TextField()
    video_id = peewee.TextField()
    thread = peewee.TextField()
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "notification_thread"
        primary_key = peewee.CompositeKey("integration_id", "channel_id", "video_id")


class InboundAddress(OwnModel):
    id = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    team_id = peewee.TextField()
    provider = peewee.TextField()
    target = peewee.TextField()
    sealed = peewee.TextField(null=True)
    subscription_id = peewee.TextField(null=True)
    expires_at = peewee.BigIntegerField(null=True)
    renew_at = peewee.BigIntegerField(null=True)
    last_received_at = peewee.BigIntegerField(null=True)
    error = peewee.TextField(null=True)
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "inbound_address"


class InboundApp(OwnModel):
    provider = peewee.TextField(primary_key=True)
    team_id = peewee.TextField()
    sealed = peewee.TextField()
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "inbound_app"


class InboundMessage(OwnModel):
    integration_id = peewee.TextField()
    message_key = peewee.TextField()
    content = peewee.TextField()
    received_at = peewee.BigIntegerField()
    processed_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "inbound_message"
        primary_key = peewee.CompositeKey("integration_id", "message_key")


class RateWindow(OwnModel):
    name = peewee.TextField(primary_key=True)
    window_at = peewee.BigIntegerField()
    used = peewee.BigIntegerField()
    ends_at = peewee.BigIntegerField()

    class Meta:
        table_name = "rate_window"
