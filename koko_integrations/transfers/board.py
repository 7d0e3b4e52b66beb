"""What `integration.getJob` tells of files."""

from typing import Any

from koko_integrations.database import Database
from koko_integrations.jobs.job import Job
from koko_integrations.transfers import files
from koko_integrations.transfers.files import JobFile


class FileBoard:
    """Reads the files of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, job: Job) -> dict[str, Any]:
        """A job's `files`; nothing for jobs that have none."""
        if job.kind == "sync":
            return {}
        rows = await self._database.read(files.OF_JOB, job_id=job.id)
        found = [JobFile._make(row) for row in rows]
        if job.is_finished:
            # It was cancelled before anybody had begun, or given up: what has not been finished never will be.
            found = [file if file.is_finished else file._replace(status="cancelled") for file in found]
        return {"files": [file.to_wire() for file in found]}
