"""Trello's webhooks, against its stand-in."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from providers.kit.connection import Connection, Credentials
from providers.kit.errors import Missing, ProtocolBroken, Rejected
from providers.kit.inbound import Forged, Incoming
from providers.kit.trello.inbound import UNSIGNED
from providers.trello import Trello
from sandbox.atlassian import TRELLO_KEY, TRELLO_TOKEN
from sandbox.kit.trello_webhooks import TrelloWebhooks
from sandbox.stand_ins import Sandbox
from sandbox.trello import BOARDS
from tests.files.conftest import http_of, tells_nothing
from tests.inbound.providers.receiver import CANARY, Receiver, altered, app_of, connect, made, receiving, tampered

FIRST, SECOND = BOARDS


@pytest.fixture
def provider(sandbox: Sandbox) -> Trello:
    provider: Trello = made(sandbox, Trello, sandbox.atlassian.trello)
    return provider


@pytest.fixture
def receiver(provider: Trello) -> Iterator[Receiver]:
    with receiving(provider) as receiver:
        yield receiver


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    mapping = {"project-1": SECOND, "project-2": FIRST}
    return connect(sandbox.atlassian.trello, Trello, projectMapping=mapping)


def webhooks(sandbox: Sandbox) -> TrelloWebhooks:
    return sandbox.atlassian.trello_api.webhooks


def a_message(sandbox: Sandbox, receiver: Receiver) -> Incoming:
    """As Trello has sent it."""
    sandbox.atlassian.trello_api.work.add_task(FIRST, "New")
    sandbox.atlassian.notifier.settle()
    return receiver.arrived[-1]


def test_what_happens_is_told(sandbox: Sandbox, provider: Trello, receiver: Receiver, connection: Connection) -> None:
    assert provider.subscription_targets(connection) == (FIRST, SECOND)
    assert provider.subscription_targets(replace(connection, config={})) == ()
    subscription = provider.subscribe(connection, receiver.address, FIRST)
    assert subscription.expires_at is None
    api = sandbox.atlassian.trello_api
    card = api.work.of(FIRST)[0]
    api.archive(card.id)
    api.work.comment(card.id, "Grace", "Look")
    api.move(card.id, SECOND)
    api.work.add_task(SECOND, "Unheard")
    sandbox.atlassian.notifier.settle()
    assert [one.method for one in receiver.arrived] == ["HEAD", "POST", "POST", "POST"]
    assert [one.details["event"] for one in receiver.signals] == ["updateCard", "commentCard", "moveCardFromBoard"]
    assert {one.target for one in receiver.signals} == {FIRST}
    assert len({one.key for one in receiver.signals}) == 3
    provider.unsubscribe(connection, FIRST, subscription)
    provider.unsubscribe(connection, FIRST, subscription)
    assert webhooks(sandbox).made == {}


def test_a_repetition_has_the_same_key(
    sandbox: Sandbox, provider: Trello, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, FIRST)
    receiver.refusals = [500]
    a_message(sandbox, receiver)
    first, again = (provider.hear(one, {}).signals[0].key for one in receiver.arrived[1:])
    assert first == again


def test_unproven_messages_are_refused(
    sandbox: Sandbox, provider: Trello, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, FIRST)
    good = a_message(sandbox, receiver)
    assert provider.hear(good, receiver.secrets).signals
    for bad in (
        tampered(good),
        altered(good, **{"x-trello-webhook": "AAAA"}),
        replace(good, headers={}),
        # The signature is for one address.
        replace(good, url=f"{good.url}x"),
    ):
        with pytest.raises(Forged) as refused:
            provider.hear(bad, receiver.secrets)
        tells_nothing(refused.value, CANARY, sandbox.atlassian.trello.client_secret)


def test_the_operator_may_name_another_secret(
    sandbox: Sandbox, provider: Trello, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, FIRST)
    good = a_message(sandbox, receiver)
    other = Trello(http_of(sandbox), app_of(sandbox.atlassian.trello, signing_secret="another"))
    with pytest.raises(Forged):
        other.hear(good, receiver.secrets)
    with pytest.raises(Forged):
        Trello(http_of(sandbox)).hear(good, receiver.secrets)


def test_a_pasted_keys_webhook_is_known_by_its_address(sandbox: Sandbox, provider: Trello, receiver: Receiver) -> None:
    """Its secret is Trello's and the user's: without it being said that this is one, nothing unsigned is heard."""
    by_key = Connection(credentials=Credentials(secrets={"apiKey": TRELLO_KEY, "apiToken": TRELLO_TOKEN}))
    subscription = provider.subscribe(by_key, receiver.address, FIRST)
    message = a_message(sandbox, receiver)
    assert receiver.forged
    assert provider.hear(message, {**receiver.secrets, **subscription.secrets}).signals[0].target == FIRST
    assert (
        UNSIGNED not in provider.subscribe(connect(sandbox.atlassian.trello, Trello), receiver.address, SECOND).secrets
    )


def test_what_trello_refuses(sandbox: Sandbox, provider: Trello, receiver: Receiver, connection: Connection) -> None:
    for answer in (404, 301):
        receiver.refusals = [answer]
        with pytest.raises(Rejected, match="public address") as refused:
            provider.subscribe(connection, receiver.address, FIRST)
        tells_nothing(refused.value, CANARY, receiver.url)
    nowhere = replace(receiver.address, url="https://integrations.koko.test/webhooks/trello/in_1")
    with pytest.raises(Rejected, match="public address"):
        provider.subscribe(connection, nowhere, FIRST)
    with pytest.raises(Rejected):
        provider.subscribe(connection, receiver.address, "5abbe4b7ddc1b351ef961499")


def test_a_webhook_that_was_switched_off_is_switched_on(
    sandbox: Sandbox, provider: Trello, receiver: Receiver, connection: Connection
) -> None:
    subscription = provider.subscribe(connection, receiver.address, FIRST)
    (webhook,) = webhooks(sandbox).made.values()
    webhook.active = False
    assert provider.renew(connection, receiver.address, FIRST, subscription) == subscription
    assert webhook.active
    receiver.refusals = [410]
    a_message(sandbox, receiver)
    with pytest.raises(Missing):
        provider.renew(connection, receiver.address, FIRST, subscription)


def test_a_message_of_the_wrong_shape(provider: Trello) -> None:
    url = "https://integrations.koko.test/webhooks/trello/in_1"
    for body in (b"", b"[]", b"{}", b'{"action":{"id":1},"model":{"id":"x"}}', b'{"action":{"id":"1"},"model":7}'):
        message = Incoming(method="POST", url=url, query={}, headers={}, body=body, at_ms=0)
        with pytest.raises(ProtocolBroken):
            provider.hear(message, {UNSIGNED: "1"})
