"""kill -9 at each step of publishing and draining: what was accepted arrives, at least once and under one id."""

import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests

from koko_integrations.access.session_cookie import SessionSigner
from sandbox.stand_ins import Sandbox
from tests.delivery.receiver import Received, Receiver, running_receiver
from tests.process.client import Client
from tests.process.fleet import Fleet, kill, running_fleet, wait_for
from tests.process.test_commands import SETTINGS

TEAM = "team_crash"
EVENTS = 40
KILLS = 1
LOCKED_S = 1.5


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, running_sandbox: Sandbox
) -> Iterator[Fleet]:
    """Processes that the cases share: each kills some, and what is left is what the next one begins with."""
    folder = tmp_path_factory.mktemp("fleet")
    with running_fleet(request, folder, running_sandbox, KOKO_EGRESS_ALLOW="127.0.0.0/8") as fleet:
        fleet.rows.insert("user", id="u", name="U", email="u@koko.test")
        fleet.rows.insert("team", id=TEAM, name="T", slug="t", owner_id="u")
        fleet.rows.insert("team_member", id="m", team_id=TEAM, user_id="u", role="owner", joined_at=0)
        yield fleet


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


class Publisher:
    """Koko's server: it publishes until it has an answer."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        secret = SETTINGS["KOKO_SERVICE_KEYS"].partition(":")[2]
        claims = {"iss": "api", "aud": "koko-integrations", "exp": int(time.time()) + 290}
        self._headers = {"authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}

    def publish(self, event_id: str) -> dict[str, Any]:
        """The answer of one call. Raises requests.ConnectionError where nobody gives one."""
        params = {
            "id": event_id,
            "type": "comment.created",
            "teamId": TEAM,
            "occurredAt": "2025-01-15T10:30:00Z",
            "data": {"id": event_id},
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": "event.publish", "params": params}
        url = f"http://127.0.0.1:{self._fleet.port}/rpc"
        answer = requests.post(url, json=body, headers=self._headers, timeout=30).json()
        result: dict[str, Any] = answer["result"]
        return result

    def insist(self, event_id: str) -> None:
        """Until it is accepted."""

        def accepted() -> bool:
            try:
                return bool(self.publish(event_id)["accepted"])
            except requests.ConnectionError:
                return False

        wait_for(accepted, "nobody accepts the event")


def webhook(fleet: Fleet, receiver: Receiver) -> str:
    """A webhook that leads to the receiver; those of the cases before it are disconnected."""
    token = secrets.token_hex(16)
    fleet.rows.insert("session", id=token, token=token, user_id="u", expires_at=int(time.time() * 1000) + 10**9)
    client = Client(fleet.port, SessionSigner(SETTINGS["KOKO_AUTH_SECRET"]).sign(token))
    for row in fleet.rows.query("SELECT id FROM integration WHERE status = 'connected'"):
        client.call("integration.disconnect", integrationId=row[0])
    params = {"teamId": TEAM, "name": "Crash", "webhookUrl": receiver.url, "events": ["comment.created"]}
    made = client.call("integration.createCustom", **params)
    return str(made["result"]["integration"]["id"])


def ids_of(receiver: Receiver) -> dict[str, set[str]]:
    """The ids under which each event has arrived."""
    found: dict[str, set[str]] = {}
    with receiver.changed:
        for received in receiver.received:
            found.setdefault(received.json()["data"]["id"], set()).add(received.headers["webhook-id"])
    return found


def everything_sent(fleet: Fleet) -> bool:
    return fleet.rows.query("SELECT COUNT(*) FROM delivery WHERE status = 'pending'") == [(0,)]


def slowly(_: Received) -> tuple[int, dict[str, str]]:
    time.sleep(0.02)
    return 200, {}


def test_kills_while_publishing_and_draining(fleet: Fleet, receiver: Receiver) -> None:
    """At moments that nobody chose: before and after commits, with requests and answers on their way."""
    fleet.complete()
    webhook(fleet, receiver)
    receiver.answer = slowly
    publisher = Publisher(fleet)
    events = [secrets.token_hex(8) for _ in range(EVENTS)]

    def publish() -> None:
        for event_id in events:
            publisher.insist(event_id)

    publishing = threading.Thread(target=publish)
    publishing.start()
    for number in range(1, KILLS + 1):
        receiver.wait(number * EVENTS // (KILLS + 1), patience_s=60)
        for process in (fleet.serve, *fleet.workers):
            kill(process)
        fleet.complete()
    publishing.join(60)
    wait_for(lambda: everything_sent(fleet), "something is left", pause_s=0.1)
    arrived = ids_of(receiver)
    assert arrived.keys() == set(events)
    assert all(len(ids) == 1 for ids in arrived.values())
    assert fleet.rows.query("SELECT COUNT(*) FROM delivery WHERE status = 'delivered'") == [(EVENTS,)]


def test_kill_while_a_receiver_thinks(fleet: Fleet, receiver: Receiver) -> None:
    fleet.complete()
    webhook(fleet, receiver)
    released = threading.Event()

    def think(_: Received) -> tuple[int, dict[str, str]]:
        released.wait(30)
        return 200, {}

    receiver.answer = think
    Publisher(fleet).insist("thought_over")
    receiver.wait(1)
    for process in (fleet.serve, *fleet.workers):
        kill(process)
    released.set()
    receiver.says(200)
    fleet.complete()
    receiver.wait(2, patience_s=60)
    assert {len(ids) for ids in ids_of(receiver).values()} == {1}
    wait_for(lambda: everything_sent(fleet), "it is not recorded", pause_s=0.1)


def test_an_answer_that_is_lost_does_not_publish_twice(fleet: Fleet, receiver: Receiver) -> None:
    """The caller hangs up before it is answered, and publishes again."""
    fleet.complete()
    webhook(fleet, receiver)
    publisher = Publisher(fleet)
    publisher.insist("once")
    assert publisher.publish("once")["duplicate"] is True
    receiver.wait(1)
    wait_for(lambda: everything_sent(fleet), "it is not recorded", pause_s=0.1)
    assert len(receiver.received) == 1


def test_the_database_is_locked_for_a_while(fleet: Fleet, receiver: Receiver) -> None:
    """Publishing waits for it, and what is sent meanwhile is recorded after it."""
    fleet.complete()
    webhook(fleet, receiver)
    publishing = threading.Thread(target=Publisher(fleet).insist, args=("behind_a_lock",))
    fleet.rows.query("BEGIN IMMEDIATE" if fleet.is_sqlite else "BEGIN")
    if not fleet.is_sqlite:
        fleet.rows.query("LOCK TABLE delivery, event IN EXCLUSIVE MODE")
    publishing.start()
    publishing.join(LOCKED_S)
    assert publishing.is_alive(), "the answer waits for the commit"
    fleet.rows.query("ROLLBACK")
    publishing.join(30)
    receiver.wait(1)
    wait_for(lambda: everything_sent(fleet), "it is not recorded", pause_s=0.1)
