"""The one door to Koko's own tables. Koko's server writes them; of ours there are comments that came from a provider,
and what changed there about a comment that we keep in step."""

import peewee


class _KokoModel(peewee.Model):
    """A table that Koko owns, with the columns that we need."""


class User(_KokoModel):
    id = peewee.TextField(primary_key=True)
    name = peewee.TextField()
    email = peewee.TextField()
    image = peewee.TextField(null=True)

    class Meta:
        table_name = "user"


class Session(_KokoModel):
    id = peewee.TextField(primary_key=True)
    token = peewee.TextField(unique=True)
    user_id = peewee.TextField()
    expires_at = peewee.BigIntegerField()

    class Meta:
        table_name = "session"


class Team(_KokoModel):
    id = peewee.TextField(primary_key=True)
    name = peewee.TextField()
    slug = peewee.TextField(unique=True)
    owner_id = peewee.TextField()
    deleted_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "team"


class TeamMember(_KokoModel):
    id = peewee.TextField(primary_key=True)
    team_id = peewee.TextField()
    user_id = peewee.TextField()
    role = peewee.TextField()
    joined_at = peewee.BigIntegerField()

    class Meta:
        table_name = "team_member"


class Project(_KokoModel):
    id = peewee.TextField(primary_key=True)
    name = peewee.TextField()
    owner_id = peewee.TextField()
    status = peewee.TextField()

    class Meta:
        table_name = "project"


class ProjectMember(_KokoModel):
    project_id = peewee.TextField()
    user_id = peewee.TextField()
    role = peewee.TextField()
    can_upload = peewee.BigIntegerField()

    class Meta:
        table_name = "project_member"
        primary_key = peewee.CompositeKey("project_id", "user_id")


class Video(_KokoModel):
    id = peewee.TextField(primary_key=True)
    project_id = peewee.TextField()
    title = peewee.TextField()
    description = peewee.TextField(null=True)
    tags = peewee.TextField(null=True)
    status = peewee.TextField()
    duration = peewee.BigIntegerField(null=True)
    fps = peewee.DoubleField(null=True)
    updated_at = peewee.BigIntegerField()

    class Meta:
        table_name = "video"


class Comment(_KokoModel):
    id = peewee.TextField(primary_key=True)
    video_id = peewee.TextField()
    author_id = peewee.TextField()
    text = peewee.TextField()
    timecode = peewee.BigIntegerField(null=True)
    parent_id = peewee.TextField(null=True)
    resolved = peewee.BigIntegerField()
    resolved_at = peewee.BigIntegerField(null=True)
    resolved_by = peewee.TextField(null=True)
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()

    class Meta:
        table_name = "comment"


class AssetFolder(_KokoModel):
    id = peewee.TextField(primary_key=True)
    project_id = peewee.TextField()
    name = peewee.TextField()
    parent_id = peewee.TextField(null=True)

    class Meta:
        table_name = "asset_folder"


class Asset(_KokoModel):
    id = peewee.TextField(primary_key=True)
    project_id = peewee.TextField()
    uploaded_by = peewee.TextField()
    name = peewee.TextField()
    original_file_name = peewee.TextField()
    file_size = peewee.BigIntegerField()
    mime_type = peewee.TextField()
    storage_key = peewee.TextField()
    storage_url = peewee.TextField()
    folder_id = peewee.TextField(null=True)
    description = peewee.TextField(null=True)
    deleted_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "asset"


KOKO_MODELS: tuple[type[peewee.Model], ...] = tuple(_KokoModel.__subclasses__())
