"""Schemas that several procedures answer with: the API document's Integration and its words."""

from koko_integrations.jobs.job import CAUSES, JOB_STATUSES, KINDS
from koko_integrations.rpc.fields import Choice, Flag, Id, ListOf, Nested, Number, Output, RecordOf, Text, Timestamp
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


class JobProgressOutput(Output):
    """Items of a sync, files of an import or export, with their bytes. A total is there once it is known."""

    done = Number(whole=True, required=True)
    total = Number(whole=True)
    bytesDone = Number(whole=True)
    bytesTotal = Number(whole=True)


class JobEntityOutput(Output):
    """One entity of a sync. `pushed` were made or changed at the provider, `returned` are changes that reached Koko."""

    entity = Text(required=True)
    status = Choice(("pending", "running", "done", "failed", "skipped"), required=True)
    done = Number(whole=True, required=True)
    total = Number(whole=True)
    created = Number(whole=True, required=True)
    updated = Number(whole=True, required=True)
    deleted = Number(whole=True, required=True)
    pushed = Number(whole=True, required=True)
    returned = Number(whole=True, required=True)
    failed = Number(whole=True, required=True)
    reason = Text()


class QueuedFilesJob(Output):
    """The API document's job of integration.importAssets."""

    id = Id(required=True)
    totalFiles = Number(whole=True, required=True)
    status = Choice(("queued",), required=True)


class JobFileOutput(Output):
    """One file of an import or export. `size` and `done` are in bytes."""

    externalPath = Text()
    title = Text()
    name = Text()
    status = Choice(("pending", "running", "done", "skipped", "failed", "cancelled"), required=True)
    size = Number(whole=True)
    done = Number(whole=True, required=True)
    assetId = Id()
    videoId = Id()
    error = Text()


class JobOutput(Output):
    """A job. estimatedTime is in milliseconds, while it has not ended."""

    id = Id(required=True)
    integrationId = Id(required=True)
    kind = Choice(KINDS, required=True)
    status = Choice(JOB_STATUSES, required=True)
    cause = Choice(CAUSES, required=True)
    requestedBy = Text(required=True)
    syncType = Choice(("full", "incremental"))
    dryRun = Flag()
    progress = Nested(JobProgressOutput(), required=True)
    entities = ListOf(Nested(JobEntityOutput()))
    files = ListOf(Nested(JobFileOutput()))
    errors = ListOf(Text())
    notes = ListOf(Text())
    estimatedTime = Number(whole=True)
    createdAt = Timestamp(required=True)
    startedAt = Timestamp()
    finishedAt = Timestamp()
    nextAttemptAt = Timestamp()
    cancelRequested = Flag()


DELIVERY_STATUSES = ("pending", "delivered", "failed")


class AttemptOutput(Output):
    """One attempt at a delivery; `status` is the HTTP status of the answer, latency in milliseconds."""

    at = Timestamp(required=True)
    verdict = Choice(("delivered", "retry", "failed", "gone"), required=True)
    status = Number(whole=True)
    error = Text()
    latency = Number(whole=True, required=True)


class DeliveryOutput(Output):
    """What was sent, or is to be sent, of an event to one webhook, hook or channel."""

    id = Id(required=True)
    webhookId = Id(required=True)
    eventId = Id(required=True)
    event = Text(required=True)
    status = Choice(DELIVERY_STATUSES, required=True)
    attempts = ListOf(Nested(AttemptOutput()), required=True)
    nextAttemptAt = Timestamp()
    createdAt = Timestamp(required=True)
    finishedAt = Timestamp()
