"""Schemas that several procedures answer with: the API document's Integration and its words."""

from koko_integrations.rpc.fields import Choice, Id, ListOf, Output, RecordOf, Text, Timestamp
from providers.kit.manifest import CATEGORIES

STATUSES = ("connected", "disconnected", "error", "pending")
CONNECTABLE = (
    "slack", "teams", "discord",
    "asana", "monday", "jira", "notion", "trello",
    "dropbox", "google_drive", "s3", "onedrive",
    "premiere", "aftereffects", "figma",
    "zapier", "make",
)  # fmt: skip
"""What integration.connect takes: all but custom, which has a procedure of its own."""


class IntegrationOutput(Output):
    """The API document's Integration. `config` holds the common settings and the provider's own, secrets masked."""

    id = Id(required=True)
    teamId = Id(required=True)
    provider = Text(required=True)
    providerName = Text(required=True)
    providerIcon = Text(required=True)
    category = Choice(CATEGORIES, required=True)
    status = Choice(STATUSES, required=True)
    connectedBy = Id()
    connectedAt = Timestamp()
    config = RecordOf(required=True)
    scope = ListOf(Text(), required=True)
    lastSyncAt = Timestamp()
    lastSyncStatus = Choice(("success", "partial", "failed"))
    syncErrors = ListOf(Text())
    createdAt = Timestamp(required=True)
    updatedAt = Timestamp(required=True)
