"""What is tried again, when, and what is not: koko.md, "Webhooks as Koko signs and retries them"."""

from datetime import UTC, datetime
from email.utils import formatdate

import pytest

from tests.delivery.conftest import Publishing
from tests.delivery.receiver import Receiver

MINUTES = (1, 5, 15, 60, 360, 1440)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite: what differs by database is in the other files."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def wait_ms(publishing: Publishing, delivery: dict[str, str]) -> float:
    """How long it is until the next attempt."""
    return datetime.fromisoformat(delivery["nextAttemptAt"]).timestamp() * 1000 - publishing.service.clock.now


def test_seven_attempts_on_kokos_schedule(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(503)
    publishing.publish("event_1")
    for number, minutes in enumerate(MINUTES, start=1):
        delivery = publishing.settled(integration_id, "pending", number)
        assert minutes * 60_000 <= wait_ms(publishing, delivery) <= minutes * 66_000
        assert len(receiver.received) == number
        publishing.later(minutes=minutes * 11 // 10 + 1)
    delivery = publishing.settled(integration_id, "failed", 7)
    assert "nextAttemptAt" not in delivery
    assert delivery["attempts"][-1]["error"] == "HTTP 503"
    requests = receiver.wait(7)
    assert len({request.headers["webhook-id"] for request in requests}) == 1
    assert len({request.headers["webhook-signature"] for request in requests}) == 7, "signed anew each time"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_these_are_tried_again(publishing: Publishing, receiver: Receiver, status: int) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(status)
    publishing.publish("event_1")
    publishing.settled(integration_id, "pending", 1)
    receiver.says(200)
    publishing.later(minutes=2)
    publishing.settled(integration_id, "delivered", 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422, 301, 302, 307, 308])
def test_these_are_final(publishing: Publishing, receiver: Receiver, status: int) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(status, Location=receiver.url)
    publishing.publish("event_1")
    delivery = publishing.settled(integration_id, "failed", 1)
    assert delivery["attempts"][0]["status"] == status
    assert len(receiver.received) == 1, "no redirect is followed"


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(publishing: Publishing, receiver: Receiver, form: str) -> None:
    integration_id, _ = publishing.create(receiver.url)
    later = publishing.service.clock.now / 1000 + 600
    receiver.says(429, Retry_After="600" if form == "seconds" else formatdate(later, usegmt=True))
    publishing.publish("event_1")
    delivery = publishing.settled(integration_id, "pending", 1)
    assert 598_000 <= wait_ms(publishing, delivery) <= 600_000


def test_retry_after_of_years_is_a_day(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(503, Retry_After="99999999")
    publishing.publish("event_1")
    assert wait_ms(publishing, publishing.settled(integration_id, "pending", 1)) <= 86_400_000


def test_a_receiver_that_is_gone_is_turned_off_and_said_so(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(410)
    publishing.publish("event_1")
    publishing.settled(integration_id, "failed", 1)
    status = publishing.until(lambda: _status(publishing, integration_id, "error"))
    assert status["health"]["status"] == "down"
    assert "Test it when the receiver is back" in status["health"]["issues"][0]
    assert publishing.publish("event_2")["deliveries"] == 0
    logs = publishing.call("integration.getLogs", {"integrationId": integration_id, "action": "notify"})["logs"]
    assert [log for log in logs if log["details"].get("event") == "connection lost"]
    # The receiver comes back, its owner tests it, and has what was missed sent.
    receiver.says(200)
    assert publishing.call("integration.test", {"integrationId": integration_id})["success"] is True
    assert _status(publishing, integration_id, "connected")
    iso = datetime.fromtimestamp(publishing.service.clock.now // 1000 - 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert publishing.call("integration.recover", {"integrationId": integration_id, "since": iso}) == {"recovered": 2}
    events = {request.json()["event"] for request in receiver.wait(4)}
    assert events == {"comment.created", "ping"}


def _status(publishing: Publishing, integration_id: str, wanted: str) -> dict[str, dict[str, str]] | None:
    found: dict[str, dict[str, str]] = publishing.call("integration.getStatus", {"integrationId": integration_id})
    return found if found["integration"]["status"] == wanted else None


def test_a_failing_receiver_rests_is_degraded_and_heals(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(500)
    for number in range(20):
        publishing.publish(f"event_{number}")
    status = publishing.until(lambda: _degraded(publishing, integration_id))
    assert status["integration"]["status"] == "connected", "it is not turned off"
    assert "HTTP 500" in status["health"]["issues"][0]
    tried = len(receiver.received)
    assert tried < 20, "it is left alone after a few"
    receiver.says(200)
    publishing.later(minutes=1, s=1)
    publishing.until(lambda: not _degraded(publishing, integration_id))
    publishing.later(minutes=2)
    publishing.until(lambda: len(publishing.deliveries(integration_id, status="delivered")) == 20)
    logs = publishing.call("integration.getLogs", {"integrationId": integration_id, "limit": 100})["logs"]
    said = [log["details"].get("event") for log in logs]
    assert said.count("endpoint degraded") == 1
    assert said.count("endpoint recovered") == 1


def _degraded(publishing: Publishing, integration_id: str) -> dict[str, dict[str, str]] | None:
    found: dict[str, dict[str, str]] = publishing.call("integration.getStatus", {"integrationId": integration_id})
    return found if found["health"]["status"] == "degraded" else None


def test_a_failed_delivery_can_be_sent_again_by_hand(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(400)
    publishing.publish("event_1")
    delivery = publishing.settled(integration_id, "failed", 1)
    receiver.says(200)
    again = publishing.call("integration.redeliver", {"deliveryId": delivery["id"]})["delivery"]
    assert again["status"] == "pending"
    publishing.settled(integration_id, "delivered", 2)
    first, second = receiver.wait(2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_one_that_waits_is_not_sent_again_by_hand(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(500)
    publishing.publish("event_1")
    delivery = publishing.settled(integration_id, "pending", 1)
    assert publishing.refused("integration.redeliver", {"deliveryId": delivery["id"]}).code == "CONFLICT"
    publishing.call("integration.disconnect", {"integrationId": integration_id})
    assert publishing.refused("integration.redeliver", {"deliveryId": delivery["id"]}).code == "PRECONDITION_FAILED"
    assert publishing.deliveries(integration_id)[0]["status"] == "failed"
