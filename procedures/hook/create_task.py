"""hook.createTask"""

from typing import Any

from koko_integrations.access.rules import KeyAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Id, Input, Nested, Output, Text
from koko_integrations.rpc.procedure import mutation
from koko_integrations.tools.tasking import NewTask

TITLE_MAX_CHARS = 255


class CreateTaskInput(Input):
    """`integrationId` says where, for a project that is mapped to several tools. `requestId` is the caller's own: what
    is asked for again under the same one is not made again."""

    projectId = Id(required=True)
    title = Text(min_chars=1, max_chars=TITLE_MAX_CHARS, required=True)
    description = Text(load_default="")
    integrationId = Id()
    requestId = Id()


class CreatedTask(Output):
    id = Id(required=True)
    url = Text()
    integrationId = Id(required=True)
    provider = Text(required=True)


class CreateTaskOutput(Output):
    task = Nested(CreatedTask(), required=True)


@mutation(CreateTaskInput, CreateTaskOutput, KeyAccess())
async def create_task(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Makes a task in the project management tool that the project is mapped to."""
    wanted = NewTask(
        project_id=params["projectId"],
        title=params["title"],
        description=params["description"],
        integration_id=params.get("integrationId"),
    )
    return {"task": await call.app.task_maker.make(call.integration, wanted, params.get("requestId"))}
