"""hook.listProjects"""

from typing import Any

from koko_integrations.access.rules import KeyAccess
from koko_integrations.app import Call
from koko_integrations.paging import LIMIT_DEFAULT, LIMIT_MAX, Cursor
from koko_integrations.rpc.fields import Id, Input, ListOf, Nested, Number, Output, Text
from koko_integrations.rpc.procedure import query
from koko_integrations.rpc.wire import present


class ListProjectsInput(Input):
    limit = Number(minimum=1, maximum=LIMIT_MAX, whole=True, load_default=LIMIT_DEFAULT)
    cursor = Text(max_chars=512)


class ListedProject(Output):
    id = Id(required=True)
    name = Text(required=True)


class ListProjectsOutput(Output):
    projects = ListOf(Nested(ListedProject()), required=True)
    nextCursor = Text()


@query(ListProjectsInput, ListProjectsOutput, KeyAccess())
async def list_projects(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Lists the team's projects, those whose videos changed last first."""
    cursor = Cursor.load(params.get("cursor"))
    projects, following = await call.app.choices.projects(call.team_id, params["limit"], cursor)
    return present(projects=projects, nextCursor=None if following is None else following.dump())
