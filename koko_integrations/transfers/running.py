"""One attempt of an import or export, from its rows to its end, whatever happens in between."""

from collections.abc import Awaitable, Callable

import structlog

from koko_integrations.connections.store import FIND
from koko_integrations.database import AWAY
from koko_integrations.integration import Integration
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Job
from koko_integrations.jobs.runner import BROKEN
from koko_integrations.journal import Action
from koko_integrations.transfers import files
from koko_integrations.transfers.files import JobFile
from koko_integrations.transfers.outcome import finish
from koko_integrations.transfers.work import Ended, FileWork, Parts
from providers.kit.http import counting_calls

log = structlog.get_logger(__name__)

OneFile = Callable[[FileWork, JobFile], Awaitable[None]]


async def run_job(parts: Parts, job: Job, action: Action, one: OneFile, abandon: OneFile) -> None:
    """Has `one` done for each file. `abandon` gives back what a file holds that never will be done.

    Raises OvertakenError, and AWAY.
    """
    row = await parts.database.read_one(FIND, id=job.integration_id)
    if row is None:
        raise store.OvertakenError
    integration = Integration._make(row)
    found = [JobFile._make(one) for one in await parts.database.read(files.OF_JOB, job_id=job.id)]
    with counting_calls() as calls:
        work = FileWork(parts, job, integration, found, calls)
        ended = await _attempt(work, one)
        await finish(work, action, ended, abandon)
    log.info("files ended", action=action, **work.state()["progress"])


async def _attempt(work: FileWork, one: OneFile) -> Ended:
    if work.job.cancel_requested:
        return Ended(cancelled=True)
    if work.integration.status != "connected":
        work.error(f"{work.name} is not connected any more")
        return Ended()
    try:
        return await work.run(lambda file: one(work, file))
    except (store.OvertakenError, *AWAY):
        raise
    except Exception as error:
        log.error("files broke", exc_info=error)
        work.error(BROKEN)
        return Ended()
