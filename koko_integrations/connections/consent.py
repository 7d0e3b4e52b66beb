"""Connecting by the user's consent: RFC 6749, 4.1, in two calls around the provider's page."""

from koko_integrations.access.actor import Actor
from koko_integrations.access.authenticator import hash_api_key
from koko_integrations.clock import Clock
from koko_integrations.connections import pending, store
from koko_integrations.connections.config import ConfigReader
from koko_integrations.connections.landing import Landing, conflict, granted_scopes, new_api_key, slot_of
from koko_integrations.connections.request import Connected, ConnectRequest
from koko_integrations.database import Database, Transaction
from koko_integrations.errors import BadRequest, from_provider
from koko_integrations.integration import Integration
from koko_integrations.outside import Outside
from koko_integrations.vault import Vault
from providers.kit.base import CallsKoko, ConnectsByOAuth
from providers.kit.connection import Connection, Credentials
from providers.kit.errors import ProviderError
from providers.kit.http import counting_calls


class ByConsent:
    """Both calls: `ask` gives the address to send the user to, `exchange` takes the code that came back."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        vault: Vault,
        outside: Outside,
        landing: Landing,
        redirect_uris: frozenset[str],
    ) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._outside = outside
        self._landing = landing
        self._redirect_uris = redirect_uris

    async def ask(
        self, actor: Actor, provider: ConnectsByOAuth, reader: ConfigReader, request: ConnectRequest
    ) -> Connected:
        """Remembers what was asked for. Raises BadRequest and Conflict."""
        if request.redirect_uri is None:
            raise BadRequest.field("redirectUri", "Required to connect by OAuth")
        if request.redirect_uri not in self._redirect_uris:
            raise BadRequest.field("redirectUri", "This redirect URI is not on the list of allowed ones")
        redirect_uri = request.redirect_uri
        config = reader.read_settings(request.config)
        state = pending.new_state()
        verifier = pending.new_code_verifier() if provider.oauth.pkce else None
        now = self._clock.now_ms()

        def remember(tx: Transaction) -> Integration:
            integration = self._landing.ensure(tx, actor, request.team_id, provider, slot="", now=now)
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
                raise conflict(provider)
            return store.find(tx, integration.id)

        integration = await self._database.write(remember)
        challenge = None if verifier is None else pending.code_challenge(verifier)
        url = provider.authorization_url(
            redirect_uri=redirect_uri, state=state, code_challenge=challenge, granted=tuple(integration.scope)
        )
        return Connected(integration=integration, auth_url=url)

    async def exchange(self, actor: Actor, provider: ConnectsByOAuth, request: ConnectRequest) -> Connected:
        """Uses up what was remembered. Raises BadRequest, Conflict, and what the provider's failure translates to."""
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
        key = new_api_key() if calls_koko else None
        proven = store.Proven(
            auth_method="api_key" if calls_koko else "oauth2",
            credentials=Credentials() if calls_koko else grant.credentials,
            config={**config, **identity.config},
            scopes=granted_scopes(provider, identity, grant.scopes),
            account_id=identity.account_id,
            account_name=identity.account_name,
        )

        def finish(tx: Transaction) -> Integration:
            now = self._clock.now_ms()
            slot = slot_of(provider, proven)
            if slot and not store.move_to_slot(tx, waiting.integration_id, slot):
                # The team has had this account before: its own row comes back to life, the waiting one goes.
                pending.give_up(tx, waiting.integration_id, waiting.previous_status, now)
            integration = self._landing.ensure(tx, actor, request.team_id, provider, slot, now)
            connected = self._landing.finish(tx, actor, provider, integration, proven, usage.calls)
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
