"""How an import or export ends: its job's row, and its entry in the journal."""

from collections.abc import Awaitable, Callable
from typing import Any

from koko_integrations.connections.credentials import lost, set_error
from koko_integrations.database import Transaction
from koko_integrations.jobs import store
from koko_integrations.journal import Action, Outcome, write_entry, write_news
from koko_integrations.rpc.wire import present
from koko_integrations.transfers import files
from koko_integrations.transfers.files import JobFile
from koko_integrations.transfers.work import Ended, FileWork

_WORDS: dict[str, Outcome] = {"succeeded": "success", "partial": "partial", "failed": "failed"}


async def finish(
    work: FileWork, action: Action, ended: Ended, abandon: Callable[[FileWork, JobFile], Awaitable[None]]
) -> None:
    """Ends the attempt: for good, or until the provider may be asked again. Raises OvertakenError."""
    put_off = ended.put_off
    if put_off is not None and put_off.suits(work.job):
        due_at = work.now() + int(put_off.delay_s * 1000)
        said = [put_off.explained]

        def wait(tx: Transaction) -> None:
            if store.put_off(tx, work.job, work.state(), said, due_at):
                raise store.CancelledError
            work.count_last_calls(tx)

        try:
            await work.parts.database.write(wait)
        except store.CancelledError:
            ended, put_off = Ended(cancelled=True), None
        else:
            return
    if put_off is not None:
        work.error(put_off.gave_up)
    if ended.refused is not None:
        work.error(ended.refused.explained)
    left = [file for file in work.files.values() if file.status not in ("done", "skipped")]
    if left:
        # What somebody else goes on with is not ours to give back.
        await work.parts.database.write(lambda tx: store.hold(tx, work.job))
    for file in list(work.files.values()):
        await abandon(work, file)
    for file in left:
        status = file.status if file.is_finished else "cancelled"
        work.files[file.number] = file._replace(status=status, session=None)
    status = "cancelled" if ended.cancelled else _status(work)

    def end(tx: Transaction) -> None:
        now = work.now()
        work.count_last_calls(tx)
        store.finish(tx, work.job, status, work.state(), work.errors, now)
        for file in left:
            files.save(tx, work.files[file.number])
        if ended.refused is not None and work.patience.is_current(tx) and set_error(tx, work.integration.id, now):
            write_news(tx, work.integration.id, "failed", lost(ended.refused.explained), now)
        word = _WORDS.get(status) or ("partial" if _count(work, "done") else "failed")
        write_entry(tx, work.integration.id, action, word, _details(work, status, now), now)

    await work.parts.database.write(end)


def _status(work: FileWork) -> str:
    good = _count(work, "done") + _count(work, "skipped")
    if good == len(work.files):
        return "succeeded"
    return "partial" if good else "failed"


def _count(work: FileWork, status: str) -> int:
    return sum(file.status == status for file in work.files.values())


def _details(work: FileWork, status: str, now: int) -> dict[str, Any]:
    every = work.files.values()
    job = work.job
    return present(
        jobId=job.id,
        cause=job.cause,
        itemsProcessed=_count(work, "done"),
        itemsSkipped=_count(work, "skipped") or None,
        itemsFailed=_count(work, "failed"),
        bytes=sum(file.done_bytes for file in every if file.status == "done"),
        errors=(work.errors + (["Cancelled"] if status == "cancelled" else [])) or None,
        duration=now - (job.started_at or now),
    )
