"""Rows of jobs. Each function runs in a transaction that its caller has opened, or names a statement to read with.

While a job runs, every change of it is fenced by `epoch`: whoever has been overtaken changes nothing any more.
"""

from typing import Any

import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.ids import new_id
from koko_integrations.jobs.job import COLUMNS, Cause, Job
from koko_integrations.models import Job as Row
from koko_integrations.rpc.wire import dump_text

_SELECT = Row.select(*COLUMNS)
_UNFINISHED = Row.status.in_(("queued", "running"))
FIND = Statement(_SELECT.where(Row.id == param("id")))
FIND_ACTIVE = Statement(_SELECT.where(Row.active_key == param("active_key")))
FIND_RUNNING = Statement(_SELECT.where(Row.status == "running"))
FIND_UNENQUEUED = Statement(
    _SELECT.where((Row.status == "queued") & Row.enqueued_at.is_null()).order_by(Row.created_at).limit(param("limit"))
)
FIND_OVERDUE = Statement(
    _SELECT.where((Row.status == "queued") & Row.enqueued_at.is_null(False) & (Row.due_at < param("before")))
    .order_by(Row.due_at)
    .limit(param("limit"))
)
RECENT_RUNS = Statement(
    Row.select(Row.request, Row.started_at, Row.finished_at)
    .where(
        (Row.integration_id == param("integration_id"))
        & (Row.kind == param("kind"))
        & Row.status.in_(("succeeded", "partial"))
    )
    .order_by(Row.created_at.desc(), Row.id.desc())
    .limit(20)
)
_INSERT = Statement(
    Row.insert(
        {
            Row.id: param("id"),
            Row.integration_id: param("integration_id"),
            Row.kind: param("kind"),
            Row.status: "queued",
            Row.active_key: param("active_key"),
            Row.cause: param("cause"),
            Row.requested_by: param("requested_by"),
            Row.request_id: param("request_id"),
            Row.request: param("request"),
            Row.state: param("state"),
            Row.errors: "[]",
            Row.attempt: 1,
            Row.epoch: 0,
            Row.cancel_requested: 0,
            Row.created_at: param("now"),
            Row.due_at: param("due_at"),
        }
    ).on_conflict(conflict_target=[Row.active_key], action="IGNORE")
)
_SET_ENQUEUED = Statement(
    Row.update({Row.enqueued_at: param("now")}).where((Row.id == param("id")) & (Row.attempt == param("attempt")))
)
_CLAIM = Statement(
    Row.update(
        {
            Row.status: "running",
            Row.epoch: Row.epoch + 1,
            Row.executor: param("executor"),
            Row.started_at: peewee.fn.COALESCE(Row.started_at, param("now")),
        }
    )
    .where((Row.id == param("id")) & (Row.attempt == param("attempt")) & _UNFINISHED)
    .returning(*COLUMNS)
)
_HELD = (Row.id == param("id")) & (Row.epoch == param("epoch")) & (Row.status == "running")
_SAVE = Statement(Row.update({Row.state: param("state")}).where(_HELD).returning(Row.cancel_requested))
_HOLD = Statement(Row.update({Row.executor: Row.executor}).where(_HELD))
_FINISH = Statement(
    Row.update(
        {
            Row.status: param("status"),
            Row.state: param("state"),
            Row.errors: param("errors"),
            Row.active_key: None,
            Row.executor: None,
            Row.finished_at: param("now"),
        }
    ).where(_HELD)
)
_SET_REQUEST = Statement(
    Row.update({Row.request: param("request")}).where(
        (Row.id == param("id")) & (Row.status == "queued") & (Row.attempt == 1)
    )
)
_PUT_OFF = Statement(
    Row.update(
        {
            Row.status: "queued",
            Row.state: param("state"),
            Row.errors: param("errors"),
            Row.executor: None,
            Row.attempt: Row.attempt + 1,
            Row.due_at: param("due_at"),
            Row.enqueued_at: None,
        }
    ).where(_HELD & (Row.cancel_requested == 0))
)
_TAKE_OVER = Statement(
    Row.update({Row.status: "queued", Row.executor: None, Row.attempt: Row.attempt + 1, Row.enqueued_at: None}).where(
        (Row.id == param("id")) & (Row.attempt == param("attempt")) & _UNFINISHED
    )
)
_GIVE_UP = Statement(
    Row.update(
        {
            Row.status: "failed",
            Row.errors: param("errors"),
            Row.active_key: None,
            Row.executor: None,
            Row.finished_at: param("now"),
        }
    ).where((Row.id == param("id")) & (Row.attempt == param("attempt")) & _UNFINISHED)
)
# Files that somebody has begun with are to be cleared away, which an attempt does.
_LEAVES_NOTHING = (Row.kind == "sync") | (Row.attempt == 1)
_CANCEL_QUEUED = Statement(
    Row.update(
        {Row.status: "cancelled", Row.active_key: None, Row.finished_at: param("now"), Row.cancel_requested: 1}
    ).where((Row.id == param("id")) & (Row.status == "queued") & _LEAVES_NOTHING)
)
_CANCEL_PUT_OFF = Statement(
    Row.update(
        {
            Row.cancel_requested: 1,
            Row.attempt: Row.attempt + 1,
            Row.due_at: param("now"),
            Row.enqueued_at: None,
        }
    ).where((Row.id == param("id")) & (Row.status == "queued") & ~_LEAVES_NOTHING & (Row.cancel_requested == 0))
)
_ASK_TO_CANCEL = Statement(
    Row.update({Row.cancel_requested: 1}).where((Row.id == param("id")) & (Row.status == "running"))
)
DELETE_FINISHED = Statement(
    Row.delete().where(
        Row.id.in_(Row.select(Row.id).where(Row.finished_at < param("before")).order_by(Row.finished_at).limit(500))
    )
)


class OvertakenError(Exception):
    """Somebody else runs this job now: stop, and change nothing."""


class CancelledError(Exception):
    """The job is to be cancelled."""


def create(
    tx: Transaction,
    integration_id: str,
    kind: str,
    request: dict[str, Any],
    *,
    cause: Cause,
    requested_by: str,
    request_id: str,
    estimated_ms: int,
    now: int,
    due_at: int,
    alone: bool = True,
) -> tuple[Job, bool]:
    """The job, and whether it is new: while one that is to be `alone` of its kind waits or runs for the integration, it
    is that one."""
    job_id = new_id("job")
    active_key = f"{kind}:{integration_id}" if alone else job_id
    while True:
        made = tx.change(
            _INSERT,
            id=job_id,
            integration_id=integration_id,
            kind=kind,
            active_key=active_key,
            cause=cause,
            requested_by=requested_by,
            request_id=request_id,
            request=dump_text(request),
            state=dump_text({"estimatedTime": estimated_ms}),
            now=now,
            due_at=due_at,
        )
        row = tx.row(FIND_ACTIVE, active_key=active_key)
        if row is not None:
            return Job._make(row), made > 0
        # The one that was in the way has ended between the two statements.


def set_request(tx: Transaction, job_id: str, request: dict[str, Any]) -> bool:
    """What a job that has not begun yet is to do; False when it has begun."""
    return tx.change(_SET_REQUEST, id=job_id, request=dump_text(request)) > 0


def set_enqueued(tx: Transaction, job_id: str, attempt: int, now: int) -> None:
    """The engine has it."""
    tx.change(_SET_ENQUEUED, id=job_id, attempt=attempt, now=now)


def claim(tx: Transaction, job_id: str, attempt: int, executor: str, now: int) -> Job | None:
    """Begins, or takes over, the running of a job; None when there is nothing to run any more."""
    row = tx.row(_CLAIM, id=job_id, attempt=attempt, executor=executor, now=now)
    return None if row is None else Job._make(row)


def save(tx: Transaction, job: Job, state: dict[str, Any]) -> bool:
    """Keeps the progress. Returns whether the job is to be cancelled. Raises OvertakenError."""
    row = tx.row(_SAVE, id=job.id, epoch=job.epoch, state=dump_text(state))
    if row is None:
        raise OvertakenError
    return bool(row[0])


def hold(tx: Transaction, job: Job) -> None:
    """Nobody takes the job over until this transaction ends. Raises OvertakenError where somebody has."""
    if not tx.change(_HOLD, id=job.id, epoch=job.epoch):
        raise OvertakenError


def finish(tx: Transaction, job: Job, status: str, state: dict[str, Any], errors: list[str], now: int) -> None:
    """Ends the job. Raises OvertakenError."""
    if not tx.change(
        _FINISH,
        id=job.id,
        epoch=job.epoch,
        status=status,
        state=dump_text(state),
        errors=dump_text(errors),
        now=now,
    ):
        raise OvertakenError


def put_off(tx: Transaction, job: Job, state: dict[str, Any], errors: list[str], due_at: int) -> bool:
    """Lets the job wait for its next attempt. Returns, as `save` does, whether it is to be cancelled: then it does not
    wait. Raises OvertakenError."""
    if tx.change(_PUT_OFF, id=job.id, epoch=job.epoch, state=dump_text(state), errors=dump_text(errors), due_at=due_at):
        return False
    hold(tx, job)
    return True


def take_over(tx: Transaction, job_id: str, attempt: int) -> bool:
    """Readies a job whose worker has died for another; False when somebody else was faster."""
    return tx.change(_TAKE_OVER, id=job_id, attempt=attempt) > 0


def give_up(tx: Transaction, job_id: str, attempt: int, error: str, now: int) -> bool:
    """Fails a job that nobody can run; False when somebody else has taken it over."""
    return tx.change(_GIVE_UP, id=job_id, attempt=attempt, errors=dump_text([error]), now=now) > 0


def cancel(tx: Transaction, job_id: str, now: int) -> bool:
    """Cancels a job that waits, asks a running one to stop, and has one that left something give it back now; False
    when it has ended already."""
    return (
        tx.change(_CANCEL_QUEUED, id=job_id, now=now) > 0
        or tx.change(_ASK_TO_CANCEL, id=job_id) > 0
        # It ran at first, and was put off before it could be asked.
        or tx.change(_CANCEL_QUEUED, id=job_id, now=now) > 0
        or tx.change(_CANCEL_PUT_OFF, id=job_id, now=now) > 0
    )
