"""`integration.connect`: by consent, by keys, or by a key that Koko issues. What is stored has been proven first."""

from collections.abc import Callable, Mapping
from typing import Any

from koko_integrations.access.actor import Actor
from koko_integrations.access.authenticator import hash_api_key
from koko_integrations.clock import Clock
from koko_integrations.connections import store
from koko_integrations.connections.config import ConfigReader
from koko_integrations.connections.consent import ByConsent
from koko_integrations.connections.landing import Landing, granted_scopes, new_api_key, slot_of
from koko_integrations.connections.request import Connected, ConnectRequest
from koko_integrations.database import Database, Transaction
from koko_integrations.errors import BadRequest, PreconditionFailed, from_provider
from koko_integrations.integration import Integration
from koko_integrations.outside import Outside
from koko_integrations.registry import Registry
from koko_integrations.settings import Settings
from koko_integrations.vault import Vault
from providers.kit.base import CallsKoko, ConnectsByKeys, ConnectsByOAuth, Provider
from providers.kit.connection import Connection, Credentials
from providers.kit.errors import ProviderError
from providers.kit.http import HttpClient, counting_calls


class Connector:
    """Connects integrations. `changed` is told which is connected now."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        vault: Vault,
        http: HttpClient,
        registry: Registry,
        outside: Outside,
        changed: Callable[[Integration], None],
    ) -> None:
        self._clock = clock
        self._database = database
        self._http = http
        self._registry = registry
        self._outside = outside
        self._changed = changed
        self._landing = Landing(clock, vault, settings.public_url)
        self._by_consent = ByConsent(clock, database, vault, outside, self._landing, settings.redirect_uris)
        self._readers = {provider.manifest.slug: ConfigReader(provider.manifest) for provider in registry}

    async def connect(self, actor: Actor, request: ConnectRequest) -> Connected:
        """Raises BadRequest, Conflict, PreconditionFailed, and what the provider's failure translates to."""
        connected = await self._connect(actor, request)
        self._changed(connected.integration)
        return connected

    async def _connect(self, actor: Actor, request: ConnectRequest) -> Connected:
        provider = self._registry.find(request.provider)
        if isinstance(provider, ConnectsByKeys) and self._brings_keys(provider, request):
            return await self._connect_by_keys(actor, provider, request)
        if isinstance(provider, ConnectsByOAuth) and provider.app is not None:
            if request.auth_code is None:
                return await self._by_consent.ask(actor, provider, self._readers[request.provider], request)
            return await self._by_consent.exchange(actor, provider, request)
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
            scopes=granted_scopes(provider, identity, None),
            account_id=identity.account_id,
            account_name=identity.account_name,
        )

        def finish(tx: Transaction) -> Integration:
            slot = slot_of(provider, proven)
            integration = self._landing.ensure(tx, actor, request.team_id, provider, slot, self._clock.now_ms())
            return self._landing.finish(tx, actor, provider, integration, proven, usage.calls)

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
        key = new_api_key()
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
            integration = self._landing.ensure(tx, actor, request.team_id, provider, slot="", now=now)
            connected = self._landing.finish(tx, actor, provider, integration, proven, api_calls=0)
            store.add_api_key(tx, connected, hash_api_key(key), now)
            return connected

        return Connected(integration=await self._database.write(finish), api_key=key)
