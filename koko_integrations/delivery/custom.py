"""Webhooks of a team's own: `integration.createCustom`, their settings, their secrets, and the ping that tests them."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import peewee

from koko_integrations.access.actor import Actor
from koko_integrations.clock import Clock
from koko_integrations.connections import store
from koko_integrations.connections.config import load, mask
from koko_integrations.connections.icons import icon_url
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.delivery import destination, endpoints
from koko_integrations.delivery.addresses import check_target
from koko_integrations.delivery.destination import Destination
from koko_integrations.delivery.headers import check_headers
from koko_integrations.delivery.signing import PREVIOUS_LIVES_MS, Secret, check_secret, new_secret
from koko_integrations.errors import BadRequest, PreconditionFailed
from koko_integrations.event_types import SUBSCRIBABLE
from koko_integrations.ids import new_id
from koko_integrations.integration import Integration
from koko_integrations.models import Integration as Row
from koko_integrations.registry import Registry
from koko_integrations.rpc.fields import Choice, Input, ListOf, RecordOf, Text, Url
from koko_integrations.rpc.wire import dump_text
from koko_integrations.vault import Vault
from providers.kit.connection import Credentials
from providers.kit.http import HttpClient

PROVIDER = "custom"
MOST_PER_TEAM = 100

_COUNT = Statement(
    Row.select(peewee.fn.COUNT(Row.id)).where(
        (Row.team_id == param("team_id")) & (Row.provider == PROVIDER) & (Row.status != "disconnected")
    )
)
_SET = Statement(
    Row.update(
        {
            Row.provider_name: param("name"),
            Row.config: param("config"),
            Row.status: "connected",
            Row.updated_at: param("now"),
        }
    ).where((Row.id == param("id")) & Row.status.in_(("connected", "error")))
)


class Settings(Input):
    """What of a webhook `integration.configure` changes."""

    name = Text(min_chars=1, max_chars=100)
    description = Text(max_chars=500)
    webhookUrl = Url()
    events = ListOf(Choice(SUBSCRIBABLE), min_items=1, max_items=len(SUBSCRIBABLE))
    headers = RecordOf(Text())


_SETTINGS = Settings()


@dataclass(frozen=True, kw_only=True)
class CustomRequest:
    """What `integration.createCustom` is asked."""

    name: str
    description: str | None
    url: str = field(repr=False)
    events: Sequence[str]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str | None = field(default=None, repr=False)


class Listens(Protocol):
    """Hears what the team's service says in its turn."""

    def listen(self, tx: Transaction, integration: Integration, secrets: Sequence[Secret], now: int) -> str:
        """The address, at which messages are proven by these secrets."""


class CustomWebhooks:
    """Makes and changes webhooks. Their endpoint has the id of their integration."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        vault: Vault,
        http: HttpClient,
        registry: Registry,
        public_url: str,
        inbound: Listens,
    ) -> None:
        self._clock = clock
        self._database = database
        self._vault = vault
        self._http = http
        self._registry = registry
        self._public_url = public_url
        self._inbound = inbound

    async def create(self, actor: Actor, team_id: str, request: CustomRequest) -> tuple[Integration, str]:
        """The integration and its secret, which is shown this once. Raises BadRequest and PreconditionFailed."""
        await check_target(self._http, request.url, "webhookUrl")
        secret = new_secret() if request.secret is None else check_secret(request.secret, "secret")
        headers = check_headers(request.headers, "headers")
        to = Destination(url=request.url, headers=headers, secrets=(Secret(secret),))
        manifest = dataclasses.replace(self._registry.find(PROVIDER).manifest, name=request.name)
        events = list(dict.fromkeys(request.events))
        proven = store.Proven(
            auth_method="webhook",
            credentials=Credentials(),
            config=_shown(request.description, to, events),
            scopes=(),
            account_id="",
            account_name=request.name,
        )
        icon = icon_url(self._public_url, manifest.slug)

        def make(tx: Transaction) -> Integration:
            now = self._clock.now_ms()
            count = tx.row(_COUNT, team_id=team_id)
            if count is not None and count[0] >= MOST_PER_TEAM:
                raise PreconditionFailed(f"A team has at most {MOST_PER_TEAM} webhooks; disconnect one first")
            integration = store.ensure(tx, actor, team_id, manifest, new_id("slot"), icon, now)
            store.set_connected(tx, self._vault, integration, actor, proven, manifest, icon, now)
            sealed = destination.seal(self._vault, integration.id, team_id, to)
            endpoints.add(tx, integration.id, integration.id, team_id, "webhook", events, sealed, now)
            address = self._inbound.listen(tx, integration, to.secrets, now)
            shown = {**proven.config, "inboundUrl": address}
            tx.change(_SET, id=integration.id, name=request.name, config=dump_text(shown), now=now)
            return store.find(tx, integration.id)

        return await self._database.write(make), secret

    def has(self, integration: Integration) -> bool:
        """Whether the integration is such a webhook."""
        return integration.auth_method == "webhook"

    async def configure(self, integration: Integration, config: Mapping[str, Any]) -> Integration:
        """Other settings. What is not given stays; headers are given all together or not at all.

        Raises BadRequest and PreconditionFailed.
        """
        given = load(_SETTINGS, config)
        if not given:
            return integration
        sealed, to = await self._open(integration)
        if "webhookUrl" in given:
            await check_target(self._http, given["webhookUrl"], "config.webhookUrl")
        headers = check_headers(given["headers"], "config.headers") if "headers" in given else to.headers
        changed = Destination(url=given.get("webhookUrl", to.url), headers=headers, secrets=to.secrets)
        kept = integration.config
        events = list(dict.fromkeys(given.get("events", kept["events"])))
        shown = kept | _shown(given.get("description", kept.get("description")), changed, events)
        if not changed.headers:
            shown.pop("headers", None)
        resealed = destination.seal(self._vault, integration.id, integration.team_id, changed)

        def write(tx: Transaction) -> Integration:
            now = self._clock.now_ms()
            if not endpoints.reseal(tx, integration.id, sealed, resealed):
                raise _changed_meanwhile()
            endpoints.change(tx, integration.id, events, resealed)
            name = given.get("name", integration.provider_name)
            tx.change(_SET, id=integration.id, name=name, config=dump_text(shown), now=now)
            return store.find(tx, integration.id)

        return await self._database.write(write)

    async def rotate(self, integration: Integration, secret: str | None) -> tuple[str, int]:
        """A new secret, shown this once, and until when the old one signs, too. Raises BadRequest and
        PreconditionFailed."""
        fresh = new_secret() if secret is None else check_secret(secret, "secret")
        sealed, to = await self._open(integration)
        if fresh in (one.text for one in to.secrets):
            raise BadRequest.field("secret", "This is the secret that is in use; choose another")
        now = self._clock.now_ms()
        rotated = to.rotated(fresh, now)
        resealed = destination.seal(self._vault, integration.id, integration.team_id, rotated)

        def write(tx: Transaction) -> None:
            if not endpoints.reseal(tx, integration.id, sealed, resealed):
                raise _changed_meanwhile()
            self._inbound.listen(tx, integration, rotated.secrets, now)

        await self._database.write(write)
        return fresh, now + PREVIOUS_LIVES_MS

    async def open(self, integration: Integration) -> Destination:
        """Where the webhook goes. Raises PreconditionFailed."""
        return (await self._open(integration))[1]

    async def _open(self, integration: Integration) -> tuple[str, Destination]:
        row = await self._database.read_one(endpoints.FIND, id=integration.id, integration_id=integration.id)
        if row is None or row[0] is None:
            raise PreconditionFailed("This is not a connected webhook; only integration.createCustom makes one")
        return row[0], destination.unseal(self._vault, integration.id, integration.team_id, row[0])


def _shown(description: str | None, to: Destination, events: Sequence[str]) -> dict[str, Any]:
    """The configuration as it is stored and shown: values are masked, as any of them may be a credential."""
    shown: dict[str, Any] = {} if description is None else {"description": description}
    shown |= {"webhookUrl": mask(to.url), "webhookHost": urlsplit(to.url).netloc, "events": list(events)}
    if to.headers:
        shown["headers"] = {name: mask(value) for name, value in to.headers.items()}
    return shown


def _changed_meanwhile() -> PreconditionFailed:
    return PreconditionFailed("Somebody else has changed this webhook in the meantime; try again")
