"""What was counted of the journal, as schema.sql makes it. Times are epoch milliseconds, JSON is text."""

import peewee

from koko_integrations.models.base import OwnModel


class IntegrationMetric(OwnModel):
    integration_id = peewee.TextField()
    span_ms = peewee.BigIntegerField()
    begins_at = peewee.BigIntegerField()
    action = peewee.TextField()
    succeeded = peewee.BigIntegerField()
    partial = peewee.BigIntegerField()
    failed = peewee.BigIntegerField()
    items = peewee.BigIntegerField()
    latencies = peewee.TextField()

    class Meta:
        table_name = "integration_metric"
        primary_key = peewee.CompositeKey("integration_id", "span_ms", "begins_at", "action")


class IntegrationFailure(OwnModel):
    integration_id = peewee.TextField()
    span_ms = peewee.BigIntegerField()
    begins_at = peewee.BigIntegerField()
    error = peewee.TextField()
    runs = peewee.BigIntegerField()
    last_at = peewee.BigIntegerField()

    class Meta:
        table_name = "integration_failure"
        primary_key = peewee.CompositeKey("integration_id", "span_ms", "begins_at", "error")
