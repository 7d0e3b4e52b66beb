"""Rows of inbound addresses, with what is kept sealed in them.

Functions that take a transaction run in one that their caller has opened. `renew_at` says when somebody is to look at
an address next; who moves it on has the address to itself until then.
"""

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.integration import Integration
from koko_integrations.models import InboundAddress as Row
from koko_integrations.rpc.wire import dump_text
from koko_integrations.vault import Place, Vault
from providers.kit.inbound import OWN_SECRET, Address, Subscription

APP = "app"
"""The id of the address that a whole app has."""
PATH = "/webhooks"
LEASE_MS = 120_000
"""Longer than asking for a subscription takes."""
NEVER = -1
SECRETS = ("inbound_address", "sealed")

_COLUMNS = (
    Row.id,
    Row.integration_id,
    Row.team_id,
    Row.provider,
    Row.target,
    Row.sealed,
    Row.subscription_id,
    Row.expires_at,
    Row.renew_at,
    Row.error,
    Row.created_at,
)
FIND = Statement(Row.select(*_COLUMNS).where(Row.id == param("id")))
FIND_OF = Statement(Row.select(*_COLUMNS).where(Row.integration_id == param("integration_id")).order_by(Row.target))
_INSERT = Statement(
    Row.insert(
        {
            Row.id: param("id"),
            Row.integration_id: param("integration_id"),
            Row.team_id: param("team_id"),
            Row.provider: param("provider"),
            Row.target: param("target"),
            Row.sealed: param("sealed"),
            Row.renew_at: param("renew_at"),
            Row.error: param("error"),
            Row.created_at: param("now"),
        }
    )
    .on_conflict(conflict_target=[Row.integration_id, Row.target], action="IGNORE")
    .returning(*_COLUMNS)
)
_FIND_TARGET = Statement(
    Row.select(*_COLUMNS).where((Row.integration_id == param("integration_id")) & (Row.target == param("target")))
)
_THIS = Row.id == param("id")
_CLAIM = Statement(
    Row.update({Row.renew_at: param("until")})
    .where(_THIS & (peewee.fn.COALESCE(Row.renew_at, NEVER) == param("was")))
    .returning(*_COLUMNS)
)
# The row is locked from here on: what others have sealed into it is read after them.
_RECEIVED = Statement(Row.update({Row.last_received_at: param("now")}).where(_THIS).returning(*_COLUMNS))
_TOUCH = Statement(Row.update({Row.error: None}).where(_THIS).returning(*_COLUMNS))
_SET_SEALED = Statement(Row.update({Row.sealed: param("sealed")}).where(_THIS))
_SET_SUBSCRIPTION = Statement(
    Row.update(
        {
            Row.subscription_id: param("subscription_id"),
            Row.expires_at: param("expires_at"),
            Row.renew_at: param("renew_at"),
        }
    ).where(_THIS)
)
_FAIL = Statement(Row.update({Row.error: param("error"), Row.renew_at: param("renew_at")}).where(_THIS))
# One that somebody has claimed is being looked at already.
_LAPSE = Statement(
    Row.update({Row.renew_at: param("now")}).where(_THIS & (Row.renew_at.is_null() | (Row.renew_at > param("claimed"))))
)
_FORGET_SUBSCRIPTION = Statement(Row.update({Row.subscription_id: None, Row.renew_at: param("renew_at")}).where(_THIS))
_DELETE = Statement(Row.delete().where(_THIS))


class Known(NamedTuple):
    """One address. Times are epoch ms."""

    id: str
    integration_id: str
    team_id: str
    provider: str
    target: str
    sealed: str | None
    subscription_id: str | None
    expires_at: int | None
    renew_at: int | None
    error: str | None
    created_at: int

    @property
    def is_failing(self) -> bool:
        """Whether what was asked of the provider last did not work: it is asked again at `renew_at`."""
        return self.error is not None

    def is_claimed(self, now: int) -> bool:
        """Whether somebody is at it. A time to be looked at again that is as near counts, too."""
        return self.renew_at is not None and now < self.renew_at <= now + LEASE_MS

    def is_due(self, now: int) -> bool:
        """Whether it is time to look at it."""
        return self.renew_at is not None and self.renew_at <= now

    def secrets(self, vault: Vault) -> dict[str, str]:
        """What its messages are verified by. Raises VaultError."""
        if self.sealed is None:
            return {}
        opened: dict[str, str] = orjson.loads(vault.open(_place(self.id, self.team_id), self.sealed))
        return opened

    def subscription(self, vault: Vault) -> Subscription:
        """What the provider has promised. Raises VaultError."""
        assert self.subscription_id is not None, "the caller has looked"
        return Subscription(id=self.subscription_id, expires_at=self.expires_at, secrets=self.secrets(vault))


def url_of(public_url: str, provider: str, address_id: str) -> str:
    """Where the provider sends to."""
    return f"{public_url}{PATH}/{provider}/{address_id}"


def ensure_address(
    tx: Transaction, vault: Vault, integration: Integration, target: str, given: Mapping[str, str], now: int
) -> Known:
    """The integration's address for a target, made with these secrets where there is none."""
    row = tx.row(_FIND_TARGET, integration_id=integration.id, target=target)
    while row is None:
        made = _insert(tx, vault, integration, target, given, created_at=now, renew_at=None, error=None)
        row = made or tx.row(_FIND_TARGET, integration_id=integration.id, target=target)
    return Known._make(row)


def add_claimed(tx: Transaction, vault: Vault, integration: Integration, target: str, now: int) -> Known | None:
    """A new address, to be subscribed by the caller; None when somebody else was faster."""
    row = _insert(tx, vault, integration, target, _own_secret(), created_at=now, renew_at=now + LEASE_MS, error=None)
    return None if row is None else Known._make(row)


def replace_claimed(
    tx: Transaction,
    vault: Vault,
    integration: Integration,
    claimed: Known,
    error: str | None,
    created_at: int,
    now: int,
) -> Known | None:
    """Another address in place of one that the caller has claimed: what is sent to the old one is not heard any more.
    None when it has gone."""
    if not tx.change(_DELETE, id=claimed.id):
        return None
    row = _insert(
        tx,
        vault,
        integration,
        claimed.target,
        _own_secret(),
        created_at=created_at,
        renew_at=now + LEASE_MS,
        error=error,
    )
    return None if row is None else Known._make(row)


def claim(tx: Transaction, known: Known, now: int) -> Known | None:
    """The address as it is now, for the caller alone; None when somebody else was faster."""
    was = NEVER if known.renew_at is None else known.renew_at
    row = tx.row(_CLAIM, id=known.id, was=was, until=now + LEASE_MS)
    return None if row is None else Known._make(row)


def note_received(tx: Transaction, vault: Vault, address_id: str, remember: Mapping[str, str], now: int) -> bool:
    """Something has arrived, and `remember` came with it. False where the address has gone meanwhile."""
    row = tx.row(_RECEIVED, id=address_id, now=now)
    if row is not None and remember:
        _add_secrets(tx, vault, Known._make(row), remember)
    return row is not None


def set_subscription(tx: Transaction, vault: Vault, address_id: str, made: Subscription, now: int) -> bool:
    """Keeps what the provider has promised; it is renewed when half of its life is over. False where the address has
    gone meanwhile."""
    row = tx.row(_TOUCH, id=address_id)
    if row is None:
        return False
    if made.secrets:
        _add_secrets(tx, vault, Known._make(row), made.secrets)
    renew_at = None if made.expires_at is None else now + max(0, made.expires_at - now) // 2
    tx.change(_SET_SUBSCRIPTION, id=address_id, subscription_id=made.id, expires_at=made.expires_at, renew_at=renew_at)
    return True


def note_failure(tx: Transaction, address_id: str, error: str, retry_at: int) -> None:
    tx.change(_FAIL, id=address_id, error=error, renew_at=retry_at)


def lapse(tx: Transaction, address_id: str, now: int) -> None:
    """Its subscription is to be looked at now."""
    tx.change(_LAPSE, id=address_id, now=now, claimed=now + LEASE_MS)


def forget_subscription(tx: Transaction, address_id: str, renew_at: int) -> None:
    """The provider sends no more."""
    tx.change(_FORGET_SUBSCRIPTION, id=address_id, renew_at=renew_at)


def delete(tx: Transaction, address_id: str) -> None:
    tx.change(_DELETE, id=address_id)


def address_of(vault: Vault, public_url: str, known: Known) -> Address:
    """What `subscribe` is given. Raises VaultError."""
    return Address(url=url_of(public_url, known.provider, known.id), secret=known.secrets(vault)[OWN_SECRET])


def _insert(
    tx: Transaction,
    vault: Vault,
    integration: Integration,
    target: str,
    given: Mapping[str, str],
    *,
    created_at: int,
    renew_at: int | None,
    error: str | None,
) -> tuple[Any, ...] | None:
    address_id = secrets.token_urlsafe(24)
    return tx.row(
        _INSERT,
        id=address_id,
        integration_id=integration.id,
        team_id=integration.team_id,
        provider=integration.provider,
        target=target,
        sealed=vault.seal(_place(address_id, integration.team_id), dump_text(dict(given))) if given else None,
        renew_at=renew_at,
        error=error,
        now=created_at,
    )


def _add_secrets(tx: Transaction, vault: Vault, known: Known, more: Mapping[str, str]) -> None:
    replace_secrets(tx, vault, known, known.secrets(vault) | dict(more))


def replace_secrets(tx: Transaction, vault: Vault, known: Known, given: Mapping[str, str]) -> None:
    """From now on messages are verified by these."""
    tx.change(_SET_SEALED, id=known.id, sealed=vault.seal(_place(known.id, known.team_id), dump_text(dict(given))))


def _own_secret() -> dict[str, str]:
    return {OWN_SECRET: secrets.token_urlsafe(32)}


def _place(address_id: str, team_id: str) -> Place:
    return Place(*SECRETS, address_id, team_id)
