"""`integration.getLogs`: a team reads its integration's journal, a page at a time."""

from typing import Any

import orjson
import peewee

from koko_integrations.database import Database, Statement, param
from koko_integrations.models import IntegrationLog
from koko_integrations.paging import Cursor, after, newest_first
from koko_integrations.rpc.wire import iso

_COLUMNS = (
    IntegrationLog.id,
    IntegrationLog.action,
    IntegrationLog.status,
    IntegrationLog.details,
    IntegrationLog.created_at,
)


def _page(**equals: peewee.Field) -> Statement:
    where = (IntegrationLog.integration_id == param("integration_id")) & after(
        IntegrationLog.created_at, IntegrationLog.id
    )
    for name, column in equals.items():
        where &= column == param(name)
    return Statement(
        newest_first(IntegrationLog.select(*_COLUMNS).where(where), IntegrationLog.created_at, IntegrationLog.id)
    )


_PAGES = {
    (): _page(),
    ("action",): _page(action=IntegrationLog.action),
    ("status",): _page(status=IntegrationLog.status),
    ("action", "status"): _page(action=IntegrationLog.action, status=IntegrationLog.status),
}


class LogReader:
    """Reads the journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, integration_id: str, *, action: str | None, status: str | None, limit: int, cursor: Cursor
    ) -> tuple[list[dict[str, Any]], Cursor | None]:
        """The API document's IntegrationLogs, the newest first, and where the next page begins."""
        filters = {name: value for name, value in (("action", action), ("status", status)) if value is not None}
        rows = await self._database.read(
            _PAGES[tuple(filters)], integration_id=integration_id, limit=limit + 1, **filters, **cursor.arguments()
        )
        shown = rows[:limit]
        entries = [
            {
                "id": entry_id,
                "integrationId": integration_id,
                "action": found_action,
                "status": found_status,
                "details": orjson.Fragment(details),
                "createdAt": iso(created_at),
            }
            for entry_id, found_action, found_status, details, created_at in shown
        ]
        return entries, Cursor(shown[-1][4], shown[-1][0]) if len(rows) > limit else None
