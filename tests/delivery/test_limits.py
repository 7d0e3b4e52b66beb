"""How much a receiver is sent, who waits for whom, and how long anything is kept."""

import ipaddress
import threading
from collections.abc import Iterator

import pytest

from koko_integrations.app import App
from tests.conftest import TEAM, People
from tests.delivery.conftest import Publishing
from tests.delivery.receiver import Received, Receiver, running_receiver
from tests.service import running_service, settings_for

MAKE_URL = "https://hook.eu1.make.com/canary-make-token"


def test_a_hundred_a_minute(publishing: Publishing, receiver: Receiver) -> None:
    publishing.service.clock.now -= publishing.service.clock.now % 60_000
    integration_id, _ = publishing.create(receiver.url)
    for number in range(110):
        publishing.publish(f"event_{number}")
    rests = "SELECT 1 FROM endpoint WHERE rests_until > 0 AND lease_holder IS NULL"
    publishing.until(lambda: publishing.service.rows.query(rests))
    # The limit holds within a twentieth, whatever the database is busy with.
    assert 95 <= len(receiver.received) <= 102
    publishing.later(s=60)
    receiver.wait(110)
    publishing.until(lambda: not publishing.deliveries(integration_id, status="pending"))


def test_four_at_a_time(publishing: Publishing, receiver: Receiver) -> None:
    publishing.create(receiver.url)
    under_way, most, released = [0], [0], threading.Event()
    lock = threading.Lock()

    def think(_: Received) -> tuple[int, dict[str, str]]:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        released.wait(20)
        with lock:
            under_way[0] -= 1
        return 200, {}

    receiver.answer = think
    for number in range(12):
        publishing.publish(f"event_{number}")
    receiver.wait(4)
    released.set()
    receiver.wait(12)
    assert most == [4]


def test_a_slow_receiver_holds_up_no_other(publishing: Publishing, receiver: Receiver) -> None:
    with running_receiver() as slow:
        released = threading.Event()

        def hang(_: Received) -> tuple[int, dict[str, str]]:
            released.wait(20)
            return 200, {}

        slow.answer = hang
        publishing.create(slow.url)
        publishing.create(receiver.url)
        for number in range(20):
            publishing.publish(f"event_{number}")
        receiver.wait(20)
        assert len(slow.received) <= 4
        released.set()
        slow.wait(20)


def test_what_is_kept_thirty_days(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, _ = publishing.create(receiver.url)
    publishing.publish("event_1")
    publishing.settled(integration_id, "delivered", 1)

    async def apply(app: App) -> None:
        await app.retention.apply()

    publishing.service.clock.advance(days=29)
    publishing.service.run(apply)
    assert len(publishing.deliveries(integration_id)) == 1
    publishing.service.clock.advance(days=1, s=1)
    publishing.people.admin = publishing.service.add_session("admin")
    publishing.service.run(apply)
    assert publishing.deliveries(integration_id) == []
    publishing.service.run(apply)
    assert publishing.service.rows.query("SELECT COUNT(*) FROM event") == [(0,)]


def test_what_never_succeeds_is_given_up(publishing: Publishing, receiver: Receiver) -> None:
    """A receiver that rests again and again tries little: what has been due for two days has failed."""
    integration_id, _ = publishing.create(receiver.url)
    receiver.says(500)
    for number in range(10):
        publishing.publish(f"event_{number}")
    publishing.until(lambda: publishing.service.rows.query("SELECT id FROM endpoint WHERE degraded_at IS NOT NULL"))

    async def give_up(app: App) -> int:
        return await app.drain.give_up_overdue()

    publishing.service.clock.advance(days=2, minutes=10)
    assert publishing.service.run(give_up) > 0
    assert publishing.deliveries(integration_id, status="failed")


@pytest.fixture
def made(receiver: Receiver, sqlite_url: str) -> Iterator[Publishing]:
    """A service for which Make is the receiver."""
    origin = receiver.url.partition("/hooks")[0]
    overrides = {"https://hook.eu1.make.com": origin}
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    with running_service(settings_for(sqlite_url, origin_overrides=overrides, egress_allow=allowed)) as service:
        yield Publishing(service, People(service))


def test_makes_own_webhook(made: Publishing, receiver: Receiver) -> None:
    params = {"teamId": TEAM, "provider": "make", "config": {"webhookUrl": MAKE_URL}}
    integration_id = made.call("integration.connect", params)["integration"]["id"]
    made.publish("event_1", "team.renamed")
    [received] = receiver.wait()
    assert received.path == "/canary-make-token"
    assert (received.json()["id"], received.json()["event"]) == ("event_1", "team.renamed")
    assert made.call("integration.test", {"integrationId": integration_id})["success"] is True
    assert receiver.wait(2)[1].json()["event"] == "ping"
    receiver.says(404)
    made.publish("event_2", "team.renamed")
    made.until(lambda: made.service.rows.query("SELECT status FROM integration") == [("error",)])
    assert made.publish("event_3", "team.renamed")["deliveries"] == 0
    assert "canary-make-token" not in str(made.service.rows.query("SELECT * FROM integration_log"))


def test_an_address_that_cannot_be_opened_keeps_nobody_waiting(publishing: Publishing, receiver: Receiver) -> None:
    """A damaged row: it is tried again now and then, and is well once it is mended."""
    integration_id, _ = publishing.create(receiver.url)
    rows = publishing.service.rows
    [(sealed,)] = rows.query("SELECT sealed FROM endpoint")
    rows.query("UPDATE endpoint SET sealed = ?", sealed[:-4] + "AAAA")
    publishing.publish("event_1")
    publishing.until(lambda: rows.query("SELECT id FROM endpoint WHERE rests_until > 0 AND lease_holder IS NULL"))
    rows.query("UPDATE endpoint SET sealed = ?", sealed)
    publishing.later(s=31)
    receiver.wait()
    publishing.settled(integration_id, "delivered", 1)
