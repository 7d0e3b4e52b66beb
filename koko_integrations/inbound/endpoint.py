"""`/webhooks/{provider}/{id}`: what a provider sends is proven, committed, and only then answered.

In this order: the body is read, up to a cap; the address is looked up; the sender's network and the rate are looked at;
the provider verifies and reads the request; what it comes to is committed in one transaction, once however often it is
told; the provider's own answer goes out. Bodies, signatures and addresses are never logged.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from koko_integrations.clock import Clock
from koko_integrations.connections import store
from koko_integrations.database import AWAY, Database, Transaction
from koko_integrations.errors import PreconditionFailed
from koko_integrations.inbound import addresses, apps, messages
from koko_integrations.inbound.owners import find_owners
from koko_integrations.inbound.peer import IpAddress, find_peer, may_send
from koko_integrations.integration import Integration
from koko_integrations.limits import RateLimiter
from koko_integrations.observability import INBOUND_REQUESTS
from koko_integrations.registry import Registry
from koko_integrations.vault import Vault, VaultError
from providers.kit.egress import Network
from providers.kit.errors import ProtocolBroken
from providers.kit.inbound import Forged, Heard, Incoming, ReceivesWebhooks, Signal

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
LIMIT, WINDOW_S = 100, 60
"""koko.md: webhooks 100 per minute, for each address."""
ANSWER_WITHIN_S = 2.5
"""Slack, Discord and Microsoft wait three seconds: a database that takes longer is away, and they try again."""
RETRY_AFTER_S = 10
METHODS = ("GET", "HEAD", "POST")


class RefusedError(Exception):
    """Answered without being heard."""

    def __init__(self, status: int, outcome: str, retry_after_s: int | None = None) -> None:
        super().__init__(outcome)
        self.status = status
        self.outcome = outcome
        self.headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}


@dataclass(frozen=True)
class Arrival:
    """A request, as far as it has been understood. `known` is None at the address of a whole app; what is `kept` there
    may be nothing."""

    provider: ReceivesWebhooks
    incoming: Incoming
    sender: IpAddress | None
    known: addresses.Known | None
    kept: addresses.Known | apps.Kept | None
    owner: Integration | None


class InboundEndpoint:
    """`received` is called when something new has been committed."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        vault: Vault,
        registry: Registry,
        limiter: RateLimiter,
        received: Callable[[], None],
        public_url: str,
        trusted_proxies: Sequence[Network],
    ) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._registry = registry
        self._limiter = limiter
        self._received = received
        self._public_url = public_url
        self._trusted_proxies = trusted_proxies

    async def handle(self, request: Request) -> Response:
        """Answers as the provider wants it; what is refused gets an empty body."""
        slug, address_id = request.path_params["provider"], request.path_params["id"]
        provider = self._provider(slug)
        try:
            body = await _read(request)
            if provider is None:
                raise RefusedError(404, "unknown")
            async with asyncio.timeout(ANSWER_WITHIN_S):
                response = await self._answer(request, provider, address_id, body)
        except RefusedError as refused:
            response = Response(status_code=refused.status, headers=refused.headers)
            outcome = refused.outcome
        except (*AWAY, TimeoutError) as error:
            response = Response(status_code=503, headers={"retry-after": str(RETRY_AFTER_S)})
            outcome = "away"
            log.error("webhook not kept", provider=slug, cause=type(error).__name__)
        else:
            outcome = "accepted"
        INBOUND_REQUESTS.labels(slug if provider is not None else "unknown", outcome).inc()
        return response

    def _provider(self, slug: str) -> ReceivesWebhooks | None:
        try:
            found = self._registry.find(slug)
        except PreconditionFailed:
            return None
        return found if isinstance(found, ReceivesWebhooks) else None

    async def _answer(self, request: Request, provider: ReceivesWebhooks, address_id: str, body: bytes) -> Response:
        arrival = await self._arrive(request, provider, address_id, body)
        heard = self._hear(arrival)
        told = await self._told(arrival, heard)
        if arrival.known is not None or told or heard.remember:
            await self._commit(arrival, heard, told)
        reply = heard.reply
        return Response(reply.body, reply.status, dict(reply.headers), reply.content_type if reply.body else None)

    async def _arrive(self, request: Request, provider: ReceivesWebhooks, address_id: str, body: bytes) -> Arrival:
        """Raises RefusedError for an address that is not known, and for senders that are not let in."""
        slug = provider.manifest.slug
        incoming = Incoming(
            method=request.method,
            url=addresses.url_of(self._public_url, slug, address_id),
            query=dict(request.query_params),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            at_ms=self._clock.now_ms(),
        )
        connected = None if request.client is None else request.client.host
        sender = find_peer(connected, request.headers.getlist("x-forwarded-for"), self._trusted_proxies)
        if provider.address_per_app and address_id == addresses.APP:
            found = await self._database.read_one(apps.FIND, provider=slug)
            return Arrival(provider, incoming, sender, None, None if found is None else apps.Kept._make(found), None)
        row = await self._database.read_one(addresses.FIND, id=address_id)
        known = None if row is None else addresses.Known._make(row)
        if known is None or known.provider != slug:
            raise RefusedError(provider.unknown_status, "unknown")
        found = await self._database.read_one(store.FIND, id=known.integration_id)
        if found is None:
            raise RefusedError(provider.unknown_status, "unknown")
        owner = Integration._make(found)
        if not may_send(sender, owner.config.get("allowedIps")):
            raise _refusal(403, "not_allowed", owner)
        await self._limit(known.id)
        return Arrival(provider, incoming, sender, known, known, owner)

    def _hear(self, arrival: Arrival) -> Heard:
        try:
            secrets = {} if arrival.kept is None else arrival.kept.secrets(self._vault)
            return arrival.provider.hear(arrival.incoming, secrets)
        except Forged as error:
            raise _refusal(401, "forged", arrival.owner, arrival.provider, error.message) from error
        except ProtocolBroken as error:
            raise _refusal(400, "unreadable", arrival.owner, arrival.provider, error.message) from error
        except VaultError as error:
            # The operator's to mend: until then the provider keeps it.
            log.error("secrets of an address cannot be opened", cause=str(error))
            raise RefusedError(503, "away", RETRY_AFTER_S) from error

    async def _told(self, arrival: Arrival, heard: Heard) -> list[tuple[str, Signal]]:
        """Each signal with the integration that it is for."""
        if arrival.owner is not None:
            return [(arrival.owner.id, signal) for signal in heard.signals]
        told: list[tuple[str, Signal]] = []
        shut_out = False
        for account in dict.fromkeys(signal.account_id for signal in heard.signals if signal.account_id is not None):
            # Proven already: nobody but the provider uses up what an account may send.
            await self._limit(f"{arrival.provider.manifest.slug}:{account}")
            owners = await find_owners(self._database, arrival.provider.manifest.slug, account)
            welcome = [one for one in owners if may_send(arrival.sender, one.config.get("allowedIps"))]
            shut_out = shut_out or len(welcome) < len(owners)
            told += [(one.id, signal) for one in welcome for signal in heard.signals if signal.account_id == account]
        if shut_out and not told:
            raise _refusal(403, "not_allowed", None, arrival.provider)
        return told

    async def _commit(self, arrival: Arrival, heard: Heard, told: list[tuple[str, Signal]]) -> None:
        known, now = arrival.known, arrival.incoming.at_ms

        def keep(tx: Transaction) -> int:
            if known is None and heard.remember:
                self._remember(tx, arrival, heard.remember)
            if known is not None and not addresses.note_received(tx, self._vault, known.id, heard.remember, now):
                raise RefusedError(arrival.provider.unknown_status, "unknown")
            address_id = None if known is None else known.id
            return sum(messages.add(tx, owner_id, signal, address_id, now) for owner_id, signal in told)

        new = await self._database.write(keep)
        if known is None and heard.remember:
            log.info("a secret for an app's webhooks has arrived", provider=arrival.provider.manifest.slug)
        if new:
            self._received()

    def _remember(self, tx: Transaction, arrival: Arrival, given: Mapping[str, str]) -> None:
        """Raises RefusedError where somebody else's came first: when it comes again it is judged by that."""
        slug = arrival.provider.manifest.slug
        if not apps.keep(tx, self._vault, slug, given, arrival.incoming.at_ms):
            raise RefusedError(503, "away", RETRY_AFTER_S)

    async def _limit(self, name: str) -> None:
        taken = await self._limiter.take(f"webhook:{name}", LIMIT, WINDOW_S)
        if not taken.allowed:
            raise RefusedError(429, "limited", taken.retry_after_s)


async def _read(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal():
        raise RefusedError(400, "unreadable")
    if int(length) > MAX_BODY_BYTES:
        raise RefusedError(413, "too_large")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise RefusedError(413, "too_large")
    except ClientDisconnect:
        raise RefusedError(400, "unreadable") from None
    return bytes(body)


def _refusal(
    status: int,
    outcome: str,
    owner: Integration | None,
    provider: ReceivesWebhooks | None = None,
    cause: str | None = None,
) -> RefusedError:
    log.warning(
        "webhook refused",
        outcome=outcome,
        provider=owner.provider if owner is not None else provider.manifest.slug if provider is not None else None,
        integration_id=None if owner is None else owner.id,
        cause=cause,
    )
    return RefusedError(status, outcome)
