"""The address at which a team's own service talks back, proven by the secrets of its webhook."""

from collections.abc import Sequence

from koko_integrations.database import Transaction
from koko_integrations.delivery.signing import Secret
from koko_integrations.inbound import addresses
from koko_integrations.integration import Integration
from koko_integrations.vault import Vault

TARGET = ""


class CustomAddresses:
    """Kept in step with the secrets of the webhook."""

    def __init__(self, vault: Vault, public_url: str) -> None:
        self._vault = vault
        self._public_url = public_url

    def listen(self, tx: Transaction, integration: Integration, secrets: Sequence[Secret], now: int) -> str:
        """Where messages to the integration go from now on, proven by these secrets alone."""
        given = {"current" if one.until is None else str(one.until): one.text for one in secrets}
        known = addresses.ensure_address(tx, self._vault, integration, TARGET, given, now)
        addresses.replace_secrets(tx, self._vault, known, given)
        return addresses.url_of(self._public_url, integration.provider, known.id)
