"""Dropbox's webhook, against its stand-in."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from providers.dropbox import Dropbox
from providers.kit.errors import ProtocolBroken
from providers.kit.inbound import Forged, Incoming
from sandbox.kit.notifying import hex_hmac
from sandbox.stand_ins import Sandbox
from tests.files.conftest import http_of, tells_nothing
from tests.inbound.providers.receiver import Receiver, altered, connect, made, receiving, tampered


@pytest.fixture
def provider(sandbox: Sandbox) -> Dropbox:
    provider: Dropbox = made(sandbox, Dropbox, sandbox.dropbox.oauth)
    return provider


@pytest.fixture
def receiver(provider: Dropbox) -> Iterator[Receiver]:
    with receiving(provider) as receiver:
        yield receiver


def a_message(sandbox: Sandbox, receiver: Receiver) -> Incoming:
    assert sandbox.dropbox.webhook.register(receiver.url)
    sandbox.dropbox.files.add(sandbox.dropbox.files.root, "new.mp4", b"new")
    sandbox.dropbox.notifier.settle()
    return receiver.arrived[-1]


def test_what_changes_is_told(sandbox: Sandbox, provider: Dropbox, receiver: Receiver) -> None:
    a_message(sandbox, receiver)
    sandbox.dropbox.files.rename(sandbox.dropbox.files.at("new.mp4"), "renamed.mp4")
    sandbox.dropbox.notifier.settle()
    me = provider.whoami(connect(sandbox.dropbox.oauth, Dropbox))
    assert {one.account_id for one in receiver.signals} == {me.account_id}
    assert [one.method for one in receiver.arrived][:2] == ["GET", "POST"]
    # Two changes look the same: neither may hide the other.
    assert len({one.key for one in receiver.signals}) == len(receiver.signals) >= 2
    assert receiver.arrived[-1].body == receiver.arrived[1].body


def test_the_challenge_is_answered(sandbox: Sandbox, provider: Dropbox, receiver: Receiver) -> None:
    assert sandbox.dropbox.webhook.register(receiver.url)
    challenge = replace(receiver.arrived[0], query={"challenge": "<script>"})
    reply = provider.hear(challenge, {}).reply
    assert (reply.status, reply.body, reply.content_type) == (200, b"<script>", "text/plain")
    assert reply.headers == {"X-Content-Type-Options": "nosniff"}
    with pytest.raises(ProtocolBroken):
        provider.hear(replace(challenge, query={}), {})
    receiver.refusals = [200]
    assert not sandbox.dropbox.webhook.register(receiver.url)


def test_unproven_messages_are_refused(sandbox: Sandbox, provider: Dropbox, receiver: Receiver) -> None:
    good = a_message(sandbox, receiver)
    assert provider.hear(good, {}).signals
    for bad in (
        tampered(good),
        altered(good, **{"x-dropbox-signature": good.headers["x-dropbox-signature"].upper()}),
        replace(good, headers={}),
    ):
        with pytest.raises(Forged) as refused:
            provider.hear(bad, {})
        tells_nothing(refused.value, sandbox.dropbox.oauth.client_secret)
    with pytest.raises(Forged):
        Dropbox(http_of(sandbox)).hear(good, {})


def test_a_message_of_the_wrong_shape(sandbox: Sandbox, provider: Dropbox, receiver: Receiver) -> None:
    good = a_message(sandbox, receiver)
    for body in (b"", b"7", b"{}", b'{"list_folder":{"accounts":[7]}}'):
        signature = hex_hmac(sandbox.dropbox.oauth.client_secret, body)
        with pytest.raises(ProtocolBroken):
            provider.hear(altered(replace(good, body=body), **{"x-dropbox-signature": signature}), {})
