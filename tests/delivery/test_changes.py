"""What a team changes while something is under way: nothing goes where it no longer should."""

import concurrent.futures
import threading
import time
from datetime import UTC, datetime

import pytest

from tests.conftest import TEAM
from tests.delivery.conftest import Publishing
from tests.delivery.receiver import Received, Receiver, running_receiver
from tests.service import RpcError


class Slow:
    """A receiver that answers when it is let."""

    def __init__(self, receiver: Receiver, status: int = 200) -> None:
        self.released = threading.Event()
        self._status = status
        receiver.answer = self._think

    def _think(self, _: Received) -> tuple[int, dict[str, str]]:
        self.released.wait(20)
        time.sleep(0.05)
        return self._status, {}


def test_disconnecting_ends_what_waits(publishing: Publishing, receiver: Receiver) -> None:
    slow = Slow(receiver)
    integration_id, _ = publishing.create(receiver.url)
    for number in range(30):
        publishing.publish(f"event_{number}")
    under_way = len(receiver.wait(4))
    publishing.call("integration.disconnect", {"integrationId": integration_id})
    slow.released.set()
    publishing.until(lambda: publishing.service.rows.query("SELECT id FROM endpoint WHERE lease_holder IS NULL"))
    assert len(receiver.received) <= under_way + 8


def test_another_address_is_used_at_once(publishing: Publishing, receiver: Receiver) -> None:
    with running_receiver() as new:
        slow = Slow(receiver)
        integration_id, _ = publishing.create(receiver.url)
        for number in range(30):
            publishing.publish(f"event_{number}")
        under_way = len(receiver.wait(4))
        config = {"webhookUrl": new.url}
        publishing.call("integration.configure", {"integrationId": integration_id, "config": config})
        slow.released.set()
        new.wait(30 - under_way - 8)
        publishing.until(lambda: len(publishing.deliveries(integration_id, status="delivered")) == 30)
        assert len(receiver.received) <= under_way + 8


def test_an_old_address_that_is_gone_does_not_end_the_new_one(publishing: Publishing, receiver: Receiver) -> None:
    with running_receiver() as new:
        slow = Slow(receiver, status=410)
        integration_id, _ = publishing.create(receiver.url)
        publishing.publish("event_1")
        receiver.wait()
        config = {"webhookUrl": new.url}
        publishing.call("integration.configure", {"integrationId": integration_id, "config": config})
        slow.released.set()
        publishing.until(lambda: publishing.service.rows.query("SELECT id FROM endpoint WHERE lease_holder IS NULL"))
        assert publishing.service.rows.query("SELECT status FROM integration") == [("connected",)]
        publishing.publish("event_2")
        new.wait()


def test_settings_are_all_right_or_none_changes(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    asked = {"integrationId": integration_id, "config": {"events": ["video.ready"], "autoSync": True}}
    assert list(publishing.refused("integration.configure", asked).fields) == ["config.autoSync"]
    assert publishing.publish("event_1")["deliveries"] == 1
    publishing.call("integration.disconnect", {"integrationId": integration_id})
    asked = {"integrationId": integration_id, "config": {"events": ["video.ready"]}}
    assert publishing.refused("integration.configure", asked).code == "PRECONDITION_FAILED"


def test_the_same_event_in_another_order(publishing: Publishing) -> None:
    publishing.publish("event_1", data={"a": 1, "b": {"c": 2.0, "d": [1]}})
    assert publishing.publish("event_1", data={"b": {"d": [1.0], "c": 2}, "a": 1})["duplicate"] is True
    with pytest.raises(RpcError):
        publishing.publish("event_1", data={"a": 1, "b": {"c": 2, "d": [2]}})


def test_publishing_from_many_sides(publishing: Publishing, receiver: Receiver) -> None:
    """Each publish locks the rows of twenty endpoints, which are being sent to meanwhile."""
    for _ in range(20):
        publishing.create(receiver.url)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: publishing.publish(f"event_{number}"), range(24)))
    assert {answer["deliveries"] for answer in answers} == {20}
    receiver.wait(480, patience_s=60)


def test_a_wait_that_is_no_time_is_an_attempt_like_any(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(503, Retry_After="Thu, 01 Jan 99999999999999999999 00:00:00 GMT")
    publishing.publish("event_1")
    publishing.settled(integration_id, "pending", 1)


def test_a_receiver_is_given_time_for_its_new_secret(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    publishing.call("integration.rotateSecret", {"integrationId": integration_id})
    receiver.says(401)
    publishing.publish("event_1")
    publishing.settled(integration_id, "pending", 1)
    receiver.says(200)
    publishing.later(minutes=2)
    publishing.settled(integration_id, "delivered", 2)


def test_what_was_before_a_webhook_is_not_recovered(publishing: Publishing, receiver: Receiver) -> None:
    began = datetime.fromtimestamp(publishing.service.clock.now // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    publishing.publish("event_1")
    publishing.service.clock.advance(minutes=60)
    integration_id, _ = publishing.create(receiver.url)
    asked = {"integrationId": integration_id, "since": began}
    assert publishing.call("integration.recover", asked) == {"recovered": 0}


def test_samples_of_families(publishing: Publishing) -> None:
    made = publishing.call("integration.connect", {"teamId": TEAM, "provider": "zapier"})

    def sample() -> str:
        answer = publishing.service.call("hook.sample", {"event": "project.*"}, token=made["apiKey"])
        return str(answer["samples"][0]["event"])

    assert sample() == "project.created"
    publishing.publish("event_1", "project.archived")
    assert sample() == "project.archived"
