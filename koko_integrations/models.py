"""The tables this service owns, as schema.sql makes them. Times are epoch milliseconds, JSON is text."""

import peewee


class _OwnModel(peewee.Model):
    """A table of ours."""


class Integration(_OwnModel):
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


class IntegrationLog(_OwnModel):
    id = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    action = peewee.TextField()
    status = peewee.TextField()
    details = peewee.TextField()
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "integration_log"


class IntegrationConnection(_OwnModel):
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


class PendingConnection(_OwnModel):
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


class ApiKey(_OwnModel):
    key_hash = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    team_id = peewee.TextField()
    last_used_at = peewee.BigIntegerField(null=True)
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "api_key"


class IntegrationUsage(_OwnModel):
    integration_id = peewee.TextField()
    hour_at = peewee.BigIntegerField()
    syncs = peewee.BigIntegerField()
    api_calls = peewee.BigIntegerField()

    class Meta:
        table_name = "integration_usage"
        primary_key = peewee.CompositeKey("integration_id", "hour_at")


class Job(_OwnModel):
    id = peewee.TextField(primary_key=True)
    integration_id = peewee.TextField()
    kind = peewee.TextField()
    status = peewee.TextField()
    active_key = peewee.TextField(null=True)
    cause = peewee.TextField()
    requested_by = peewee.TextField()
    request_id = peewee.TextField()
    request = peewee.TextField()
    state = peewee.TextField()
    errors = peewee.TextField()
    attempt = peewee.BigIntegerField()
    epoch = peewee.BigIntegerField()
    executor = peewee.TextField(null=True)
    cancel_requested = peewee.BigIntegerField()
    created_at = peewee.BigIntegerField()
    due_at = peewee.BigIntegerField()
    enqueued_at = peewee.BigIntegerField(null=True)
    started_at = peewee.BigIntegerField(null=True)
    finished_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "job"


class SyncState(_OwnModel):
    integration_id = peewee.TextField()
    entity = peewee.TextField()
    container = peewee.TextField()
    watermark = peewee.TextField(null=True)
    generation = peewee.BigIntegerField()
    pass_job_id = peewee.TextField(null=True)
    pass_full = peewee.BigIntegerField()
    pass_cursor = peewee.TextField(null=True)
    pass_watermark = peewee.TextField(null=True)
    pass_done = peewee.BigIntegerField()

    class Meta:
        table_name = "sync_state"
        primary_key = peewee.CompositeKey("integration_id", "entity", "container")


class SyncedItem(_OwnModel):
    integration_id = peewee.TextField()
    entity = peewee.TextField()
    external_id = peewee.TextField()
    container = peewee.TextField()
    parent_id = peewee.TextField(null=True)
    content = peewee.TextField()
    content_hash = peewee.TextField()
    modified_at = peewee.BigIntegerField(null=True)
    generation = peewee.BigIntegerField()
    visit = peewee.BigIntegerField()
    first_seen_at = peewee.BigIntegerField()
    changed_at = peewee.BigIntegerField()
    deleted_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "synced_item"
        primary_key = peewee.CompositeKey("integration_id", "entity", "external_id")


class SyncLink(_OwnModel):
    integration_id = peewee.TextField()
    koko_id = peewee.TextField()
    entity = peewee.TextField()
    container = peewee.TextField()
    external_id = peewee.TextField(null=True)
    parent_id = peewee.TextField(null=True)
    origin = peewee.TextField()
    state = peewee.TextField()
    base_title = peewee.TextField()
    base_text = peewee.TextField()
    base_done = peewee.BigIntegerField()
    external_changed = peewee.BigIntegerField()
    attempted_at = peewee.BigIntegerField()
    error = peewee.TextField(null=True)

    class Meta:
        table_name = "sync_link"
        primary_key = peewee.CompositeKey("integration_id", "koko_id")


class JobFile(_OwnModel):
    job_id = peewee.TextField()
    number = peewee.BigIntegerField()
    external_path = peewee.TextField(null=True)
    title = peewee.TextField(null=True)
    name = peewee.TextField(null=True)
    mime_type = peewee.TextField(null=True)
    status = peewee.TextField()
    asset_id = peewee.TextField(null=True)
    video_id = peewee.TextField(null=True)
    external_id = peewee.TextField(null=True)
    version = peewee.TextField(null=True)
    size = peewee.BigIntegerField(null=True)
    done_bytes = peewee.BigIntegerField()
    sha256 = peewee.TextField(null=True)
    session = peewee.TextField(null=True)
    error = peewee.TextField(null=True)

    class Meta:
        table_name = "job_file"
        primary_key = peewee.CompositeKey("job_id", "number")


class ImportedFile(_OwnModel):
    integration_id = peewee.TextField()
    project_id = peewee.TextField()
    external_id = peewee.TextField()
    version = peewee.TextField()
    asset_id = peewee.TextField(null=True)
    video_id = peewee.TextField(null=True)
    imported_at = peewee.BigIntegerField()

    class Meta:
        table_name = "imported_file"
        primary_key = peewee.CompositeKey("integration_id", "project_id", "external_id", "version")


class IntegrationsSchema(_OwnModel):
    version = peewee.BigIntegerField(primary_key=True)

    class Meta:
        table_name = "integrations_schema"


OWN_MODELS: tuple[type[peewee.Model], ...] = tuple(_OwnModel.__subclasses__())
