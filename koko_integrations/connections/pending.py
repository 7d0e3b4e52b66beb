"""Connections that wait for the user's consent: state, PKCE verifier, ten minutes, single use.

RFC 6749, 10.12 (state) and RFC 7636 (PKCE). The state binds team, user, provider and redirect URI; only its hash is
kept.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import peewee

from koko_integrations.access.actor import Actor
from koko_integrations.clock import MINUTE_MS
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.integration import Integration
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationLog
from koko_integrations.models import PendingConnection as Pending
from koko_integrations.rpc.wire import dump_text as dump
from koko_integrations.vault import Place, Vault

LIFETIME_MS = 10 * MINUTE_MS
CODE_VERIFIER = ("pending_connection", "code_verifier")

_INSERT = Statement(Pending.insert({column: param(column.name) for column in Pending._meta.sorted_fields}))
_OWN = (
    (Pending.team_id == param("team_id"))
    & (Pending.actor == param("actor"))
    & (Pending.provider == param("provider"))
    & (Pending.expires_at > param("now"))
)
_TAKE = Statement(
    Pending.delete()
    .where(_OWN & (Pending.state_hash == param("state_hash")) & (Pending.redirect_uri == param("redirect_uri")))
    .returning(
        Pending.state_hash,
        Pending.integration_id,
        Pending.team_id,
        Pending.redirect_uri,
        Pending.code_verifier,
        Pending.config,
        Pending.previous_status,
    )
)
_FIND_NEWEST = Statement(
    Pending.select(Pending.state_hash)
    .where(_OWN & (Pending.redirect_uri == param("redirect_uri")))
    .order_by(Pending.created_at.desc())
    .limit(1)
)
_FIND_REDIRECT_URI = Statement(
    Pending.select(Pending.redirect_uri).where(_OWN & (Pending.state_hash == param("state_hash")))
)
_SET_PENDING = Statement(
    Row.update({Row.status: "pending", Row.updated_at: param("now")}).where(
        (Row.id == param("id")) & (Row.status != "connected")
    )
)
_OTHER = Pending.select(Pending.state_hash).where(Pending.integration_id == Row.id)
_RESTORE = Statement(
    Row.update({Row.status: param("previous_status"), Row.updated_at: param("now")}).where(
        (Row.id == param("id")) & (Row.status == "pending") & ~peewee.fn.EXISTS(_OTHER)
    )
)
# A row that never became a connection and has nothing to tell is not kept.
_FORGET = Statement(
    Row.delete().where(
        (Row.id == param("id"))
        & (Row.status == "disconnected")
        & Row.connected_at.is_null()
        & ~peewee.fn.EXISTS(_OTHER)
        & ~peewee.fn.EXISTS(IntegrationLog.select(IntegrationLog.id).where(IntegrationLog.integration_id == Row.id))
    )
)
_TAKE_EXPIRED = Statement(
    Pending.delete()
    .where(Pending.expires_at <= param("now"))
    .returning(Pending.integration_id, Pending.previous_status)
)
_PREVIOUS_STATUS = Statement(
    Pending.select(Pending.previous_status).where(Pending.integration_id == param("id")).limit(1)
)


@dataclass(frozen=True, kw_only=True)
class PendingConnection:
    """What step one left for step three."""

    integration_id: str
    redirect_uri: str
    code_verifier: str | None = field(repr=False)
    config: Mapping[str, Any]
    previous_status: str


def new_state() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def new_code_verifier() -> str:
    """RFC 7636, 4.1: 43 to 128 unreserved characters."""
    return secrets.token_urlsafe(48)


def code_challenge(verifier: str) -> str:
    """RFC 7636, 4.2: S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def add(
    tx: Transaction,
    vault: Vault,
    integration: Integration,
    actor: Actor,
    *,
    state: str,
    redirect_uri: str,
    code_verifier: str | None,
    config: Mapping[str, Any],
    now: int,
) -> bool:
    """Remembers a consent that was asked for.

    A connected integration stays connected meanwhile: it is asked for more. False when another one has been connected
    in the meantime.
    """
    earlier = tx.row(_PREVIOUS_STATUS, id=integration.id)
    if integration.status != "connected" and not tx.change(_SET_PENDING, id=integration.id, now=now):
        return False
    state_hash = _hash(state)
    place = Place(*CODE_VERIFIER, state_hash, integration.team_id)
    tx.change(
        _INSERT,
        state_hash=state_hash,
        integration_id=integration.id,
        team_id=integration.team_id,
        actor=actor.label,
        provider=integration.provider,
        redirect_uri=redirect_uri,
        code_verifier=None if code_verifier is None else vault.seal(place, code_verifier),
        config=dump(config),
        previous_status=earlier[0] if earlier else integration.status,
        created_at=now,
        expires_at=now + LIFETIME_MS,
    )
    return True


def take(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    *,
    team_id: str,
    provider: str,
    state: str | None,
    redirect_uri: str | None,
    now: int,
) -> PendingConnection | None:
    """Uses up the caller's pending connection: the one of `state`, or the newest for the redirect URI.

    None when there is none, it is somebody else's, used, expired or was started for another redirect URI.
    """
    own = {"team_id": team_id, "actor": actor.label, "provider": provider, "now": now}
    if state is not None:
        state_hash = _hash(state)
        if redirect_uri is None:
            found = tx.row(_FIND_REDIRECT_URI, state_hash=state_hash, **own)
            redirect_uri = found[0] if found else None
    else:
        found = tx.row(_FIND_NEWEST, redirect_uri=redirect_uri, **own)
        state_hash = found[0] if found else ""
    row = tx.row(_TAKE, state_hash=state_hash, redirect_uri=redirect_uri, **own)
    if row is None:
        return None
    state_hash, integration_id, team_id, redirect_uri, sealed, config, previous_status = row
    place = Place(*CODE_VERIFIER, state_hash, team_id)
    return PendingConnection(
        integration_id=integration_id,
        redirect_uri=redirect_uri or "",
        code_verifier=None if sealed is None else vault.open(place, sealed),
        config=orjson.loads(config),
        previous_status=previous_status,
    )


def give_up(tx: Transaction, integration_id: str, previous_status: str, now: int) -> None:
    """Puts an integration back to what it was before the consent was asked for."""
    tx.change(_RESTORE, id=integration_id, previous_status=previous_status, now=now)
    tx.change(_FORGET, id=integration_id)


def expire(tx: Transaction, now: int) -> int:
    """Removes pending connections that nobody came back for. Returns how many."""
    expired = tx.rows(_TAKE_EXPIRED, now=now)
    for integration_id, previous_status in expired:
        give_up(tx, integration_id, previous_status, now)
    return len(expired)


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
