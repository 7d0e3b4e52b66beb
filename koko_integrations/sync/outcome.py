"""How a run ends for the team: its entry in the journal, and what the integration says of its last sync."""

from typing import Any

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.journal import Outcome, write_entry
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.rpc.wire import dump_text, present
from koko_integrations.sync.run import Run

_SET_LAST_SYNC = Statement(
    Row.update(
        {Row.last_sync_at: param("now"), Row.last_sync_status: param("status"), Row.sync_errors: param("errors")}
    ).where(Row.id == param("id"))
)
_SET_LAST_FULL = Statement(
    IntegrationConnection.update({IntegrationConnection.last_full_sync_at: param("now")}).where(
        IntegrationConnection.integration_id == param("id")
    )
)
_WORDS: dict[str, Outcome] = {"succeeded": "success", "partial": "partial", "failed": "failed"}


def record(tx: Transaction, run: Run, ended: str, now: int, *, whole: bool) -> None:
    """Writes the entry; a run that was cancelled leaves what the integration says of the last one that was not.

    `whole` says that it has been through everything, whatever failed alone on the way.
    """
    moved = run.progress.moved
    word: Outcome = ("partial" if moved else "failed") if ended == "cancelled" else _WORDS[ended]
    write_entry(tx, run.integration.id, "sync", word, _details(run, ended, now), now)
    if ended == "cancelled":
        return
    errors = dump_text(run.progress.errors) if run.progress.errors else None
    tx.change(_SET_LAST_SYNC, id=run.integration.id, now=now, status=word, errors=errors)
    # What fails alone would fail again at the next slot: it is no reason to look at everything each time.
    if run.full and whole and "entities" not in run.job.request:
        tx.change(_SET_LAST_FULL, id=run.integration.id, now=now)


def _details(run: Run, ended: str, now: int) -> dict[str, Any]:
    job = run.job
    errors = run.progress.errors + ([] if ended != "cancelled" else ["Cancelled"])
    return present(
        jobId=job.id,
        syncType="full" if run.full else "incremental",
        cause=job.cause,
        itemsProcessed=run.progress.moved,
        itemsFailed=run.progress.failed,
        errors=errors or None,
        notes=run.progress.notes or None,
        duration=now - (job.started_at or now),
        entities={name: progress.to_wire() for name, progress in run.progress.entities.items()},
    )
