"""`integration.connect`: by consent, by keys, or by a key that Koko issues. What is stored has been proven first."""

import dataclasses
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from koko_integrations.access.actor import Actor
from koko_integrations.access.authenticator import API_KEY_PREFIX, hash_api_key
from koko_integrations.clock import Clock
from koko_integrations.connections import pending, store
from koko_integrations.connections.config import ConfigReader
from koko_integrations.connections.icons import icon_url
from koko_integrations.database import Database, Transaction
from koko_integrations.errors import BadRequest, Conflict, PreconditionFailed, from_provider
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls
from koko_integrations.outside import Outside
from koko_integrations.registry import Registry
from koko_integrations.settings import Settings
from koko_integrations.vault import Vault
from providers.kit.base import CallsKoko, ConnectsByKeys, ConnectsByOAuth, Provider
from providers.kit.connection import Connection, Credentials, Identity
from providers.kit.errors import ProviderError
from providers.kit.http import HttpClient, counting_calls


@dataclass(frozen=True, kw_only=True)
class ConnectRequest:
    """The validated input of `integration.connect`."""

    team_id: str
    provider: str
    auth_code: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    state: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    api_secret: str | None = field(default=None, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Connected:
    """What came of it. `auth_url` when the user has to consent first; `api_key` when Koko issued one: shown once."""

    integration: Integration
    auth_url: str | None = None
    api_key: str | None = field(default=None, repr=False)


class Connector:
    """Connects integrations."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        vault: Vault,
        http: HttpClient,
        registry: Registry,
        outside: Outside,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._database = database
        self._vault = vault
        self._http = http
        self._registry = registry
        self._outside = outside
        self._readers = {provider.manifest.slug: ConfigReader(provider.manifest) for provider in registry}

    async def connect(self, actor: Actor, request: ConnectRequest) -> Connected:
        """Raises BadRequest, Conflict, PreconditionFailed, and what the provider's failure translates to."""
        provider = self._registry.find(request.provider)
        if isinstance(provider, ConnectsByKeys) and self._brings_keys(provider, request):
            return await self._connect_by_keys(actor, provider, request)
        if isinstance(provider, ConnectsByOAuth) and provider.app is not None:
            if request.auth_code is None:
                return await self._ask_for_consent(actor, provider, request)
            return await self._exchange(actor, provider, request)
        if isinstance(provider, CallsKoko):
            return await self._issue_key(actor, provider, request)
        if isinstance(provider, ConnectsByKeys):
            # Nothing was brought: this says what is missing.
            return await self._connect_by_keys(actor, provider, request)
        raise PreconditionFailed(
            f"{provider.manifest.name} cannot be connected on this Koko yet: ask your Koko operator to set it up"
        )

    def _brings_keys(self, provider: Provider, request: ConnectRequest) -> bool:
        keys = {given.name for given in provider.manifest.fields if given.secret}
        return request.api_key is not None or request.api_secret is not None or not keys.isdisjoint(request.config)

    # By consent: RFC 6749, 4.1

    async def _ask_for_consent(self, actor: Actor, provider: ConnectsByOAuth, request: ConnectRequest) -> Connected:
        if request.redirect_uri is None:
            raise BadRequest.field("redirectUri", "Required to connect by OAuth")
        if request.redirect_uri not in self._settings.redirect_uris:
            raise BadRequest.field("redirectUri", "This redirect URI is not on the list of allowed ones")
        redirect_uri = request.redirect_uri
        config = self._readers[provider.manifest.slug].read_settings(request.config)
        state = pending.new_state()
        verifier = pending.new_code_verifier() if provider.oauth.pkce else None
        now = self._clock.now_ms()

        def remember(tx: Transaction) -> Integration:
            integration = self._ensure(tx, actor, request.team_id, provider, slot="", now=now)
            if not pending.add(
                tx,
                self._vault,
                integration,
                actor,
                state=state,
                redirect_uri=redirect_uri,
                code_verifier=verifier,
                config=config,
                now=now,
            ):
                raise _conflict(provider)
            return store.find(tx, integration.id)

        integration = await self._database.write(remember)
        challenge = None if verifier is None else pending.code_challenge(verifier)
        url = provider.authorization_url(
            redirect_uri=redirect_uri, state=state, code_challenge=challenge, granted=tuple(integration.scope)
        )
        return Connected(integration=integration, auth_url=url)

    async def _exchange(self, actor: Actor, provider: ConnectsByOAuth, request: ConnectRequest) -> Connected:
        code = request.auth_code
        assert code is not None, "the caller has looked"
        if request.redirect_uri is None and request.state is None:
            raise BadRequest.field("redirectUri", "Required with authCode when there is no state")
        waiting = await self._take_pending(actor, request)
        try:
            with counting_calls() as usage:
                grant = await self._outside.call(
                    provider,
                    provider.exchange_code,
                    code=code,
                    redirect_uri=waiting.redirect_uri,
                    code_verifier=waiting.code_verifier,
                )
                config = {**waiting.config, **grant.config}
                identity = await self._outside.call(
                    provider, provider.whoami, Connection(credentials=grant.credentials, config=config)
                )
        except ProviderError as error:
            await self._give_up(waiting)
            raise from_provider(error) from error
        except BaseException:
            await self._give_up(waiting)
            raise
        # A service that calls Koko proves who connects, and keeps nothing of it but that.
        calls_koko = isinstance(provider, CallsKoko)
        key = _new_key() if calls_koko else None
        proven = store.Proven(
            auth_method="api_key" if calls_koko else "oauth2",
            credentials=Credentials() if calls_koko else grant.credentials,
            config={**config, **identity.config},
            scopes=_granted(provider, identity, grant.scopes),
            account_id=identity.account_id,
            account_name=identity.account_name,
        )

        def finish(tx: Transaction) -> Integration:
            now = self._clock.now_ms()
            slot = _slot(provider, proven)
            if slot and not store.move_to_slot(tx, waiting.integration_id, slot):
                # The team has had this account before: its own row comes back to life, the waiting one goes.
                pending.give_up(tx, waiting.integration_id, waiting.previous_status, now)
            integration = self._ensure(tx, actor, request.team_id, provider, slot, now)
            connected = self._finish(tx, actor, provider, integration, proven, usage.calls)
            if key is not None:
                store.add_api_key(tx, connected, hash_api_key(key), now)
            return connected

        return Connected(integration=await self._database.write(finish), api_key=key)

    async def _take_pending(self, actor: Actor, request: ConnectRequest) -> pending.PendingConnection:
        now = self._clock.now_ms()
        waiting = await self._database.write(
            lambda tx: pending.take(
                tx,
                self._vault,
                actor,
                team_id=request.team_id,
                provider=request.provider,
                state=request.state,
                redirect_uri=request.redirect_uri,
                now=now,
            )
        )
        if waiting is None:
            message = "This connection was not started by you, is already finished or has expired; start it again"
            raise BadRequest.field("state" if request.state is not None else "authCode", message)
        return waiting

    async def _give_up(self, waiting: pending.PendingConnection) -> None:
        now = self._clock.now_ms()
        await self._database.write(lambda tx: pending.give_up(tx, waiting.integration_id, waiting.previous_status, now))

    # By keys

    async def _connect_by_keys(self, actor: Actor, provider: ConnectsByKeys, request: ConnectRequest) -> Connected:
        reader = self._readers[provider.manifest.slug]
        config, keys = reader.read_keys(request.config, request.api_key, request.api_secret)
        self._check_addresses(provider, {**config, **keys})
        credentials = Credentials(secrets=keys)
        try:
            with counting_calls() as usage:
                identity = await self._outside.call(
                    provider, provider.whoami, Connection(credentials=credentials, config=config)
                )
        except ProviderError as error:
            raise from_provider(error) from error
        proven = store.Proven(
            auth_method="keys",
            credentials=credentials,
            config=reader.masked({**config, **identity.config}, keys),
            scopes=_granted(provider, identity, None),
            account_id=identity.account_id,
            account_name=identity.account_name,
        )

        def finish(tx: Transaction) -> Integration:
            slot = _slot(provider, proven)
            integration = self._ensure(tx, actor, request.team_id, provider, slot, self._clock.now_ms())
            return self._finish(tx, actor, provider, integration, proven, usage.calls)

        return Connected(integration=await self._database.write(finish))

    def _check_addresses(self, provider: Provider, config: Mapping[str, Any]) -> None:
        for given in provider.manifest.fields:
            if given.kind == "url" and (address := config.get(given.name)) and not self._http.target(address).trusted:
                try:
                    self._http.guard.check_url(address)
                except ProviderError as error:
                    raise BadRequest.field(f"config.{given.name}", error.message) from error

    # By a key that Koko issues

    async def _issue_key(self, actor: Actor, provider: Provider, request: ConnectRequest) -> Connected:
        config = self._readers[provider.manifest.slug].read_settings(request.config)
        key = _new_key()
        proven = store.Proven(
            auth_method="api_key",
            credentials=Credentials(),
            config=config,
            scopes=(),
            account_id="",
            account_name=provider.manifest.name,
        )

        def finish(tx: Transaction) -> Integration:
            now = self._clock.now_ms()
            integration = self._ensure(tx, actor, request.team_id, provider, slot="", now=now)
            connected = self._finish(tx, actor, provider, integration, proven, api_calls=0)
            store.add_api_key(tx, connected, hash_api_key(key), now)
            return connected

        return Connected(integration=await self._database.write(finish), api_key=key)

    # All of them

    def _ensure(
        self, tx: Transaction, actor: Actor, team_id: str, provider: Provider, slot: str, now: int
    ) -> Integration:
        manifest = provider.manifest
        icon = icon_url(self._settings.public_url, manifest.slug)
        integration = store.ensure(tx, actor, team_id, manifest, slot, icon, now)
        if integration.status == "connected" and not _misses_scopes(provider, integration):
            raise _conflict(provider)
        return integration

    def _finish(
        self,
        tx: Transaction,
        actor: Actor,
        provider: Provider,
        integration: Integration,
        proven: store.Proven,
        api_calls: int,
    ) -> Integration:
        """Stores a proven connection, keeping the configuration that an earlier one left."""
        now = self._clock.now_ms()
        kept = self._readers[provider.manifest.slug].without_secrets(integration.config)
        proven = dataclasses.replace(proven, config={**kept, **proven.config})
        icon = icon_url(self._settings.public_url, provider.manifest.slug)
        replace_it = _misses_scopes(provider, integration)
        if not store.set_connected(
            tx, self._vault, integration, actor, proven, provider.manifest, icon, now, replace=replace_it
        ):
            raise _conflict(provider)
        count_calls(tx, integration.id, api_calls, now)
        return store.find(tx, integration.id)


def _new_key() -> str:
    """A Koko API key: 256 random bits."""
    return API_KEY_PREFIX + secrets.token_urlsafe(32)


def _granted(provider: Provider, identity: Identity, granted: tuple[str, ...] | None) -> tuple[str, ...]:
    """What the provider says was granted; one that says nothing granted what was asked (RFC 6749, 5.1)."""
    if identity.scopes is not None:
        return identity.scopes
    return provider.manifest.scopes if granted is None else granted


def _misses_scopes(provider: Provider, integration: Integration) -> bool:
    """Whether consenting again would switch something on: then a live connection may be replaced."""
    by_consent = isinstance(provider, ConnectsByOAuth) and integration.auth_method == "oauth2"
    return by_consent and bool(provider.manifest.features_off(tuple(integration.scope)))


def _slot(provider: Provider, proven: store.Proven) -> str:
    """Which of a team's connections of the provider this is: the only one, or the one of its remote account."""
    return proven.account_id if provider.manifest.several else ""


def _conflict(provider: Provider) -> Conflict:
    return Conflict(f"{provider.manifest.name} is already connected; disconnect it first")
