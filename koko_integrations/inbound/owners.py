"""Whose an account at a provider is: several teams may have connected the same one."""

import peewee

from koko_integrations.database import Database, Statement, param
from koko_integrations.integration import COLUMNS, Integration
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.rpc.wire import dump_text

# `account` is kept as JSON that begins with the id: see connections/store.py.
_FIND = Statement(
    Row.select(*COLUMNS)
    .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
    .where(
        (Row.provider == param("provider"))
        & Row.status.in_(("connected", "error"))
        & (peewee.fn.SUBSTR(IntegrationConnection.account, 1, param("length")) == param("beginning"))
    )
)


async def find_owners(database: Database, provider: str, account_id: str) -> list[Integration]:
    """The integrations that are connected to the account, or were until it was lost."""
    beginning = dump_text({"id": account_id})[:-1] + ","
    rows = await database.read(_FIND, provider=provider, length=len(beginning), beginning=beginning)
    return [Integration._make(row) for row in rows]
