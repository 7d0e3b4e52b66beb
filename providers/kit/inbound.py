"""Webhooks that providers send to Koko: what arrives, what it says, and the providers that send some."""

import hmac
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import orjson

from providers.kit.base import Provider
from providers.kit.connection import Connection
from providers.kit.errors import ProtocolBroken, Rejected
from providers.kit.items import Entity

WINDOW_S = 300
"""How old, or how far ahead, a signed timestamp may be."""
OWN_SECRET = "secret"  # noqa: S105 - a name
"""The name that an address's own secret, which `subscribe` is given, has among the secrets that `hear` is given."""


class Forged(Rejected):
    """The message is not proven to be the provider's, or is too old."""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One HTTP request. `url` is the address as it was registered at the provider, without the request's own query;
    names of headers are in lower case; `at_ms` is when it arrived."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered. The status is the provider's own wish."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One thing that the provider tells.

    `key` is the same when it is told again. `account_id` says whose it is where one address serves every connection of
    the app; `target` is the project, board or file that changed, in projectMapping's words; None for all of them.
    `revoked`: Koko was removed there. `lapsed`: the subscription ends or has missed something. `at` is when it
    happened, in epoch ms, where the provider says so.
    """

    key: str
    kind: Literal["changed", "revoked", "lapsed", "link_shared"] = "changed"
    account_id: str | None = None
    target: str | None = None
    entities: tuple[Entity, ...] = ()
    at: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a request comes to. `remember` are secrets that later messages to this address are verified by."""

    reply: Reply = field(default_factory=Reply)
    signals: tuple[Signal, ...] = ()
    remember: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a provider is to send to, and a secret of ours for it to show or sign with."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A provider's promise to send. `secrets` are kept with the address."""

    id: str
    expires_at: int | None = None
    """Epoch ms; None when it does not expire."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class ReceivesWebhooks(Provider):
    """Sends webhooks.

    `address_per_app`: the operator registers one address for the whole app, `/webhooks/<slug>/app`, and signals say
    whose they are; otherwise every integration has addresses of its own. `unknown_status` is what is answered at an
    address that Koko does not have any more: 410 where that makes the provider stop.
    """

    address_per_app: ClassVar[bool] = False
    unknown_status: ClassVar[int] = 404

    @abstractmethod
    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        """Verifies a request and reads it; also answers handshakes. `secrets` are the address's own. Opens no
        connection. Raises Forged, and ProtocolBroken for what cannot be read."""


class Subscribes(ReceivesWebhooks):
    """Is told by a call where to send."""

    @abstractmethod
    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        """What there is to subscribe to, by the connection's configuration: the projects that are mapped, or "" for
        the whole account."""

    @abstractmethod
    def subscribe(self, connection: Connection, address: Address, target: str) -> Subscription:
        """Asks for webhooks. The provider may call the address before this returns."""

    @abstractmethod
    def renew(self, connection: Connection, address: Address, target: str, subscription: Subscription) -> Subscription:
        """Prolongs a subscription that expires, or replaces it. Raises Missing for one that is gone."""

    @abstractmethod
    def unsubscribe(self, connection: Connection, target: str, subscription: Subscription) -> None:
        """Ends it. One that is gone already is no error."""


def same(one: str, other: str) -> bool:
    """Whether two texts are the same, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def json_object(provider: str, body: bytes) -> dict[str, Any]:
    """A message that must be a JSON object. Raises ProtocolBroken."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ProtocolBroken(f"{provider} sent something that is not JSON") from None
    if not isinstance(value, dict):
        raise ProtocolBroken(f"{provider} sent JSON of the wrong shape")
    return value


def require_recent(timestamp_s: str, at_ms: int) -> None:
    """Raises Forged for a timestamp (Unix seconds, as text) outside the window."""
    if not timestamp_s.isdecimal() or abs(at_ms / 1000 - int(timestamp_s)) > WINDOW_S:
        raise Forged("The message is too old, or has no time")
