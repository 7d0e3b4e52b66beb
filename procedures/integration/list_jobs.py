"""integration.listJobs"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.contract import JobOutput
from koko_integrations.jobs.job import JOB_STATUSES
from koko_integrations.paging import LIMIT_DEFAULT, LIMIT_MAX, Cursor
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Number, Output, Text
from koko_integrations.rpc.procedure import query
from koko_integrations.rpc.wire import present


class ListJobsInput(Input):
    integrationId = Id(required=True)
    status = Choice(JOB_STATUSES)
    limit = Number(minimum=1, maximum=LIMIT_MAX, whole=True, load_default=LIMIT_DEFAULT)
    cursor = Text(max_chars=512)


class ListJobsOutput(Output):
    jobs = ListOf(Nested(JobOutput()), required=True)
    nextCursor = Text()


@query(ListJobsInput, ListJobsOutput, IntegrationAccess("member"))
async def list_jobs(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Lists an integration's jobs, the newest first."""
    jobs, following = await call.app.jobs.list(
        call.integration.id,
        status=params.get("status"),
        limit=int(params["limit"]),
        cursor=Cursor.load(params.get("cursor")),
    )
    return present(jobs=[job.to_wire() for job in jobs], nextCursor=None if following is None else following.dump())
