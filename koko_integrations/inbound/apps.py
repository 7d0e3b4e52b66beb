"""What messages to a whole app's address are verified by, where the provider has sent it there itself.

The first that arrives is kept until the operator forgets it: anybody may send one.
"""

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import InboundApp as Row
from koko_integrations.rpc.wire import dump_text
from koko_integrations.vault import Place, Vault

SECRETS = ("inbound_app", "sealed")
NO_TEAM = ""

FIND = Statement(Row.select(Row.provider, Row.sealed).where(Row.provider == param("provider")))
_INSERT = Statement(
    Row.insert(
        {
            Row.provider: param("provider"),
            Row.team_id: param("team_id"),
            Row.sealed: param("sealed"),
            Row.created_at: param("now"),
        }
    ).on_conflict(conflict_target=[Row.provider], action="IGNORE")
)
_DELETE = Statement(Row.delete().where(Row.provider == param("provider")))


class Kept(NamedTuple):
    """What has been kept of one app."""

    provider: str
    sealed: str

    def secrets(self, vault: Vault) -> dict[str, str]:
        """What its messages are verified by. Raises VaultError."""
        opened: dict[str, str] = orjson.loads(vault.open(_place(self.provider), self.sealed))
        return opened


def keep(tx: Transaction, vault: Vault, provider: str, given: Mapping[str, str], now: int) -> bool:
    """False where something is kept already, which stays."""
    sealed = vault.seal(_place(provider), dump_text(dict(given)))
    return tx.change(_INSERT, provider=provider, team_id=NO_TEAM, sealed=sealed, now=now) == 1


def forget(tx: Transaction, provider: str) -> bool:
    """What arrives next is kept instead. False where there was nothing."""
    return tx.change(_DELETE, provider=provider) == 1


def _place(provider: str) -> Place:
    return Place(*SECRETS, provider, NO_TEAM)
