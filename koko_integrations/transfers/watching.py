"""importOnUpload: what is new in the watched folder is imported by itself, once.

A sync of the folder by the provider's own change feed comes first; what it saw for the first time is what is new. The
first sync after watching was switched on only learns what is there already.
"""

from typing import Any

import orjson

from koko_integrations.connections.configure import WATCH
from koko_integrations.connections.store import FIND
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.ids import new_id
from koko_integrations.integration import Integration
from koko_integrations.models import IntegrationConnection, SyncedItem
from koko_integrations.transfers.requests import create_import

AT_ONCE = 50

_WATCHED_FROM = Statement(
    IntegrationConnection.select(IntegrationConnection.watched_from).where(
        IntegrationConnection.integration_id == param("id")
    )
)
_WATCH_FROM = Statement(
    IntegrationConnection.update({IntegrationConnection.watched_from: param("now")}).where(
        IntegrationConnection.integration_id == param("id")
    )
)
_NEW = Statement(
    SyncedItem.select(SyncedItem.external_id, SyncedItem.content)
    .where(
        (SyncedItem.integration_id == param("id"))
        & (SyncedItem.entity == "files")
        & (SyncedItem.container == param("folder"))
        & (SyncedItem.first_seen_at > param("since"))
        & SyncedItem.deleted_at.is_null()
    )
    .order_by(SyncedItem.first_seen_at, SyncedItem.external_id)
)


def import_new_files(tx: Transaction, integration: Integration, now: int) -> None:
    """After a sync, in its last transaction: what has come since the last one becomes jobs."""
    row = tx.row(FIND, id=integration.id)
    if row is None or _watched(Integration._make(row)) != _watched(integration):
        # Another folder has been chosen during the sync, which knows nothing of it.
        return
    config: dict[str, Any] = integration.config
    if not config.get("importOnUpload") or "projectId" not in config:
        return
    row = tx.row(_WATCHED_FROM, id=integration.id)
    since = row[0] if row else None
    tx.change(_WATCH_FROM, id=integration.id, now=now)
    if since is None:
        return
    found = tx.rows(_NEW, id=integration.id, folder=config.get("syncFolder") or "", since=since)
    new = [external_id for external_id, content in found if _is_file(content)]
    for start in range(0, len(new), AT_ONCE):
        create_import(
            tx,
            integration,
            config["projectId"],
            [{"external_path": external_id} for external_id in new[start : start + AT_ONCE]],
            uploaded_by=None,
            cause="watch",
            requested_by="watch",
            request_id=new_id("watch"),
            now=now,
        )


def _watched(integration: Integration) -> tuple[Any, ...]:
    """What is watched, and where it goes."""
    return (integration.account_id, *(integration.config.get(name) for name in sorted(WATCH)))


def _is_file(content: str) -> bool:
    kind: str = orjson.loads(content).get("fields", {}).get("kind", "file")
    return kind == "file"
