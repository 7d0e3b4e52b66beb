"""Rows of integrations: the statements, and how credentials go in and out of them.

Each function runs in a transaction that its caller has opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import peewee

from koko_integrations.access.actor import Actor
from koko_integrations.connections import outlets
from koko_integrations.connections.auto_sync import next_slot
from koko_integrations.connections.credentials import lifetime, seal
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.ids import new_id
from koko_integrations.integration import COLUMNS, Integration
from koko_integrations.models import ApiKey, InboundAddress, IntegrationConnection, PendingConnection
from koko_integrations.models import Integration as Row
from koko_integrations.rpc.wire import dump_text as dump
from koko_integrations.vault import Vault
from providers.kit.connection import Credentials
from providers.kit.manifest import Manifest

_JOINED = Row.select(*COLUMNS).join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
FIND = Statement(_JOINED.where(Row.id == param("id")))
FIND_BY_SLOT = Statement(
    _JOINED.where(
        (IntegrationConnection.team_id == param("team_id"))
        & (IntegrationConnection.provider == param("provider"))
        & (IntegrationConnection.slot == param("slot"))
    )
)
_INSERT = Statement(
    Row.insert(
        {
            Row.id: param("id"),
            Row.team_id: param("team_id"),
            Row.provider: param("provider"),
            Row.provider_name: param("provider_name"),
            Row.provider_icon: param("provider_icon"),
            Row.category: param("category"),
            Row.status: "disconnected",
            Row.connected_by: param("connected_by"),
            Row.config: "{}",
            Row.scope: "[]",
            Row.created_at: param("now"),
            Row.updated_at: param("now"),
        }
    )
)
_INSERT_CONNECTION = Statement(
    IntegrationConnection.insert(
        {
            IntegrationConnection.integration_id: param("id"),
            IntegrationConnection.team_id: param("team_id"),
            IntegrationConnection.provider: param("provider"),
            IntegrationConnection.slot: param("slot"),
            IntegrationConnection.credential_version: 0,
            IntegrationConnection.refresh_epoch: 0,
            IntegrationConnection.refresh_failures: 0,
            IntegrationConnection.account: "{}",
        }
    ).on_conflict(
        conflict_target=[IntegrationConnection.team_id, IntegrationConnection.provider, IntegrationConnection.slot],
        action="IGNORE",
    )
)
_DELETE = Statement(Row.delete().where(Row.id == param("id")))
_SET_CONNECTED = Statement(
    Row.update(
        {
            Row.status: "connected",
            Row.provider_name: param("provider_name"),
            Row.provider_icon: param("provider_icon"),
            Row.connected_by: param("connected_by"),
            Row.connected_at: param("now"),
            Row.config: param("config"),
            Row.scope: param("scope"),
            Row.access_token: param("access_token"),
            Row.refresh_token: param("refresh_token"),
            Row.token_expires_at: param("token_expires_at"),
            Row.updated_at: param("now"),
        }
    ).where((Row.id == param("id")) & ((Row.status != "connected") | (Row.status == param("replacing"))))
)
_SET_CONNECTION = Statement(
    IntegrationConnection.update(
        {
            IntegrationConnection.auth_method: param("auth_method"),
            IntegrationConnection.secrets: param("secrets"),
            IntegrationConnection.account: param("account"),
            IntegrationConnection.credential_version: IntegrationConnection.credential_version + 1,
            IntegrationConnection.refresh_at: param("refresh_at"),
            IntegrationConnection.refresh_lease_until: None,
            IntegrationConnection.refresh_failures: 0,
            IntegrationConnection.last_check_at: param("now"),
            IntegrationConnection.last_check_error: None,
            IntegrationConnection.next_allowed_at: None,
            IntegrationConnection.next_sync_at: param("next_sync_at"),
        }
    ).where(IntegrationConnection.integration_id == param("id"))
)
_OTHER = IntegrationConnection.alias()
_MOVE_TO_SLOT = Statement(
    IntegrationConnection.update({IntegrationConnection.slot: param("slot")}).where(
        (IntegrationConnection.integration_id == param("id"))
        & ~peewee.fn.EXISTS(
            _OTHER.select(_OTHER.integration_id).where(
                (_OTHER.team_id == IntegrationConnection.team_id)
                & (_OTHER.provider == IntegrationConnection.provider)
                & (_OTHER.slot == param("slot"))
            )
        )
    )
)
_WIPE = Statement(
    Row.update(
        {
            Row.status: "disconnected",
            Row.config: param("config"),
            Row.scope: "[]",
            Row.access_token: None,
            Row.refresh_token: None,
            Row.token_expires_at: None,
            Row.updated_at: param("now"),
        }
    ).where(Row.id == param("id"))
)
_WIPE_CONNECTION = Statement(
    IntegrationConnection.update(
        {
            IntegrationConnection.auth_method: None,
            IntegrationConnection.secrets: None,
            IntegrationConnection.credential_version: IntegrationConnection.credential_version + 1,
            IntegrationConnection.refresh_at: None,
            IntegrationConnection.refresh_lease_until: None,
            IntegrationConnection.last_check_at: None,
            IntegrationConnection.last_check_error: None,
            IntegrationConnection.next_allowed_at: None,
            IntegrationConnection.next_sync_at: None,
        }
    ).where(IntegrationConnection.integration_id == param("id"))
)
_DELETE_PENDING = Statement(PendingConnection.delete().where(PendingConnection.integration_id == param("id")))
_DELETE_API_KEYS = Statement(ApiKey.delete().where(ApiKey.integration_id == param("id")))
_DELETE_ADDRESSES = Statement(InboundAddress.delete().where(InboundAddress.integration_id == param("id")))
_INSERT_API_KEY = Statement(
    ApiKey.insert(
        {
            ApiKey.key_hash: param("key_hash"),
            ApiKey.integration_id: param("id"),
            ApiKey.team_id: param("team_id"),
            ApiKey.created_at: param("now"),
        }
    )
)


@dataclass(frozen=True, kw_only=True)
class Proven:
    """A connection that its provider has confirmed, ready to be stored."""

    auth_method: str
    credentials: Credentials
    config: Mapping[str, Any]
    scopes: tuple[str, ...]
    account_id: str
    account_name: str


def ensure(
    tx: Transaction, actor: Actor, team_id: str, manifest: Manifest, slot: str, icon: str, now: int
) -> Integration:
    """The team's row for this provider and slot, made when there is none."""
    by_slot = {"team_id": team_id, "provider": manifest.slug, "slot": slot}
    row = tx.row(FIND_BY_SLOT, **by_slot)
    if row is None:
        integration_id = new_id("int")
        tx.change(
            _INSERT,
            id=integration_id,
            team_id=team_id,
            provider=manifest.slug,
            provider_name=manifest.name,
            provider_icon=icon,
            category=manifest.category,
            connected_by=actor.user_id,
            now=now,
        )
        if tx.change(_INSERT_CONNECTION, id=integration_id, **by_slot) == 0:
            # Another transaction was faster; its row is the one.
            tx.change(_DELETE, id=integration_id)
        row = tx.row(FIND_BY_SLOT, **by_slot)
    assert row is not None, "the row was there or has just been made"
    return Integration._make(row)


def move_to_slot(tx: Transaction, integration_id: str, slot: str) -> bool:
    """Gives a new row its place among the team's connections. False when that place is taken by another row."""
    return tx.change(_MOVE_TO_SLOT, id=integration_id, slot=slot) > 0


def find(tx: Transaction, integration_id: str) -> Integration:
    row = tx.row(FIND, id=integration_id)
    assert row is not None, "rows of integrations are only deleted with their team"
    return Integration._make(row)


def set_connected(
    tx: Transaction,
    vault: Vault,
    integration: Integration,
    actor: Actor,
    proven: Proven,
    manifest: Manifest,
    icon: str,
    now: int,
    *,
    replace: bool = False,
) -> bool:
    """Stores the proven connection, sealed. False, and nothing stored, when the integration is connected already and
    that connection is not to be replaced."""
    sealed = seal(vault, integration, proven.credentials)
    expires_at, refresh_at = lifetime(proven.credentials, now)
    changed = tx.change(
        _SET_CONNECTED,
        id=integration.id,
        provider_name=manifest.name,
        provider_icon=icon,
        connected_by=actor.user_id,
        config=dump(proven.config),
        scope=dump(proven.scopes),
        access_token=sealed.access_token,
        refresh_token=sealed.refresh_token,
        token_expires_at=expires_at,
        replacing="connected" if replace else "",
        now=now,
    )
    if not changed:
        return False
    tx.change(
        _SET_CONNECTION,
        id=integration.id,
        auth_method=proven.auth_method,
        secrets=sealed.secrets,
        refresh_at=refresh_at,
        next_sync_at=next_slot(integration.id, proven.config, now),
        account=dump({"id": proven.account_id, "name": proven.account_name}),
        now=now,
    )
    tx.change(_DELETE_PENDING, id=integration.id)
    return True


def add_api_key(tx: Transaction, integration: Integration, key_hash: str, now: int) -> None:
    """Makes `key_hash` the integration's only API key."""
    tx.change(_DELETE_API_KEYS, id=integration.id)
    tx.change(_INSERT_API_KEY, key_hash=key_hash, id=integration.id, team_id=integration.team_id, now=now)


def wipe(tx: Transaction, integration: Integration, config: Mapping[str, Any], now: int) -> None:
    """Removes every credential of the integration, and where its provider reached us; the row, its configuration and
    its log stay."""
    tx.change(_WIPE, id=integration.id, config=dump(config), now=now)
    tx.change(_WIPE_CONNECTION, id=integration.id)
    for statement in (_DELETE_PENDING, _DELETE_API_KEYS, _DELETE_ADDRESSES):
        tx.change(statement, id=integration.id)
    outlets.close(tx, integration.id, now)
