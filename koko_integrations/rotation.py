"""Key rotation: every sealed value is opened and sealed anew, a page at a time, while the service goes on.

Each value is written back only where it still is what was read, so a reconnect or disconnect in between wins. Stopping
half-way loses nothing: both keys still open, and the next run takes up what is left.
"""

from dataclasses import dataclass
from typing import Any

import peewee

from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.models import (
    Endpoint,
    InboundAddress,
    InboundApp,
    Integration,
    IntegrationConnection,
    PendingConnection,
    TriggerRule,
)
from koko_integrations.vault import Place, Vault, VaultError

PAGE_ROWS = 100

SEALED_COLUMNS: tuple[tuple[type[peewee.Model], peewee.Field, peewee.Field], ...] = (
    (Integration, Integration.id, Integration.access_token),
    (Integration, Integration.id, Integration.refresh_token),
    (IntegrationConnection, IntegrationConnection.integration_id, IntegrationConnection.secrets),
    (PendingConnection, PendingConnection.state_hash, PendingConnection.code_verifier),
    (Endpoint, Endpoint.id, Endpoint.sealed),
    (InboundAddress, InboundAddress.id, InboundAddress.sealed),
    (InboundApp, InboundApp.provider, InboundApp.sealed),
    (TriggerRule, TriggerRule.id, TriggerRule.sealed),
)
"""Every column that holds a vault's blobs: model, key column, sealed column. Each model has a `team_id`."""


@dataclass
class Rotation:
    """How many values were re-sealed, were sealed with the newest key already, and could not be opened."""

    resealed: int = 0
    current: int = 0
    unreadable: int = 0


async def rotate_keys(database: Database, vault: Vault) -> Rotation:
    """Re-seals everything with the vault's first key."""
    done = Rotation()
    for model, key, column in SEALED_COLUMNS:
        team_id = model._meta.fields["team_id"]
        page = Statement(
            model.select(key, team_id, column)
            .where((key > param("after")) & column.is_null(False))
            .order_by(key)
            .limit(PAGE_ROWS)
        )
        replace = Statement(
            model.update({column: param("new")}).where((key == param("key")) & (column == param("old")))
        )
        after = ""
        while rows := await database.read(page, after=after):
            after = rows[-1][0]
            changes = [_reseal(vault, model, column, row, done) for row in rows]
            await database.write(_writer(replace, [change for change in changes if change is not None], done))
    return done


def _reseal(
    vault: Vault, model: type[peewee.Model], column: peewee.Field, row: tuple[Any, ...], done: Rotation
) -> dict[str, str] | None:
    row_id, team_id, blob = row
    place = Place(model._meta.table_name, column.column_name, row_id, team_id)
    try:
        if vault.is_current(blob):
            done.current += 1
            return None
        return {"key": row_id, "old": blob, "new": vault.seal(place, vault.open(place, blob))}
    except VaultError:
        done.unreadable += 1
        return None


def _writer(replace: Statement, changes: list[dict[str, str]], done: Rotation) -> Any:
    def write(tx: Transaction) -> None:
        for change in changes:
            done.resealed += tx.change(replace, **change)

    return write
