"""Credentials in and out of rows: sealed on the way in, opened for use, renewed only by who holds the lease."""

import random
from dataclasses import dataclass
from typing import Any

import orjson

from koko_integrations.clock import MINUTE_MS
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.integration import Integration
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.rpc.wire import dump_text
from koko_integrations.vault import Place, Vault
from providers.kit.connection import Connection, Credentials

ACCESS_TOKEN = ("integration", "access_token")
REFRESH_TOKEN = ("integration", "refresh_token")
SECRETS = ("integration_connection", "secrets")

LEASE_MS = MINUTE_MS
"""Longer than any token request takes: the HTTP client's deadline is a third of it."""
REFRESH_AHEAD_MS = 15 * MINUTE_MS
EXPIRY_MARGIN_MS = 30_000
"""A token this close to its end is not used any more: the request takes time, and clocks differ."""

_THIS = IntegrationConnection.integration_id == param("id")
_UNCHANGED = _THIS & (IntegrationConnection.credential_version == param("version"))
_HELD = _UNCHANGED & (IntegrationConnection.refresh_epoch == param("epoch"))
_FREE = IntegrationConnection.refresh_lease_until.is_null() | (
    IntegrationConnection.refresh_lease_until <= param("now")
)

READ_LIVE = Statement(
    Row.select(
        Row.status,
        Row.access_token,
        Row.refresh_token,
        IntegrationConnection.secrets,
        Row.token_expires_at,
        IntegrationConnection.credential_version,
    )
    .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
    .where(Row.id == param("id"))
)
_BUMP_VERSION = Statement(
    IntegrationConnection.update(
        {IntegrationConnection.credential_version: IntegrationConnection.credential_version + 1}
    ).where(_THIS)
)
_CLAIM = Statement(
    IntegrationConnection.update(
        {
            IntegrationConnection.refresh_lease_until: param("lease_until"),
            IntegrationConnection.refresh_epoch: IntegrationConnection.refresh_epoch + 1,
        }
    )
    .where(_UNCHANGED & _FREE)
    .returning(IntegrationConnection.refresh_epoch)
)
_RENEW_CONNECTION = Statement(
    IntegrationConnection.update(
        {
            IntegrationConnection.credential_version: IntegrationConnection.credential_version + 1,
            IntegrationConnection.refresh_at: param("refresh_at"),
            IntegrationConnection.refresh_lease_until: None,
            IntegrationConnection.refresh_failures: 0,
            IntegrationConnection.last_check_at: param("now"),
            IntegrationConnection.last_check_error: None,
        }
    ).where(_HELD)
)
_RENEW = Statement(
    Row.update(
        {
            Row.status: "connected",
            Row.access_token: param("access_token"),
            Row.refresh_token: param("refresh_token"),
            Row.token_expires_at: param("token_expires_at"),
            Row.updated_at: param("now"),
        }
    ).where(Row.id == param("id"))
)
_RELEASE = Statement(
    IntegrationConnection.update(
        {
            IntegrationConnection.refresh_at: param("refresh_at"),
            IntegrationConnection.refresh_lease_until: None,
            IntegrationConnection.refresh_failures: IntegrationConnection.refresh_failures + 1,
            IntegrationConnection.last_check_at: param("now"),
            IntegrationConnection.last_check_error: param("error"),
        }
    )
    .where(_HELD)
    .returning(IntegrationConnection.refresh_failures)
)
_SET_REFRESH_AT = Statement(
    IntegrationConnection.update({IntegrationConnection.refresh_at: param("refresh_at")}).where(_UNCHANGED)
)
_NOTE_CHECK = Statement(
    IntegrationConnection.update(
        {
            IntegrationConnection.last_check_at: param("now"),
            IntegrationConnection.last_check_error: param("error"),
        }
    ).where(_UNCHANGED)
)
_SET_ERROR = Statement(
    Row.update({Row.status: "error", Row.updated_at: param("now")}).where(
        (Row.id == param("id")) & (Row.status == "connected")
    )
)
FIND_DUE = Statement(
    IntegrationConnection.select(IntegrationConnection.integration_id)
    .join(Row, on=(Row.id == IntegrationConnection.integration_id))
    .where((IntegrationConnection.refresh_at <= param("now")) & (Row.status == "connected"))
    .order_by(IntegrationConnection.refresh_at)
    .limit(param("limit"))
)


@dataclass(frozen=True)
class Live:
    """An opened connection and the version of the credentials that it was opened from. Times are epoch ms."""

    connection: Connection
    version: int
    status: str
    expires_at: int | None

    @property
    def can_refresh(self) -> bool:
        return self.connection.credentials.refresh_token is not None

    def is_usable(self, now: int) -> bool:
        """Whether the access token is good for a request that starts now."""
        return self.expires_at is None or now < self.expires_at - EXPIRY_MARGIN_MS


@dataclass(frozen=True)
class Sealed:
    """Credentials as the columns hold them."""

    access_token: str | None
    refresh_token: str | None
    secrets: str | None


def seal(vault: Vault, integration: Integration, credentials: Credentials) -> Sealed:
    """Every secret of the credentials, sealed for its column."""

    def put(place: tuple[str, str], value: str | None) -> str | None:
        return None if value is None else vault.seal(Place(*place, integration.id, integration.team_id), value)

    return Sealed(
        put(ACCESS_TOKEN, credentials.access_token),
        put(REFRESH_TOKEN, credentials.refresh_token),
        put(SECRETS, dump_text(dict(credentials.secrets)) if credentials.secrets else None),
    )


def unseal(vault: Vault, integration: Integration, row: tuple[Any, ...]) -> Live:
    """The live connection from a row of `READ_LIVE`. Raises VaultError."""
    status, access_token, refresh_token, secrets, expires_at, version = row

    def take(place: tuple[str, str], blob: str | None) -> str | None:
        return None if blob is None else vault.open(Place(*place, integration.id, integration.team_id), blob)

    opened = take(SECRETS, secrets)
    credentials = Credentials(
        access_token=take(ACCESS_TOKEN, access_token),
        refresh_token=take(REFRESH_TOKEN, refresh_token),
        secrets=orjson.loads(opened) if opened else {},
    )
    return Live(Connection(credentials=credentials, config=integration.config), version, status, expires_at)


def lifetime(credentials: Credentials, now: int) -> tuple[int | None, int | None]:
    """When the access token ends, and when to renew it: ahead by 15 minutes or half its life, with jitter."""
    if credentials.expires_in_s is None:
        return None, None
    life_ms = credentials.expires_in_s * 1000
    ahead_ms = min(REFRESH_AHEAD_MS, life_ms / 2) * random.uniform(0.8, 1.0)  # noqa: S311 - jitter, not a secret
    return now + life_ms, int(now + life_ms - ahead_ms) if credentials.refresh_token else None


def take_for_good(tx: Transaction, vault: Vault, integration: Integration) -> Live | None:
    """Opens the credentials for the last time: whatever is under way with them can no longer write them back."""
    tx.change(_BUMP_VERSION, id=integration.id)
    row = tx.row(READ_LIVE, id=integration.id)
    return None if row is None else unseal(vault, integration, row)


def claim(tx: Transaction, integration_id: str, version: int, now: int) -> int | None:
    """Takes the lease for renewing this version of the credentials. The epoch, or None when somebody else has it."""
    row = tx.row(_CLAIM, id=integration_id, version=version, now=now, lease_until=now + LEASE_MS)
    return None if row is None else int(row[0])


def write_back(
    tx: Transaction,
    vault: Vault,
    integration: Integration,
    credentials: Credentials,
    version: int,
    epoch: int,
    now: int,
) -> Live | None:
    """Stores renewed credentials. None, and nothing stored, when the lease was lost or the integration disconnected."""
    expires_at, refresh_at = lifetime(credentials, now)
    held = {"id": integration.id, "version": version, "epoch": epoch}
    if not tx.change(_RENEW_CONNECTION, refresh_at=refresh_at, now=now, **held):
        return None
    sealed = seal(vault, integration, credentials)
    tx.change(
        _RENEW,
        id=integration.id,
        access_token=sealed.access_token,
        refresh_token=sealed.refresh_token,
        token_expires_at=expires_at,
        now=now,
    )
    connection = Connection(credentials=credentials, config=integration.config)
    return Live(connection, version + 1, "connected", expires_at)


def release(
    tx: Transaction, integration_id: str, version: int, epoch: int, error: str, retry_at: int | None, now: int
) -> int | None:
    """Gives the lease back after a failure. How many failures that makes, or None when the lease was lost."""
    row = tx.row(_RELEASE, id=integration_id, version=version, epoch=epoch, error=error, refresh_at=retry_at, now=now)
    return None if row is None else int(row[0])


def postpone(tx: Transaction, integration_id: str, version: int, refresh_at: int) -> None:
    """Sets when these credentials are to be renewed."""
    tx.change(_SET_REFRESH_AT, id=integration_id, version=version, refresh_at=refresh_at)


def note_check(tx: Transaction, integration_id: str, version: int, error: str | None, now: int) -> bool:
    """Remembers what came of using these credentials. False when there are others by now."""
    return tx.change(_NOTE_CHECK, id=integration_id, version=version, error=error, now=now) > 0


def lost(said: str) -> dict[str, Any]:
    """What the team's log says when a connection is lost."""
    return {"event": "connection lost", "errors": [said], "advice": "Connect it again."}


def set_error(tx: Transaction, integration_id: str, now: int) -> bool:
    """Marks a connection as lost. False when it was already, so that the team is told once."""
    return tx.change(_SET_ERROR, id=integration_id, now=now) > 0
