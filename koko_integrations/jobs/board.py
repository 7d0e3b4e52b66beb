"""`integration.getJob`, `listJobs` and `cancelJob`: what is told of jobs, and stopping one."""

from typing import Any

import peewee

from koko_integrations.access.actor import Grant
from koko_integrations.clock import Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.errors import Forbidden, NotFound, PreconditionFailed
from koko_integrations.jobs import store
from koko_integrations.jobs.job import COLUMNS, Job
from koko_integrations.models import Job as Row
from koko_integrations.paging import Cursor, after, newest_first


def _listing(**equals: peewee.Field) -> Statement:
    where = (Row.integration_id == param("integration_id")) & after(Row.created_at, Row.id)
    for name, column in equals.items():
        where &= column == param(name)
    return Statement(newest_first(Row.select(*COLUMNS).where(where), Row.created_at, Row.id))


_LIST = _listing()
_LIST_BY_STATUS = _listing(status=Row.status)


class JobBoard:
    """Reads and cancels jobs."""

    def __init__(self, clock: Clock, database: Database) -> None:
        self._clock = clock
        self._database = database

    async def find(self, job_id: str) -> Job:
        """Raises NotFound."""
        row = await self._database.read_one(store.FIND, id=job_id)
        if row is None:
            raise NotFound("Job not found")
        return Job._make(row)

    async def list(
        self, integration_id: str, *, status: str | None, limit: int, cursor: Cursor
    ) -> tuple[list[Job], Cursor | None]:
        """The newest first, and where the next page begins."""
        arguments: dict[str, Any] = {"integration_id": integration_id, "limit": limit + 1, **cursor.arguments()}
        if status is None:
            rows = await self._database.read(_LIST, **arguments)
        else:
            rows = await self._database.read(_LIST_BY_STATUS, **arguments, status=status)
        jobs = [Job._make(row) for row in rows[:limit]]
        following = Cursor(jobs[-1].created_at, jobs[-1].id) if len(rows) > limit else None
        return jobs, following

    async def cancel(self, job_id: str, grant: Grant) -> Job:
        """Stops a job: at once while it waits, at its next step while it runs.

        Raises Forbidden to whoever neither asked for it nor is an admin, PreconditionFailed when it has ended.
        """
        job = await self.find(job_id)
        if job.requested_by != grant.actor.label and not grant.is_admin:
            raise Forbidden("Only who asked for this job, or an admin of the team, may cancel it")
        now = self._clock.now_ms()
        if not await self._database.write(lambda tx: store.cancel(tx, job_id, now)):
            raise PreconditionFailed("This job has ended already")
        return await self.find(job_id)
