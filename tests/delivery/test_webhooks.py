"""From a published event to the team's own webhook, as its receiver sees it."""

import base64
import hashlib
import hmac

import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.conftest import TEAM
from tests.delivery.conftest import COMMENT, Publishing
from tests.delivery.receiver import Received, Receiver
from tests.service import PUBLIC_URL


def koko_accepts(received: Received, secret: str, header: str = "x-koko-signature") -> bool:
    """The check of Koko's documentation, written from it and not from the code under test."""
    signed = received.headers["x-koko-timestamp"].encode() + b"." + received.body
    expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, received.headers.get(header, ""))


def inner_signature(received: Received, secret: str) -> str:
    """`signature` as it should be: over the same JSON without it."""
    body = received.body[: received.body.rindex(b',"signature":')] + b"}"
    assert orjson.loads(body) == {name: v for name, v in received.json().items() if name != "signature"}
    signed = received.headers["x-koko-timestamp"].encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def test_a_published_event_arrives(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, secret = publishing.create(receiver.url, headers={"X-Team": "canary-header-value"})
    assert publishing.publish("event_1") == {"accepted": True, "duplicate": False, "deliveries": 1}
    [received] = receiver.wait()
    body = received.json()
    assert list(body) == ["event", "timestamp", "webhookId", "data", "signature"]
    assert body["event"] == "comment.created"
    assert body["timestamp"] == "2025-01-15T10:30:00Z"
    assert body["webhookId"] == integration_id
    assert body["data"] == COMMENT
    assert received.path == "/hooks?token=canary-url-token"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["x-team"] == "canary-header-value"
    assert received.headers["x-koko-event"] == "comment.created"
    assert koko_accepts(received, secret)
    assert body["signature"] == inner_signature(received, secret)
    delivery = publishing.until(lambda: publishing.deliveries(integration_id, status="delivered"))[0]
    assert delivery["id"] == received.headers["webhook-id"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200]


@pytest.mark.parametrize(
    "chosen", [None, "a-secret-of-my-own-0123456789", "whsec_" + base64.b64encode(b"k" * 24).decode()]
)
def test_standard_webhooks_verifier_accepts(publishing: Publishing, receiver: Receiver, chosen: str | None) -> None:
    _, secret = publishing.create(receiver.url, **({} if chosen is None else {"secret": chosen}))
    assert chosen in (None, secret)
    publishing.publish("event_1")
    [received] = receiver.wait()
    verifier = Webhook(secret if secret.startswith("whsec_") else base64.b64encode(secret.encode()).decode())
    assert verifier.verify(received.body, received.headers)["event"] == "comment.created"
    with pytest.raises(WebhookVerificationError):
        verifier.verify(received.body.replace(b"Great", b"Awful"), received.headers)
    old = str(int(received.headers["webhook-timestamp"]) - 301)
    with pytest.raises(WebhookVerificationError):
        verifier.verify(received.body, {**received.headers, "webhook-timestamp": old})


def test_publishing_twice_delivers_once(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    publishing.publish("event_1")
    assert publishing.publish("event_1") == {"accepted": True, "duplicate": True, "deliveries": 0}
    receiver.wait()
    publishing.publish("event_2")
    receiver.wait(2)
    publishing.until(lambda: len(publishing.deliveries(integration_id, status="delivered")) == 2)
    assert len(receiver.received) == 2


def test_only_what_was_asked_for(publishing: Publishing, receiver: Receiver) -> None:
    publishing.create(receiver.url, "video.deleted", "project.*")
    assert publishing.publish("event_1")["deliveries"] == 0
    assert publishing.publish("event_2", "video.updated")["deliveries"] == 0
    assert publishing.publish("event_3", "video.deleted")["deliveries"] == 1
    assert publishing.publish("event_4", "project.archived")["deliveries"] == 1
    assert {received.json()["event"] for received in receiver.wait(2)} == {"video.deleted", "project.archived"}


def test_other_teams_hear_nothing(publishing: Publishing, receiver: Receiver) -> None:
    publishing.create(receiver.url)
    assert publishing.publish("event_1", teamId="team-2")["deliveries"] == 0
    assert publishing.publish("event_1", teamId=TEAM)["deliveries"] == 1


def test_both_secrets_sign_for_a_day(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, old = publishing.create(receiver.url)
    rotated = publishing.call("integration.rotateSecret", {"integrationId": integration_id})
    new = rotated["webhookSecret"]
    assert new != old
    publishing.publish("event_1")
    [received] = receiver.wait()
    assert koko_accepts(received, new)
    assert koko_accepts(received, old, "x-koko-signature-previous")
    for secret in (old, new):
        Webhook(secret).verify(received.body, received.headers)
    publishing.service.clock.advance(minutes=24 * 60 + 1)
    publishing.publish("event_2")
    received = receiver.wait(2)[1]
    assert koko_accepts(received, new)
    assert "x-koko-signature-previous" not in received.headers
    assert len(received.headers["webhook-signature"].split()) == 1


def test_secrets_are_shown_once_and_stored_sealed(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, secret = publishing.create(receiver.url, headers={"Authorization": "Bearer canary-header-value"})
    shown = publishing.call("integration.getStatus", {"integrationId": integration_id})["integration"]
    assert shown["config"]["headers"] == {"Authorization": "••••alue"}
    assert shown["config"]["webhookUrl"] == "••••oken"
    text = orjson.dumps(shown).decode()
    for table in ("integration", "integration_connection", "endpoint", "integration_log"):
        text += str(publishing.service.rows.query(f"SELECT * FROM {table}"))
    for canary in (secret, "canary-header-value", "canary-url-token"):
        assert canary not in text


def test_disconnecting_ends_it(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    publishing.call("integration.disconnect", {"integrationId": integration_id})
    assert publishing.publish("event_1")["deliveries"] == 0
    [(sealed, off_at)] = publishing.service.rows.query("SELECT sealed, off_at FROM endpoint")
    assert sealed is None
    assert off_at is not None


def test_configure_changes_address_events_and_headers(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, secret = publishing.create("http://127.0.0.1:9/nobody", headers={"X-Old": "old-value-of-it"})
    config = {
        "webhookUrl": receiver.url,
        "events": ["video.ready"],
        "headers": {"X-New": "new-value-of-it"},
        "name": "Ours",
    }
    changed = publishing.call("integration.configure", {"integrationId": integration_id, "config": config})[
        "integration"
    ]
    assert changed["providerName"] == "Ours"
    assert changed["config"]["events"] == ["video.ready"]
    assert publishing.publish("event_1")["deliveries"] == 0
    publishing.publish("event_2", "video.ready")
    [received] = receiver.wait()
    assert received.headers["x-new"] == "new-value-of-it"
    assert "x-old" not in received.headers
    assert koko_accepts(received, secret), "the secret stays"


def signed(secret: str, body: bytes, at_s: int) -> dict[str, str]:
    """What a team's service sends along, by Koko's documentation."""
    proof = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Koko-Timestamp": str(at_s), "X-Koko-Signature": f"sha256={proof}", "content-type": "application/json"}


def test_the_service_talks_back(publishing: Publishing, receiver: Receiver) -> None:
    """By the webhook's own secret; an old one for a day after it has been replaced."""
    integration_id, old = publishing.create(receiver.url)
    config = publishing.call("integration.getStatus", {"integrationId": integration_id})["integration"]["config"]
    path = config["inboundUrl"].removeprefix(PUBLIC_URL)
    client, clock = publishing.service.client, publishing.service.clock

    def said(secret: str, body: bytes, *, altered: bool = False, late_s: int = 0) -> int:
        headers = signed(secret, body, clock.now // 1000 - late_s)
        status: int = client.post(path, content=body + b" " * altered, headers=headers).status_code
        return status

    assert said(old, b'{"event":"build.done"}') == 200
    assert said(old, b'{"event":"build.done"}', altered=True) == 401
    assert said(old, b'{"event":"build.done"}', late_s=301) == 401
    new = publishing.call("integration.rotateSecret", {"integrationId": integration_id})["webhookSecret"]
    assert (said(new, b'{"event":"one"}'), said(old, b'{"event":"two"}')) == (200, 200)
    clock.advance(minutes=24 * 60 + 1)
    assert (said(new, b'{"event":"three"}'), said(old, b'{"event":"four"}')) == (200, 401)
    publishing.call("integration.disconnect", {"integrationId": integration_id})
    assert said(new, b'{"event":"five"}') in (401, 404)
