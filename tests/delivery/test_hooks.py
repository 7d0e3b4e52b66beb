"""REST hooks, as the apps in Zapier and Make use them."""

from typing import Any

import orjson
import pytest

from tests.conftest import TEAM
from tests.delivery.conftest import COMMENT, Publishing
from tests.delivery.receiver import Receiver
from tests.service import RpcError


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite: what differs by database is in the other files."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


class Zap:
    """What the Koko app in Zapier does with its key."""

    def __init__(self, publishing: Publishing, provider: str = "zapier") -> None:
        made = publishing.call("integration.connect", {"teamId": TEAM, "provider": provider})
        self.id: str = made["integration"]["id"]
        self.key: str = made["apiKey"]
        self._publishing = publishing

    def call(self, method: str, **params: Any) -> Any:
        return self._publishing.service.call(method, params, token=self.key)

    def refused(self, method: str, **params: Any) -> RpcError:
        with pytest.raises(RpcError) as refusal:
            self.call(method, **params)
        return refusal.value


def test_subscribe_receive_unsubscribe(publishing: Publishing, receiver: Receiver) -> None:
    zap = Zap(publishing)
    assert zap.call("hook.me") == {"teamId": TEAM, "teamName": TEAM, "integrationId": zap.id}
    hook = zap.call("hook.subscribe", hookUrl=receiver.url, event="comment.created")["id"]
    assert zap.call("hook.subscribe", hookUrl=receiver.url, event="comment.created")["id"] == hook
    publishing.publish("event_1")
    [received] = receiver.wait()
    assert received.json() == {
        "id": "event_1",
        "event": "comment.created",
        "timestamp": "2025-01-15T10:30:00Z",
        "webhookId": hook,
        "data": COMMENT,
    }
    for _ in range(2):
        assert zap.call("hook.unsubscribe", id=hook) == {"success": True}
    assert publishing.publish("event_2")["deliveries"] == 0
    assert zap.call("hook.unsubscribe", id="hook_nobodys") == {"success": True}
    zap.call("hook.subscribe", hookUrl=receiver.url, event="comment.created")
    assert publishing.publish("event_3")["deliveries"] == 1


def test_a_gone_hook_is_unsubscribed_and_harms_nothing_else(publishing: Publishing, receiver: Receiver) -> None:
    zap = Zap(publishing)
    receiver.answer = lambda request: (410 if "/gone" in request.path else 200, {})
    gone = receiver.url.replace("/hooks", "/gone")
    zap.call("hook.subscribe", hookUrl=gone, event="comment.created")
    zap.call("hook.subscribe", hookUrl=receiver.url, event="comment.created")
    assert publishing.publish("event_1")["deliveries"] == 2
    receiver.wait(2)
    publishing.until(lambda: len(publishing.deliveries(zap.id, status="failed")) == 1)
    publishing.until(lambda: publishing.service.rows.query("SELECT id FROM endpoint WHERE off_at IS NOT NULL"))
    assert publishing.publish("event_2")["deliveries"] == 1
    status = publishing.call("integration.getStatus", {"integrationId": zap.id})
    assert status["integration"]["status"] == "connected"


def test_filters(publishing: Publishing, receiver: Receiver) -> None:
    zap = Zap(publishing)
    zap.call("hook.subscribe", hookUrl=receiver.url, event="comment.created", filters={"projectId": "p1"})
    assert publishing.publish("event_1", projectId="p2")["deliveries"] == 0
    assert publishing.publish("event_2")["deliveries"] == 0
    assert publishing.publish("event_3", projectId="p1")["deliveries"] == 1


def test_samples_look_like_deliveries(publishing: Publishing, receiver: Receiver) -> None:
    zap = Zap(publishing)
    [made_up] = zap.call("hook.sample", event="comment.created")["samples"]
    hook = zap.call("hook.subscribe", hookUrl=receiver.url, event="comment.created")["id"]
    for number in range(5):
        publishing.publish(f"event_{number}")
        publishing.later(s=1)
    samples = zap.call("hook.sample", event="comment.created", limit=3)["samples"]
    assert [sample["id"] for sample in samples] == ["event_4", "event_3", "event_2"]
    received = {request.json()["id"]: request.json() for request in receiver.wait(5)}
    assert samples[0] == {**received["event_4"], "webhookId": zap.id}
    assert received["event_4"]["webhookId"] == hook
    assert made_up.keys() == samples[0].keys()


@pytest.mark.parametrize(
    "url", ["https://hooks.zapier.com.evil.example/x", "https://evil.example/hooks.zapier.com", "https://10.0.0.1/x"]
)
def test_only_zapiers_own_addresses(publishing: Publishing, url: str) -> None:
    assert list(Zap(publishing).refused("hook.subscribe", hookUrl=url, event="comment.created").fields) == ["hookUrl"]


def test_zapiers_and_makes_addresses_are_taken(publishing: Publishing) -> None:
    Zap(publishing).call("hook.subscribe", hookUrl="https://hooks.zapier.com/hooks/standard/1/2/", event="video.ready")
    make = Zap(publishing, "make")
    make.call("hook.subscribe", hookUrl="https://hook.eu1.make.com/abcdefghijk", event="video.ready")
    text = str(publishing.service.rows.query("SELECT * FROM endpoint"))
    assert "hooks/standard" not in text
    assert "abcdefghijk" not in text


def test_keys_and_their_ends(publishing: Publishing) -> None:
    zap, panel = Zap(publishing), Zap(publishing, "premiere")
    assert (
        panel.refused("hook.subscribe", hookUrl="https://hooks.zapier.com/x", event="video.ready").code == "FORBIDDEN"
    )
    with pytest.raises(RpcError) as refused:
        publishing.call("hook.me", {})
    assert refused.value.code == "FORBIDDEN"
    for method, params in (
        ("integration.getDeliveries", {"integrationId": zap.id}),
        ("integration.createCustom", {"teamId": TEAM}),
        ("event.publish", {"teamId": TEAM}),
    ):
        assert zap.refused(method, **params).code in ("FORBIDDEN", "BAD_REQUEST")
    publishing.call("integration.disconnect", {"integrationId": zap.id})
    assert zap.refused("hook.me").code == "UNAUTHORIZED"


def test_makes_webhook_is_sent_everything(publishing: Publishing) -> None:
    url = "https://hook.eu1.make.com/canary-make-token"
    made = publishing.call("integration.connect", {"teamId": TEAM, "provider": "make", "config": {"webhookUrl": url}})
    integration_id = made["integration"]["id"]
    assert publishing.publish("event_1", "team.renamed")["deliveries"] == 1
    [delivery] = publishing.deliveries(integration_id)
    assert delivery["webhookId"] == integration_id
    assert "canary-make-token" not in orjson.dumps(publishing.deliveries(integration_id)).decode()
