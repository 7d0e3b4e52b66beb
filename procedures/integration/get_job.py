"""integration.getJob"""

from typing import Any

from koko_integrations.access.rules import JobAccess
from koko_integrations.app import Call
from koko_integrations.contract import JobOutput
from koko_integrations.rpc.fields import Id, Input, Nested, Output
from koko_integrations.rpc.procedure import query


class GetJobInput(Input):
    jobId = Id(required=True)


class GetJobOutput(Output):
    job = Nested(JobOutput(), required=True)


@query(GetJobInput, GetJobOutput, JobAccess("member"))
async def get_job(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Tells how far a job has come: a sync entity by entity, an import or export file by file."""
    job = await call.app.jobs.find(params["jobId"])
    return {"job": job.to_wire() | await call.app.files.of(job)}
