"""Microsoft Graph's subscriptions, of OneDrive and of Teams, against their stand-in."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected
from providers.kit.inbound import OWN_SECRET, Forged, Incoming
from providers.kit.microsoft_inbound import MINUTE_MS
from providers.onedrive import OneDrive
from providers.teams import Teams
from sandbox.onedrive_drives import DRIVE, LIBRARY
from sandbox.stand_ins import Sandbox
from tests.files.conftest import tells_nothing
from tests.inbound.providers.receiver import CANARY, Receiver, connect, made, receiving

# The longest that Graph allows, in minutes.
LONGEST = {OneDrive: 42_300, Teams: 4_320}
TEAM = "team-a"


@pytest.fixture
def provider(sandbox: Sandbox) -> OneDrive:
    provider: OneDrive = made(sandbox, OneDrive, sandbox.microsoft.oauth)
    return provider


@pytest.fixture
def receiver(provider: OneDrive) -> Iterator[Receiver]:
    with receiving(provider) as receiver:
        yield receiver


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    return connect(sandbox.microsoft.oauth, OneDrive)


def change(sandbox: Sandbox) -> None:
    sandbox.microsoft.files.add(sandbox.microsoft.files.root, "new.mp4", b"new")
    sandbox.microsoft.notifier.settle()


def test_what_changes_is_told(sandbox: Sandbox, provider: OneDrive, receiver: Receiver, connection: Connection) -> None:
    assert provider.subscription_targets(connection) == ("",)
    subscription = provider.subscribe(connection, receiver.address, "")
    assert {*receiver.arrived[0].query} == {"validationToken"}
    change(sandbox)
    change(sandbox)
    # Without an id of its own no notification may hide another.
    assert len({one.key for one in receiver.signals}) == 2
    assert {(one.kind, one.target, one.entities) for one in receiver.signals} == {("changed", None, ("files",))}
    assert receiver.heard[-1].reply.status == 202
    provider.unsubscribe(connection, "", subscription)
    provider.unsubscribe(connection, "", subscription)
    change(sandbox)
    assert len(receiver.signals) == 2


def test_the_channels_of_a_team(sandbox: Sandbox) -> None:
    provider: Teams = made(sandbox, Teams, sandbox.microsoft.oauth)
    connection = connect(sandbox.microsoft.oauth, Teams, channelId=f"{TEAM}/19:1@thread.tacv2")
    assert provider.subscription_targets(connection) == (TEAM,)
    with receiving(provider) as receiver:
        subscription = provider.subscribe(connection, receiver.address, TEAM)
        assert subscription.expires_at is not None
        assert subscription.expires_at < (time.time() + LONGEST[Teams] * 60) * 1000
        sandbox.microsoft.teams.add_channel(TEAM, "New")
        sandbox.microsoft.teams.add_channel("team-b", "Unheard")
        sandbox.microsoft.notifier.settle()
        (signal,) = receiver.signals
        assert (signal.entities, signal.details["event"]) == (("projects",), "created")
    for config in ({}, {"channelId": "19:1@thread.tacv2"}):
        assert provider.subscription_targets(replace(connection, config=config)) == ()
    workflow = replace(connection, config={**connection.config, "webhookUrl": "••••1234"})
    assert provider.subscription_targets(workflow) == ()


def test_the_validation_token_is_sent_back_as_text(provider: OneDrive) -> None:
    url = "https://integrations.koko.test/webhooks/onedrive/in_1"
    asked = Incoming(method="POST", url=url, query={"validationToken": "<b>a + b</b>"}, headers={}, body=b"", at_ms=0)
    reply = provider.hear(asked, {}).reply
    assert (reply.status, reply.body, reply.content_type) == (200, b"<b>a + b</b>", "text/plain")


def test_lifecycle_events_ask_for_a_renewal(
    sandbox: Sandbox, provider: OneDrive, receiver: Receiver, connection: Connection
) -> None:
    subscription = provider.subscribe(connection, receiver.address, "")
    events = ["missed", "reauthorizationRequired", "subscriptionRemoved"]
    for event in events:
        sandbox.microsoft.subscriptions.warn(event)
    sandbox.microsoft.notifier.settle()
    assert [(one.kind, one.details["event"]) for one in receiver.signals] == [("lapsed", event) for event in events]
    with pytest.raises(Missing):
        provider.renew(connection, receiver.address, "", subscription)


def test_unproven_messages_are_refused(
    sandbox: Sandbox, provider: OneDrive, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, "")
    change(sandbox)
    good = receiver.arrived[-1]
    assert provider.hear(good, {OWN_SECRET: CANARY}).signals
    entry: dict[str, Any] = orjson.loads(good.body)["value"][0]
    for wrong in ({"clientState": CANARY[:-1]}, {"clientState": None}, {"clientState": 7}):
        for entries in ([entry | wrong], [entry, entry | wrong]):
            with pytest.raises(Forged) as refused:
                provider.hear(replace(good, body=orjson.dumps({"value": entries})), {OWN_SECRET: CANARY})
            tells_nothing(refused.value, CANARY)
    for secrets in ({}, {OWN_SECRET: ""}):
        with pytest.raises(Forged):
            provider.hear(replace(good, body=orjson.dumps({"value": [entry | {"clientState": ""}]})), secrets)
    for body in (b"", b"{}", b'{"value":[7]}'):
        with pytest.raises(ProtocolBroken):
            provider.hear(replace(good, body=body), {OWN_SECRET: CANARY})


def test_an_id_is_the_key_where_there_is_one(
    sandbox: Sandbox, provider: OneDrive, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, "")
    change(sandbox)
    entry = orjson.loads(receiver.arrived[-1].body)["value"][0] | {"id": "notification-1"}
    message = replace(receiver.arrived[-1], body=orjson.dumps({"value": [entry]}))
    assert [provider.hear(message, {OWN_SECRET: CANARY}).signals[0].key for _ in range(2)] == ["notification-1"] * 2


def test_a_subscription_is_prolonged(
    sandbox: Sandbox, provider: OneDrive, receiver: Receiver, connection: Connection
) -> None:
    subscription = provider.subscribe(connection, receiver.address, "")
    longest_ms = LONGEST[OneDrive] * MINUTE_MS
    assert subscription.expires_at is not None
    assert time.time() * 1000 + longest_ms - 3_600_000 < subscription.expires_at < time.time() * 1000 + longest_ms
    (one,) = sandbox.microsoft.subscriptions.live()
    one.expires_s = time.time() + 60
    renewed = provider.renew(connection, receiver.address, "", subscription)
    assert renewed.id == subscription.id
    assert renewed.expires_at == pytest.approx(subscription.expires_at, abs=5_000)
    sandbox.microsoft.oauth.tokens[-1].expires_at_s = None
    sandbox.clock.ahead_s = LONGEST[OneDrive] * 60
    with pytest.raises(Missing):
        provider.renew(connection, receiver.address, "", renewed)


def test_a_folder_is_watched_in_its_drive(
    sandbox: Sandbox, provider: OneDrive, receiver: Receiver, connection: Connection
) -> None:
    drive = sandbox.microsoft.drive
    sandbox.microsoft.oauth.tokens[-1].scopes += ("Files.Read.All",)
    there = drive.library.at("Shared with the team")
    here = drive.add_remote(drive.files.root, "Shared", there)
    for folder, place in (("/Rushes", DRIVE), (here.id, LIBRARY), (f"{LIBRARY}/{there.id}", LIBRARY)):
        (target,) = provider.subscription_targets(replace(connection, config={"syncFolder": folder}))
        subscription = provider.subscribe(connection, receiver.address, target)
        assert sandbox.microsoft.subscriptions.made[subscription.id].place == place


def test_what_microsoft_refuses(
    sandbox: Sandbox, provider: OneDrive, receiver: Receiver, connection: Connection
) -> None:
    receiver.refusals = [500]
    with pytest.raises(Rejected, match="not reachable") as refused:
        provider.subscribe(connection, receiver.address, "")
    tells_nothing(refused.value, CANARY, receiver.url)
    sandbox.microsoft.subscriptions.needs_all = True
    with pytest.raises(Rejected, match="permission is missing"):
        provider.subscribe(connection, receiver.address, "")
