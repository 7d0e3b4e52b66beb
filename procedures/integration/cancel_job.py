"""integration.cancelJob"""

from typing import Any

from koko_integrations.access.rules import JobAccess
from koko_integrations.app import Call
from koko_integrations.contract import JobOutput
from koko_integrations.rpc.fields import Id, Input, Nested, Output
from koko_integrations.rpc.procedure import mutation


class CancelJobInput(Input):
    jobId = Id(required=True)


class CancelJobOutput(Output):
    job = Nested(JobOutput(), required=True)


@mutation(CancelJobInput, CancelJobOutput, JobAccess("member"))
async def cancel_job(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Cancels a job: at once while it waits, at its next step while it runs or has parts of files to clear away; what
    it has done stays. For whoever asked for it, and for admins of the team."""
    job = await call.app.jobs.cancel(params["jobId"], call.grant)
    return {"job": job.to_wire()}
