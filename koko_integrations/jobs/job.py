"""One job: a row, and what is told of it."""

from typing import Any, Literal, NamedTuple

import orjson

from koko_integrations.models import Job as Row
from koko_integrations.rpc.wire import iso, present

JobStatus = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
JOB_STATUSES: tuple[JobStatus, ...] = ("queued", "running", "succeeded", "partial", "failed", "cancelled")
KINDS = ("sync", "import", "export")
CAUSES = ("manual", "schedule", "watch", "webhook")
Cause = Literal["manual", "schedule", "watch", "webhook"]


class Job(NamedTuple):
    """The columns of `job`. Times are epoch ms."""

    id: str
    integration_id: str
    kind: str
    status: str
    cause: str
    requested_by: str
    request_id: str
    request_json: str
    state_json: str
    errors_json: str
    attempt: int
    epoch: int
    executor: str | None
    cancel_requested: int
    created_at: int
    due_at: int
    started_at: int | None
    finished_at: int | None

    @property
    def request(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.request_json)
        return parsed

    @property
    def state(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.state_json)
        return parsed

    @property
    def lane(self) -> str:
        """What has one job at a time: an integration's syncs, and its files beside them."""
        return self.integration_id if self.kind == "sync" else f"{self.integration_id}/files"

    @property
    def is_finished(self) -> bool:
        return self.status not in ("queued", "running")

    def to_wire(self) -> dict[str, Any]:
        """integration.getJob's job."""
        state = self.state
        waits = self.status == "queued" and self.attempt > 1
        return present(
            id=self.id,
            integrationId=self.integration_id,
            kind=self.kind,
            status=self.status,
            cause=self.cause,
            requestedBy=self.requested_by,
            progress=state.get("progress") or _progress(state.get("entities", [])),
            entities=state.get("entities"),
            errors=orjson.loads(self.errors_json) or None,
            notes=state.get("notes") or None,
            estimatedTime=None if self.is_finished else state.get("estimatedTime"),
            createdAt=iso(self.created_at),
            startedAt=None if self.started_at is None else iso(self.started_at),
            finishedAt=None if self.finished_at is None else iso(self.finished_at),
            nextAttemptAt=iso(self.due_at) if waits else None,
            cancelRequested=True if self.cancel_requested and not self.is_finished else None,
            **{name: self.request[name] for name in ("syncType", "dryRun") if name in self.request},
        )


def _progress(entities: list[dict[str, Any]]) -> dict[str, int]:
    totals = [entity.get("total") for entity in entities]
    known = bool(totals) and None not in totals
    return present(done=sum(entity.get("done", 0) for entity in entities), total=sum(totals) if known else None)


COLUMNS = (
    Row.id,
    Row.integration_id,
    Row.kind,
    Row.status,
    Row.cause,
    Row.requested_by,
    Row.request_id,
    Row.request,
    Row.state,
    Row.errors,
    Row.attempt,
    Row.epoch,
    Row.executor,
    Row.cancel_requested,
    Row.created_at,
    Row.due_at,
    Row.started_at,
    Row.finished_at,
)
"""What to select, in the order of `Job`'s members, for `Job._make`."""
