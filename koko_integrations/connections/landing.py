"""Where proven connections land: the team's row is found or made, the credentials sealed, conflicts decided."""

import dataclasses
import secrets

from koko_integrations.access.actor import Actor
from koko_integrations.access.authenticator import API_KEY_PREFIX
from koko_integrations.clock import Clock
from koko_integrations.connections import store
from koko_integrations.connections.account import forget_items
from koko_integrations.connections.config import kept_settings
from koko_integrations.connections.icons import icon_url
from koko_integrations.database import Transaction
from koko_integrations.errors import Conflict
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls
from koko_integrations.vault import Vault
from providers.kit.base import ConnectsByOAuth, Provider
from providers.kit.connection import Identity


class Landing:
    """Each method runs in a transaction that its caller has opened. Raises Conflict."""

    def __init__(self, clock: Clock, vault: Vault, public_url: str) -> None:
        self._clock = clock
        self._vault = vault
        self._public_url = public_url

    def ensure(
        self, tx: Transaction, actor: Actor, team_id: str, provider: Provider, slot: str, now: int
    ) -> Integration:
        """The row to connect: new, given up, failed, or live and short of scopes."""
        manifest = provider.manifest
        icon = icon_url(self._public_url, manifest.slug)
        integration = store.ensure(tx, actor, team_id, manifest, slot, icon, now)
        if integration.status == "connected" and not _misses_scopes(provider, integration):
            raise conflict(provider)
        return integration

    def finish(
        self,
        tx: Transaction,
        actor: Actor,
        provider: Provider,
        integration: Integration,
        proven: store.Proven,
        api_calls: int,
    ) -> Integration:
        """Stores a proven connection. Of an earlier one the settings stay; what belongs to its account does not."""
        now = self._clock.now_ms()
        same_account = integration.account_id in (None, proven.account_id)
        kept = kept_settings(integration.config, same_account=same_account)
        proven = dataclasses.replace(proven, config={**kept, **proven.config})
        icon = icon_url(self._public_url, provider.manifest.slug)
        replace = _misses_scopes(provider, integration)
        if not store.set_connected(
            tx, self._vault, integration, actor, proven, provider.manifest, icon, now, replace=replace
        ):
            raise conflict(provider)
        if not same_account:
            forget_items(tx, integration.id)
        count_calls(tx, integration.id, api_calls, now)
        return store.find(tx, integration.id)


def new_api_key() -> str:
    """A Koko API key: 256 random bits."""
    return API_KEY_PREFIX + secrets.token_urlsafe(32)


def granted_scopes(provider: Provider, identity: Identity, granted: tuple[str, ...] | None) -> tuple[str, ...]:
    """What the provider says was granted; one that says nothing granted what was asked (RFC 6749, 5.1)."""
    if identity.scopes is not None:
        return identity.scopes
    return provider.manifest.scopes if granted is None else granted


def slot_of(provider: Provider, proven: store.Proven) -> str:
    """Which of a team's connections of the provider this is: the only one, or the one of its remote account."""
    return proven.account_id if provider.manifest.several else ""


def conflict(provider: Provider) -> Conflict:
    return Conflict(f"{provider.manifest.name} is already connected; disconnect it first")


def _misses_scopes(provider: Provider, integration: Integration) -> bool:
    """Whether consenting again would switch something on: then a live connection may be replaced."""
    by_consent = isinstance(provider, ConnectsByOAuth) and integration.auth_method == "oauth2"
    return by_consent and bool(provider.manifest.features_off(tuple(integration.scope)))
