"""Figma's webhooks, against its stand-in."""

from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from providers.figma import Figma
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, Rejected
from providers.kit.inbound import OWN_SECRET
from sandbox.figma import BOARD, FILE
from sandbox.stand_ins import Sandbox
from tests.files.conftest import tells_nothing
from tests.inbound.providers.receiver import CANARY, Receiver, connect, made, receiving


@pytest.fixture
def provider(sandbox: Sandbox) -> Figma:
    provider: Figma = made(sandbox, Figma, sandbox.figma.oauth)
    return provider


@pytest.fixture
def receiver(provider: Figma) -> Iterator[Receiver]:
    with receiving(provider) as receiver:
        yield receiver


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    return connect(sandbox.figma.oauth, Figma, projectMapping={"project-1": FILE, "project-2": BOARD})


def test_what_happens_is_told(sandbox: Sandbox, provider: Figma, receiver: Receiver, connection: Connection) -> None:
    assert provider.subscription_targets(connection) == (FILE, BOARD)
    assert provider.subscription_targets(replace(connection, config={})) == ()
    subscription = provider.subscribe(connection, receiver.address, FILE)
    assert subscription.expires_at is None
    sandbox.figma.change(FILE, "Renamed")
    sandbox.figma.comment(FILE, "Grace", "Look")
    sandbox.figma.comment(FILE, "Grace", "And look")
    sandbox.figma.change(BOARD, "Unheard")
    sandbox.figma.delete(FILE)
    sandbox.figma.notifier.settle()
    told = [(one.details["event"], one.entities) for one in receiver.signals]
    comments = ("FILE_COMMENT", ("comments",))
    assert told == [("FILE_UPDATE", ("files",)), comments, comments, ("FILE_DELETE", ("files",))]
    assert {one.target for one in receiver.signals} == {FILE}
    assert len({one.key for one in receiver.signals}) == 4
    # One PING for each webhook.
    assert len(receiver.heard) - len(receiver.signals) == 2
    provider.unsubscribe(connection, FILE, subscription)
    provider.unsubscribe(connection, FILE, subscription)
    assert sandbox.figma.webhooks.made == {}


def test_a_repetition_has_the_same_key(
    sandbox: Sandbox, provider: Figma, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, FILE)
    sandbox.figma.notifier.settle()
    sandbox.figma.change(FILE, "Renamed")
    sandbox.figma.notifier.settle()
    good = receiver.arrived[-1]
    again = replace(good, body=orjson.dumps(orjson.loads(good.body) | {"retries": 1}))
    first, second = (provider.hear(one, receiver.secrets).signals[0].key for one in (good, again))
    assert first == second


def test_unproven_messages_end_the_webhook(
    sandbox: Sandbox, provider: Figma, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, FILE)
    sandbox.figma.change(FILE, "Renamed")
    sandbox.figma.notifier.settle()
    good = receiver.arrived[-1]
    assert provider.hear(good, receiver.secrets).signals
    members = orjson.loads(good.body)
    for passcode in (CANARY[:-1], "", None, 7):
        heard = provider.hear(replace(good, body=orjson.dumps(members | {"passcode": passcode})), receiver.secrets)
        assert (heard.reply.status, heard.reply.body, heard.signals) == (400, b"", ())
    for secrets in ({}, {OWN_SECRET: ""}):
        empty = replace(good, body=orjson.dumps(members | {"passcode": ""}))
        assert provider.hear(empty, secrets).reply.status == 400
    assert CANARY not in repr(good)
    # That is how somebody else's webhook is got rid of.
    receiver.secrets[OWN_SECRET] = "another"
    sandbox.figma.change(FILE, "Renamed again")
    sandbox.figma.notifier.settle()
    assert [one.asked["event_type"] for one in sandbox.figma.webhooks.made.values()] == ["FILE_COMMENT"]


def test_they_are_replaced(sandbox: Sandbox, provider: Figma, receiver: Receiver, connection: Connection) -> None:
    old = provider.subscribe(connection, receiver.address, FILE)
    new = provider.renew(connection, receiver.address, FILE, old)
    assert not set(old.id.split(",")) & set(new.id.split(","))
    assert sorted(sandbox.figma.webhooks.made) == sorted(new.id.split(","))


def test_what_figma_refuses(sandbox: Sandbox, provider: Figma, receiver: Receiver, connection: Connection) -> None:
    provider.subscribe(connection, receiver.address, FILE)
    with pytest.raises(Rejected, match="no room") as refused:
        provider.subscribe(connection, receiver.address, FILE)
    tells_nothing(refused.value, CANARY, receiver.url)
    # Half of it is not left behind.
    assert len(sandbox.figma.webhooks.made) == 2
    with pytest.raises(Missing):
        provider.subscribe(connection, receiver.address, "nobodyKnowsThisKey1234")
    sandbox.figma.oauth.tokens[-1].scopes = ("file_metadata:read",)
    with pytest.raises(Rejected, match="connect Figma again"):
        provider.subscribe(connection, receiver.address, BOARD)
    sandbox.figma.oauth.tokens[-1].revoked = True
    with pytest.raises(CredentialsRefused):
        provider.subscribe(connection, receiver.address, BOARD)


def test_a_message_of_the_wrong_shape(
    sandbox: Sandbox, provider: Figma, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, FILE)
    sandbox.figma.notifier.settle()
    ping = receiver.arrived[0]
    members = orjson.loads(ping.body)
    for body in (b"", b"[]", orjson.dumps(members | {"event_type": "FILE_UPDATE"}), orjson.dumps({"passcode": CANARY})):
        with pytest.raises(ProtocolBroken):
            provider.hear(replace(ping, body=body), receiver.secrets)
