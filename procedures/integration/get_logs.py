"""integration.getLogs"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.paging import LIMIT_DEFAULT, LIMIT_MAX, Cursor
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Number, Output, RecordOf, Text, Timestamp
from koko_integrations.rpc.procedure import query
from koko_integrations.rpc.wire import present

ACTIONS = ("sync", "import", "export", "notify", "webhook")
STATUSES = ("success", "failed", "partial")


class GetLogsInput(Input):
    integrationId = Id(required=True)
    action = Choice(ACTIONS)
    status = Choice(STATUSES)
    limit = Number(minimum=1, maximum=LIMIT_MAX, whole=True, load_default=LIMIT_DEFAULT)
    cursor = Text(max_chars=512)


class LogOutput(Output):
    """The API document's IntegrationLog."""

    id = Id(required=True)
    integrationId = Id(required=True)
    action = Choice(ACTIONS, required=True)
    status = Choice(STATUSES, required=True)
    details = RecordOf(required=True)
    createdAt = Timestamp(required=True)


class GetLogsOutput(Output):
    logs = ListOf(Nested(LogOutput()), required=True)
    nextCursor = Text()


@query(GetLogsInput, GetLogsOutput, IntegrationAccess("admin"))
async def get_logs(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Lists what an integration did, the newest first; durations are in milliseconds."""
    logs, following = await call.app.logs.page(
        call.integration.id,
        action=params.get("action"),
        status=params.get("status"),
        limit=int(params["limit"]),
        cursor=Cursor.load(params.get("cursor")),
    )
    return present(logs=logs, nextCursor=None if following is None else following.dump())
