"""Whose subscriptions are to be looked at."""

from collections.abc import Iterable

from koko_integrations.connections.store import FIND
from koko_integrations.database import Database, Statement, param
from koko_integrations.integration import COLUMNS, Integration
from koko_integrations.models import InboundAddress, IntegrationConnection
from koko_integrations.models import Integration as Row

_CHANGED = Statement(
    Row.select(*COLUMNS)
    .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
    .where((Row.status == "connected") & (Row.updated_at >= param("since")))
)
_DUE = Statement(
    Row.select(*COLUMNS)
    .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
    .where(
        (Row.status == "connected")
        & Row.id.in_(
            InboundAddress.select(InboundAddress.integration_id).where(InboundAddress.renew_at <= param("now"))
        )
    )
)


async def find_due(database: Database, asked: Iterable[str], since: int, now: int) -> list[Integration]:
    """What was changed `since`, has an address that is due, or has `asked`; each once."""
    rows = await database.read_long(_CHANGED, since=since)
    rows += await database.read_long(_DUE, now=now)
    rows += [row for one in asked for row in await database.read(FIND, id=one)]
    return list({row[0]: Integration._make(row) for row in rows}.values())
