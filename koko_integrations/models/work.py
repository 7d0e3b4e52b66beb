"""Jobs, and what they remember of providers, as schema.sql makes them. Times are epoch milliseconds, JSON is text."""

import peewee

from koko_integrations.models.base import OwnModel


class Job(OwnModel):
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


class SyncState(OwnModel):
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


class SyncedItem(OwnModel):
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


class SyncLink(OwnModel):
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
    fields_base = peewee.TextField(null=True)
    fields_seen = peewee.TextField(null=True)

    class Meta:
        table_name = "sync_link"
        primary_key = peewee.CompositeKey("integration_id", "koko_id")


class FieldMapping(OwnModel):
    integration_id = peewee.TextField()
    entity_type = peewee.TextField()
    position = peewee.BigIntegerField()
    koko_field = peewee.TextField()
    external_field = peewee.TextField()
    transform = peewee.TextField()
    custom_transform = peewee.TextField(null=True)

    class Meta:
        table_name = "field_mapping"
        primary_key = peewee.CompositeKey("integration_id", "entity_type", "position")


class JobFile(OwnModel):
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


class ImportedFile(OwnModel):
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
