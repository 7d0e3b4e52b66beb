"""Jira's webhooks, against its stand-in."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest

from providers.jira import Jira
from providers.kit.connection import Connection
from providers.kit.errors import Missing, Rejected
from providers.kit.inbound import OWN_SECRET, Forged, Incoming
from providers.kit.jira.inbound import LIFE_MS, query_hash
from sandbox.atlassian import SITES
from sandbox.kit.notifying import hex_hmac
from sandbox.stand_ins import Sandbox
from tests.files.conftest import tells_nothing
from tests.inbound.providers.receiver import CANARY, Receiver, altered, connect, made, receiving, tampered

BODY = b'{"webhookEvent":"jira:issue_updated","issue":{"id":"20001","fields":{"project":{"id":"10000"}}}}'
NOW_MS = 1_763_000_000_000


@pytest.fixture
def provider(sandbox: Sandbox) -> Jira:
    provider: Jira = made(sandbox, Jira, sandbox.atlassian.jira)
    return provider


@pytest.fixture
def receiver(provider: Jira) -> Iterator[Receiver]:
    with receiving(provider) as receiver:
        yield receiver


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    mapping = {"project-1": "10001", "project-2": "10000", "project-3": "10000"}
    return connect(sandbox.atlassian.jira, Jira, cloudId=SITES[0]["id"], projectMapping=mapping)


def message(headers: dict[str, str], **changes: Any) -> Incoming:
    url = "https://integrations.koko.test/webhooks/jira/in_1"
    incoming = Incoming(method="POST", url=url, query={}, headers=headers, body=BODY, at_ms=NOW_MS)
    return replace(incoming, **changes)


def token(provider: Jira, secret: str | None = None, **claims: Any) -> dict[str, str]:
    given = {"iss": "atlassian", "iat": NOW_MS // 1000, "exp": NOW_MS // 1000 + 180, **claims}
    kept = {name: value for name, value in given.items() if value is not None}
    assert provider.app is not None
    signed = jwt.encode(kept, secret or provider.app.client_secret, algorithm="HS256")
    return {"authorization": f"JWT {signed}", "x-atlassian-webhook-identifier": "delivery-1"}


def test_what_happens_is_told(sandbox: Sandbox, provider: Jira, receiver: Receiver, connection: Connection) -> None:
    (target,) = provider.subscription_targets(connection)
    subscription = provider.subscribe(connection, receiver.address, target)
    work = sandbox.atlassian.jira_api.work
    task = work.of("10000")[0]
    work.change(task.id, title="Renamed")
    work.comment(task.id, "Grace", "Look")
    work.change(work.of("10001")[0].id, title="Renamed too")
    work.delete(task.id)
    sandbox.atlassian.notifier.settle()
    assert [signal.target for signal in receiver.signals] == ["10000", "10000", "10001", "10000"]
    events = ["jira:issue_updated", "comment_created", "jira:issue_updated", "jira:issue_deleted"]
    assert [signal.details["event"] for signal in receiver.signals] == events
    assert receiver.signals[-1].details["taskId"] == task.id
    assert len({signal.key for signal in receiver.signals}) == 4
    assert {signal.kind for signal in receiver.signals} == {"changed"}
    provider.unsubscribe(connection, target, subscription)
    provider.unsubscribe(connection, target, subscription)
    work.change(work.of("10000")[0].id, title="Unheard")
    sandbox.atlassian.notifier.settle()
    assert len(receiver.arrived) == 4


def test_a_repetition_has_the_same_key(
    sandbox: Sandbox, provider: Jira, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, "10000")
    receiver.refusals = [503]
    sandbox.atlassian.jira_api.work.add_task("10000", "New")
    sandbox.atlassian.notifier.settle()
    first, again = (provider.hear(one, receiver.secrets).signals for one in receiver.arrived)
    assert [one.key for one in first] == [one.key for one in again]


def test_without_a_delivery_id_the_body_is_the_key(provider: Jira) -> None:
    headers = token(provider) | {"x-atlassian-webhook-identifier": ""}
    other = BODY.replace(b"20001", b"20002")
    keys = [provider.hear(message(headers, body=body), {}).signals[0].key for body in (BODY, BODY, other)]
    assert keys[0] == keys[1] != keys[2]


def test_either_proof_is_enough(provider: Jira) -> None:
    assert provider.hear(message(token(provider)), {}).signals[0].target == "10000"
    signed = {"x-hub-signature": f"sha256={hex_hmac(CANARY, BODY)}"}
    assert provider.hear(message(signed), {OWN_SECRET: CANARY}).signals[0].target == "10000"


def test_a_token_for_another_request_is_refused(provider: Jira) -> None:
    good = message({}, query={"b": "x y", "a": "1"})
    headers = token(provider, qsh=query_hash(good))
    assert provider.hear(replace(good, headers=headers), {}).signals
    with pytest.raises(Forged):
        provider.hear(replace(good, headers=headers, query={"a": "2"}), {})


def test_the_query_hash_is_atlassians() -> None:
    """Method, path, and the query in order, all of them encoded."""
    asked = message({}, method="get", url="https://koko.test/path/to/service", query={"zee_last": "param", "a": "b c"})
    canonical = "GET&/path/to/service&a=b%20c&zee_last=param"
    assert query_hash(asked) == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW_MS // 1000 - 1},
        {"exp": None, "iat": NOW_MS // 1000 - 301},
        {"exp": None, "iat": NOW_MS // 1000 + 301},
        {"exp": None, "iat": None},
        {"exp": "soon"},
        {"qsh": "another"},
        {"secret": "not-the-apps-secret-0123456789abcdef"},
    ],
)
def test_a_token_that_is_not_good_is_refused(provider: Jira, claims: dict[str, Any]) -> None:
    with pytest.raises(Forged) as refused:
        provider.hear(message(token(provider, **claims)), {OWN_SECRET: CANARY})
    tells_nothing(refused.value, CANARY, str(provider.app and provider.app.client_secret))


def test_a_token_without_an_expiry_is_good_for_a_while(provider: Jira) -> None:
    assert provider.hear(message(token(provider, exp=None, iat=NOW_MS // 1000 - 299)), {}).signals


def test_unproven_messages_are_refused(provider: Jira) -> None:
    unsigned = jwt.encode({"exp": NOW_MS // 1000 + 60}, "", algorithm="none")
    signature = f"sha256={hex_hmac(CANARY, BODY)}"
    for headers in (
        {},
        {"authorization": f"JWT {unsigned}"},
        {"authorization": "Bearer nonsense"},
        {"authorization": token(provider)["authorization"].replace("JWT", "Basic")},
        {"x-hub-signature": signature[:-1]},
        {"x-hub-signature": "sha256="},
    ):
        with pytest.raises(Forged):
            provider.hear(message(headers), {OWN_SECRET: CANARY})
    with pytest.raises(Forged):
        provider.hear(tampered(message({"x-hub-signature": signature})), {OWN_SECRET: CANARY})
    with pytest.raises(Forged):
        provider.hear(message({"x-hub-signature": f"sha256={hex_hmac('', BODY)}"}), {OWN_SECRET: ""})
    provider.app = None
    with pytest.raises(Forged):
        provider.hear(altered(message({}), authorization="JWT x"), {})


def test_events_of_no_interest_say_nothing(provider: Jira) -> None:
    body = b'{"webhookEvent":"issue_property_set","issue":{}}'
    assert provider.hear(message(token(provider), body=body), {}).signals == ()


def test_nothing_mapped_is_nothing_to_subscribe_to(provider: Jira, connection: Connection) -> None:
    assert provider.subscription_targets(connection) == ("10000,10001",)
    assert provider.subscription_targets(replace(connection, config={})) == ()


def test_a_subscription_lives_for_thirty_days_and_is_prolonged(
    sandbox: Sandbox, provider: Jira, receiver: Receiver, connection: Connection
) -> None:
    subscription = provider.subscribe(connection, receiver.address, "10000")
    assert subscription.expires_at == pytest.approx(time.time() * 1000 + LIFE_MS, abs=5_000)
    sandbox.clock.ahead_s = 29 * 86_400
    sandbox.atlassian.jira.tokens[-1].expires_at_s = None
    renewed = provider.renew(connection, receiver.address, "10000", subscription)
    assert renewed.id == subscription.id
    assert renewed.expires_at == pytest.approx(time.time() * 1000 + 29 * 86_400_000 + LIFE_MS, abs=5_000)
    sandbox.clock.ahead_s = 60 * 86_400
    with pytest.raises(Missing):
        provider.renew(connection, receiver.address, "10000", subscription)


def test_what_jira_refuses(sandbox: Sandbox, provider: Jira, receiver: Receiver, connection: Connection) -> None:
    provider.subscribe(connection, receiver.address, "10000")
    other = replace(receiver.address, url=f"{receiver.url}other")
    with pytest.raises(Rejected, match="another connection") as refused:
        provider.subscribe(connection, other, "10000")
    tells_nothing(refused.value, CANARY, receiver.url)
    with pytest.raises(Rejected, match="may be gone"):
        provider.subscribe(connection, receiver.address, "10000,NOPE")
    sandbox.atlassian.jira.tokens[-1].scopes = ("read:jira-work",)
    with pytest.raises(Rejected, match="connect it again to allow it"):
        provider.subscribe(connection, receiver.address, "10000")


def test_projects_may_be_named_by_key(
    sandbox: Sandbox, provider: Jira, receiver: Receiver, connection: Connection
) -> None:
    provider.subscribe(connection, receiver.address, "CUT")
    (webhook,) = sandbox.atlassian.jira_api.webhooks.live()
    assert (webhook.jql, webhook.projects) == ('project IN ("CUT")', {"10000"})
