"""Notion's webhooks, against its stand-in."""

from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from providers.kit.errors import ProtocolBroken
from providers.kit.inbound import Forged, Incoming
from providers.kit.notion.inbound import TOKEN
from providers.notion import Notion
from sandbox.kit.notifying import hex_hmac
from sandbox.notion import BOT_ID
from sandbox.stand_ins import Sandbox
from tests.files.conftest import http_of, tells_nothing
from tests.inbound.providers.receiver import Receiver, altered, app_of, connect, made, receiving, tampered
from tests.sync.notion_talk import FIRST, SECOND


@pytest.fixture
def provider(sandbox: Sandbox) -> Notion:
    provider: Notion = made(sandbox, Notion, sandbox.notion.oauth)
    return provider


@pytest.fixture
def receiver(provider: Notion) -> Iterator[Receiver]:
    with receiving(provider) as receiver:
        receiver.secrets.clear()
        yield receiver


def subscribe(sandbox: Sandbox, receiver: Receiver) -> str:
    """What the operator does: makes a subscription, and enters the token that has arrived."""
    sandbox.notion.portal.subscribe(receiver.url)
    sandbox.notion.notifier.settle()
    token = receiver.secrets[TOKEN]
    assert sandbox.notion.portal.verify(token)
    return token


def a_message(sandbox: Sandbox, receiver: Receiver) -> Incoming:
    sandbox.notion.work.add_task(FIRST, "New")
    sandbox.notion.notifier.settle()
    return receiver.arrived[-1]


def test_what_happens_is_told_to_the_connections_that_see_it(
    sandbox: Sandbox, provider: Notion, receiver: Receiver
) -> None:
    subscribe(sandbox, receiver)
    work = sandbox.notion.work
    page = work.of(FIRST)[0]
    work.change(page.id, title="Renamed")
    work.comment(page.id, "Grace", "Look")
    work.change(work.of(SECOND)[0].id, title="Renamed too")
    work.delete(page.id)
    sandbox.notion.notifier.settle()
    # A comment's event does not say which table its page is in.
    assert [one.target for one in receiver.signals] == [FIRST, None, SECOND, FIRST]
    events = ["page.properties_updated", "comment.created", "page.properties_updated", "page.deleted"]
    assert [one.details["event"] for one in receiver.signals] == events
    assert [one.details["taskId"] for one in receiver.signals[:2]] == [page.id, page.id]
    me = provider.whoami(connect(sandbox.notion.oauth, Notion))
    assert {one.account_id for one in receiver.signals} == {me.account_id} == {BOT_ID}
    assert len({one.key for one in receiver.signals}) == 4


def test_a_repetition_has_the_same_key(sandbox: Sandbox, provider: Notion, receiver: Receiver) -> None:
    token = subscribe(sandbox, receiver)
    receiver.refusals = [500]
    a_message(sandbox, receiver)
    first, again = (provider.hear(one, {TOKEN: token}).signals[0].key for one in receiver.arrived[1:])
    assert first == again


def test_unproven_messages_are_refused(sandbox: Sandbox, provider: Notion, receiver: Receiver) -> None:
    token = subscribe(sandbox, receiver)
    good = a_message(sandbox, receiver)
    assert provider.hear(good, {TOKEN: token}).signals
    for bad in (
        tampered(good),
        altered(good, **{"x-notion-signature": "sha256="}),
        altered(good, **{"x-notion-signature": good.headers["x-notion-signature"].removeprefix("sha256=")}),
        replace(good, headers={}),
    ):
        with pytest.raises(Forged) as refused:
            provider.hear(bad, {TOKEN: token})
        tells_nothing(refused.value, token)
    # Nor is anything heard before there is a token.
    with pytest.raises(Forged):
        provider.hear(good, {})


def test_the_first_token_stays(sandbox: Sandbox, provider: Notion, receiver: Receiver) -> None:
    """Anybody may send one."""
    token = subscribe(sandbox, receiver)
    verification, intruder = receiver.arrived[0], orjson.dumps({TOKEN: "secret_of_an_intruder"})
    with pytest.raises(Forged):
        provider.hear(replace(verification, body=intruder), receiver.secrets)
    again = provider.hear(verification, receiver.secrets)
    assert (again.reply.status, dict(again.remember)) == (200, {})
    heard = provider.hear(verification, {})
    assert heard.remember == {TOKEN: token}
    assert token not in repr(heard)
    assert token not in repr(verification)
    with pytest.raises(ProtocolBroken):
        provider.hear(replace(verification, body=b'{"verification_token":7}'), {})


def test_the_operator_may_set_the_token(sandbox: Sandbox, receiver: Receiver) -> None:
    token = subscribe(sandbox, receiver)
    good = a_message(sandbox, receiver)
    provider = Notion(http_of(sandbox), app_of(sandbox.notion.oauth, signing_secret=token))
    assert provider.hear(good, {}).signals
    assert provider.hear(good, {TOKEN: "an older one"}).signals
    assert provider.hear(receiver.arrived[0], {}).remember == {}
    other = Notion(http_of(sandbox), app_of(sandbox.notion.oauth, signing_secret="another"))
    with pytest.raises(Forged):
        other.hear(good, {TOKEN: token})


@pytest.mark.parametrize(
    ("members", "signals"),
    [
        ({"accessible_by": [{"id": "a", "type": "bot"}, {"id": "b", "type": "bot"}, {"id": "a", "type": "bot"}]}, 2),
        ({"accessible_by": [{"id": "a", "type": "person"}]}, 0),
        ({"accessible_by": None}, 0),
        ({"type": "view.updated"}, 0),
        ({"type": "data_source.schema_updated", "entity": {"id": FIRST, "type": "data_source"}}, 1),
    ],
)
def test_who_is_told(
    sandbox: Sandbox, provider: Notion, receiver: Receiver, members: dict[str, object], signals: int
) -> None:
    token = subscribe(sandbox, receiver)
    good = a_message(sandbox, receiver)
    body = orjson.dumps(orjson.loads(good.body) | members)
    signed = altered(replace(good, body=body), **{"x-notion-signature": f"sha256={hex_hmac(token, body)}"})
    heard = provider.hear(signed, {TOKEN: token})
    assert len(heard.signals) == signals
    assert {one.target for one in heard.signals} <= {FIRST}
