"""Google Drive's notification channels, against its stand-in."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from providers.google_drive import GoogleDrive
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected
from providers.kit.google_drive.inbound import LONGEST_MS
from providers.kit.inbound import OWN_SECRET, Forged
from sandbox.drive_trees import SHARED_DRIVE
from sandbox.stand_ins import Sandbox
from tests.files.conftest import tells_nothing
from tests.inbound.providers.receiver import CANARY, Receiver, altered, connect, made, receiving


@pytest.fixture
def provider(sandbox: Sandbox) -> GoogleDrive:
    provider: GoogleDrive = made(sandbox, GoogleDrive, sandbox.google.oauth)
    return provider


@pytest.fixture
def receiver(provider: GoogleDrive) -> Iterator[Receiver]:
    with receiving(provider) as receiver:
        yield receiver


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    return connect(sandbox.google.oauth, GoogleDrive)


def change(sandbox: Sandbox) -> None:
    sandbox.google.files.add(sandbox.google.files.root, "new.mp4", b"new")
    sandbox.google.notifier.settle()


def test_what_changes_is_told(
    sandbox: Sandbox, provider: GoogleDrive, receiver: Receiver, connection: Connection
) -> None:
    assert provider.subscription_targets(connection) == ("",)
    subscription = provider.subscribe(connection, receiver.address, "")
    sandbox.google.notifier.settle()
    # The first message only says that there will be others.
    assert receiver.arrived[0].headers["x-goog-resource-state"] == "sync"
    assert (len(receiver.heard), receiver.signals) == (1, [])
    change(sandbox)
    change(sandbox)
    assert len({one.key for one in receiver.signals}) == 2
    assert {(one.kind, one.target, one.account_id) for one in receiver.signals} == {("changed", None, None)}
    provider.unsubscribe(connection, "", subscription)
    provider.unsubscribe(connection, "", subscription)
    change(sandbox)
    assert len(receiver.signals) == 2


def test_a_repetition_has_the_same_key(
    sandbox: Sandbox, provider: GoogleDrive, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, "")
    sandbox.google.notifier.settle()
    receiver.refusals = [503]
    change(sandbox)
    first, again = (provider.hear(one, receiver.secrets).signals[0].key for one in receiver.arrived[1:])
    assert first == again


def test_a_folder_of_a_shared_drive_is_watched_there(
    sandbox: Sandbox, provider: GoogleDrive, receiver: Receiver, connection: Connection
) -> None:
    shared = sandbox.google.drive.shared
    of_folder = replace(connection, config={"syncFolder": shared.at("Dailies").id})
    (target,) = provider.subscription_targets(of_folder)
    provider.subscribe(of_folder, receiver.address, target)
    (channel,) = sandbox.google.channels.live()
    assert channel.drive == SHARED_DRIVE
    change(sandbox)
    assert receiver.signals == []
    shared.add(shared.root, "new.mp4", b"new")
    sandbox.google.notifier.settle()
    assert len(receiver.signals) == 1
    with pytest.raises(Missing):
        provider.subscribe(of_folder, receiver.address, "nothing")


def test_unproven_messages_are_refused(
    sandbox: Sandbox, provider: GoogleDrive, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, "")
    change(sandbox)
    good = receiver.arrived[-1]
    assert provider.hear(good, {OWN_SECRET: CANARY}).signals
    assert CANARY not in f"{good!r} {receiver.address!r}"
    wrong = [altered(good, **{"x-goog-channel-token": token}) for token in ("", CANARY[:-1], f"{CANARY}x")]
    for bad in (*wrong, replace(good, headers={})):
        with pytest.raises(Forged) as refused:
            provider.hear(bad, {OWN_SECRET: CANARY})
        tells_nothing(refused.value, CANARY)
    for secrets in ({}, {OWN_SECRET: ""}):
        with pytest.raises(Forged):
            provider.hear(altered(good, **{"x-goog-channel-token": ""}), secrets)
    with pytest.raises(ProtocolBroken):
        provider.hear(altered(good, **{"x-goog-message-number": ""}), {OWN_SECRET: CANARY})


def test_a_channel_is_replaced_before_it_ends(
    sandbox: Sandbox, provider: GoogleDrive, receiver: Receiver, connection: Connection
) -> None:
    old = provider.subscribe(connection, receiver.address, "")
    assert old.expires_at == pytest.approx(time.time() * 1000 + LONGEST_MS, abs=5_000)
    new = provider.renew(connection, receiver.address, "", old)
    assert new.id != old.id
    assert [one.id for one in sandbox.google.channels.live()] == [new.id.partition(":")[0]]
    # Google decides how long.
    sandbox.clock.ahead_s = -86_400
    shorter = provider.renew(connection, receiver.address, "", new)
    assert shorter.expires_at == pytest.approx(time.time() * 1000 + LONGEST_MS - 86_400_000, abs=5_000)


def test_a_permission_that_is_missing(
    sandbox: Sandbox, provider: GoogleDrive, receiver: Receiver, connection: Connection
) -> None:
    sandbox.google.oauth.tokens[-1].scopes = ()
    with pytest.raises(Rejected) as refused:
        provider.subscribe(connection, receiver.address, "")
    tells_nothing(refused.value, CANARY, str(connection.credentials.access_token))
