"""Integrations, their connections and logs, as schema.sql makes them. Times are epoch milliseconds, JSON is text."""

import peewee

from koko_integrations.models.base import OwnModel


class Integration(OwnModel):
    id = peewee.TextField(primary_key=True)
    team_id = peewee.TextField()
    provider = peewee.TextField()
    provider_name = peewee.TextField()
    provider_icon = peewee.TextField(null=True)
    category = peewee.TextField()
    status = peewee.TextField()
    connected_by = peewee.TextField(null=True)
    connected_at = peewee.BigIntegerField(null=True)
    config = peewee.TextField()
    scope = peewee.TextField()
    access_token = peewee.TextField(null=True)
    refresh_token = peewee.TextField(null=True)
    token_expires_at = peewee.BigIntegerField(null=True)
    last_sync_at = peewee.BigIntegerField(null=True)
    last_sync_status = peewee.TextField(null=True)
    sync_errors = peewee.TextField(null=True)
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()

    class Meta:
        table_name = "integration"


class IntegrationLog(OwnModel):
    id = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    action = peewee.TextField()
    status = peewee.TextField()
    details = peewee.TextField()
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "integration_log"


class IntegrationConnection(OwnModel):
    integration_id = peewee.TextField(primary_key=True)
    team_id = peewee.TextField()
    provider = peewee.TextField()
    slot = peewee.TextField()
    auth_method = peewee.TextField(null=True)
    secrets = peewee.TextField(null=True)
    credential_version = peewee.BigIntegerField()
    refresh_at = peewee.BigIntegerField(null=True)
    refresh_epoch = peewee.BigIntegerField()
    refresh_lease_until = peewee.BigIntegerField(null=True)
    refresh_failures = peewee.BigIntegerField()
    account = peewee.TextField()
    last_check_at = peewee.BigIntegerField(null=True)
    last_check_error = peewee.TextField(null=True)
    next_allowed_at = peewee.BigIntegerField(null=True)
    next_sync_at = peewee.BigIntegerField(null=True)
    last_full_sync_at = peewee.BigIntegerField(null=True)
    watched_from = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "integration_connection"


class PendingConnection(OwnModel):
    state_hash = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    team_id = peewee.TextField()
    actor = peewee.TextField()
    provider = peewee.TextField()
    redirect_uri = peewee.TextField()
    code_verifier = peewee.TextField(null=True)
    config = peewee.TextField()
    previous_status = peewee.TextField()
    created_at = peewee.BigIntegerField()
    expires_at = peewee.BigIntegerField()

    class Meta:
        table_name = "pending_connection"


class ApiKey(OwnModel):
    key_hash = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    team_id = peewee.TextField()
    last_used_at = peewee.BigIntegerField(null=True)
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "api_key"


class IntegrationUsage(OwnModel):
    integration_id = peewee.TextField()
    hour_at = peewee.BigIntegerField()
    syncs = peewee.BigIntegerField()
    api_calls = peewee.BigIntegerField()

    class Meta:
        table_name = "integration_usage"
        primary_key = peewee.CompositeKey("integration_id", "hour_at")


class IntegrationsSchema(OwnModel):
    version = peewee.BigIntegerField(primary_key=True)

    class Meta:
        table_name = "integrations_schema"
