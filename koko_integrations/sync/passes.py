"""Rows of passes: where the pulling of each entity of each container stands."""

from dataclasses import dataclass

import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import SyncState as Row
from koko_integrations.sync.items import Place

_THIS = (
    (Row.integration_id == param("integration_id"))
    & (Row.entity == param("entity"))
    & (Row.container == param("container"))
)
_COLUMNS = (
    Row.watermark,
    Row.generation,
    Row.pass_job_id,
    Row.pass_full,
    Row.pass_cursor,
    Row.pass_watermark,
    Row.pass_done,
)
_FIND = Statement(Row.select(*_COLUMNS).where(_THIS))
_SAVE = Statement(
    Row.insert(
        {
            Row.integration_id: param("integration_id"),
            Row.entity: param("entity"),
            Row.container: param("container"),
            Row.watermark: param("watermark"),
            Row.generation: param("generation"),
            Row.pass_job_id: param("job_id"),
            Row.pass_full: param("full"),
            Row.pass_cursor: param("cursor"),
            Row.pass_watermark: param("next_watermark"),
            Row.pass_done: param("done"),
        }
    ).on_conflict(
        conflict_target=[Row.integration_id, Row.entity, Row.container],
        update={
            column: getattr(peewee.EXCLUDED, column.name)
            for column in (
                Row.watermark,
                Row.generation,
                Row.pass_job_id,
                Row.pass_full,
                Row.pass_cursor,
                Row.pass_watermark,
                Row.pass_done,
            )
        },
    )
)


@dataclass(frozen=True, slots=True)
class Pass:
    """One job's way through one container. `since` is the watermark to begin at, None for a full pass."""

    place: Place
    job_id: str
    since: str | None
    full: bool
    generation: int
    cursor: str | None = None
    next_watermark: str | None = None
    done: bool = False


def begin(tx: Transaction, place: Place, job_id: str, *, full: bool) -> Pass:
    """The job's pass: continued where a crash has left it, or a new one."""
    row = tx.row(_FIND, **_whose(place))
    if row is None:
        return Pass(place, job_id, None, full=True, generation=1)
    watermark, generation, pass_job_id, pass_full, cursor, next_watermark, done = row
    if pass_job_id == job_id:
        # A pass that is done has left the watermark for the next one.
        since = watermark if done or not pass_full else None
        return Pass(place, job_id, since, bool(pass_full), generation, cursor, next_watermark, bool(done))
    # Without a watermark there is no incremental pass.
    full = full or watermark is None
    return Pass(place, job_id, None if full else watermark, full, generation + 1 if full else generation)


def save(tx: Transaction, current: Pass) -> None:
    """Keeps where the pass stands; a pass that is done leaves its watermark for the next."""
    row = tx.row(_FIND, **_whose(current.place))
    watermark = row[0] if row else None
    if current.done and current.next_watermark is not None:
        watermark = current.next_watermark
    tx.change(
        _SAVE,
        **_whose(current.place),
        watermark=watermark,
        generation=current.generation,
        job_id=current.job_id,
        full=int(current.full),
        cursor=current.cursor,
        next_watermark=current.next_watermark,
        done=int(current.done),
    )


def get_note(tx: Transaction, place: Place) -> str | None:
    """What was kept under this place by `set_note`."""
    row = tx.row(_FIND, **_whose(place))
    return None if row is None else row[0]


def set_note(tx: Transaction, place: Place, text: str) -> None:
    """Keeps a text beside the passes: the statuses of a container, which change seldom."""
    tx.change(
        _SAVE,
        **_whose(place),
        watermark=text,
        generation=0,
        job_id=None,
        full=0,
        cursor=None,
        next_watermark=None,
        done=0,
    )


def _whose(place: Place) -> dict[str, str]:
    return {"integration_id": place.integration_id, "entity": place.entity, "container": place.container}
