"""What cannot be made into a webhook, a hook or an event, and what is said about it."""

import asyncio
from typing import Any

import pytest

from koko_integrations.delivery.addresses import check_target
from koko_integrations.errors import BadRequest
from providers.kit.egress import EgressGuard
from providers.kit.http import HttpClient
from tests.conftest import TEAM
from tests.delivery.conftest import COMMENT, Publishing
from tests.delivery.receiver import Receiver
from tests.service import RpcError


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite: what differs by database is in the other files."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def custom(**changes: Any) -> dict[str, Any]:
    return {
        "teamId": TEAM,
        "name": "Mine",
        "webhookUrl": "https://hooks.example.com/koko",
        "events": ["comment.created"],
        **changes,
    }


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example.com/koko",
        "javascript:alert(1)",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://user:password@hooks.example.com/",
        "https://1.1.1.1\\@127.0.0.1/",
        "https://hooks.example.com/ x",
        "https://hooks.example.com/\r\nX-Injected: 1",
        "not a url",
    ],
)
def test_addresses(publishing: Publishing, url: str) -> None:
    refusal = publishing.refused("integration.createCustom", custom(webhookUrl=url))
    assert refusal.code == "BAD_REQUEST"
    assert "webhookUrl" in refusal.fields
    assert publishing.service.rows.query("SELECT COUNT(*) FROM integration") == [(0,)], "nothing is half-made"


def test_plain_http_is_for_networks_that_the_operator_allows() -> None:
    with pytest.raises(BadRequest) as refused:
        asyncio.run(check_target(HttpClient(EgressGuard()), "http://hooks.example.com/koko", "webhookUrl"))
    assert "webhookUrl" in refused.value.context["fields"]


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
     "webhook-id", "Proxy-Authorization", "Webhook-Signature", "X-Koko-Signature", "x-koko-timestamp", "Content-Type",
     "Expect",
     "X Space", "X-Line\r\nX-Injected", "X-Colon:", "", "X-Ünicode", "a" * 101],
)  # fmt: skip
def test_names_of_headers(publishing: Publishing, name: str) -> None:
    refusal = publishing.refused("integration.createCustom", custom(headers={name: "value"}))
    assert refusal.code == "BAD_REQUEST"
    assert next(iter(refusal.fields)).startswith("headers")


@pytest.mark.parametrize(
    "value", ["a\r\nX-Injected: 1", "a\nb", "a\rb", "", " ", "a\x00b", "ä", "a" * 2049, " leading"]
)
def test_values_of_headers(publishing: Publishing, value: str) -> None:
    refusal = publishing.refused("integration.createCustom", custom(headers={"X-Team": value}))
    assert refusal.code == "BAD_REQUEST"
    assert "headers.X-Team" in refusal.fields
    assert value.strip() == "" or value not in refusal.message


def test_other_fields(publishing: Publishing) -> None:
    for changes, field in (
        ({"events": []}, "events"),
        ({"events": ["video.exploded"]}, "events.0"),
        ({"name": ""}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"description": "a" * 501}, "description"),
        ({"headers": {f"X-{number}": "v" for number in range(21)}}, "headers"),
        ({"headers": {"X-One": "1", "x-one": "2"}}, "headers.x-one"),
        ({"secret": "short"}, "secret"),
        ({"secret": "whsec_not base64!"}, "secret"),
        ({"secret": "whsec_!!!!!!!!!!!!!!!!"}, "secret"),
    ):
        refusal = publishing.refused("integration.createCustom", custom(**changes))
        assert (refusal.code, list(refusal.fields)) == ("BAD_REQUEST", [field])


def test_events_are_published_by_services_alone(publishing: Publishing) -> None:
    event = {"id": "e", "type": "video.created", "teamId": TEAM, "occurredAt": "2025-01-15T10:30:00Z", "data": {}}
    for token, code in (
        (publishing.people.owner, "FORBIDDEN"),
        ("koko_nobodys_key", "UNAUTHORIZED"),
        (None, "UNAUTHORIZED"),
    ):
        with pytest.raises(RpcError) as refused:
            publishing.service.call("event.publish", event, token=token)
        assert refused.value.code == code
    for changes, field in (
        ({"type": "video.exploded"}, "type"),
        ({"type": "project.<script>"}, "type"),
        ({"occurredAt": "yesterday"}, "occurredAt"),
        ({"occurredAt": "2025-13-45T10:30:00Z"}, "occurredAt"),
        ({"id": ""}, "id"),
        ({"data": []}, "data"),
    ):
        with pytest.raises(RpcError) as refused:
            publishing.service.call("event.publish", {**event, **changes}, token=publishing.token)
        assert (refused.value.code, list(refused.value.fields)) == ("BAD_REQUEST", [field])
    with pytest.raises(RpcError) as refused:
        publishing.publish("e", teamId="team-nobody")
    assert refused.value.code == "NOT_FOUND"
    with pytest.raises(RpcError) as refused:
        publishing.publish("e", data={"text": "a" * 300_000})
    assert refused.value.code == "PAYLOAD_TOO_LARGE"


def test_another_event_under_the_same_id_is_a_conflict(publishing: Publishing) -> None:
    publishing.publish("event_1")
    with pytest.raises(RpcError) as refused:
        publishing.publish("event_1", data={"comment": {"id": "another"}})
    assert refused.value.code == "CONFLICT"


def test_a_members_and_a_strangers_webhooks(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(400)
    publishing.publish("event_1", data=COMMENT)
    delivery = publishing.settled(integration_id, "failed", 1)
    for token, code in ((publishing.people.member, "FORBIDDEN"), (publishing.people.stranger, "NOT_FOUND")):
        for method, params in (
            ("integration.createCustom", custom()),
            ("integration.getDeliveries", {"integrationId": integration_id}),
            ("integration.redeliver", {"deliveryId": delivery["id"]}),
            ("integration.recover", {"integrationId": integration_id, "since": "2025-01-15T10:30:00Z"}),
            ("integration.rotateSecret", {"integrationId": integration_id}),
        ):
            with pytest.raises(RpcError) as refused:
                publishing.service.call(method, params, token=token)
            assert refused.value.code == code, method


def test_recovering_more_than_is_kept(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    for since in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
        refusal = publishing.refused("integration.recover", {"integrationId": integration_id, "since": since})
        assert list(refusal.fields) == ["since"]


def test_only_webhooks_have_secrets(publishing: Publishing) -> None:
    made = publishing.call("integration.connect", {"teamId": TEAM, "provider": "zapier"})
    refusal = publishing.refused("integration.rotateSecret", {"integrationId": made["integration"]["id"]})
    assert refusal.code == "PRECONDITION_FAILED"
