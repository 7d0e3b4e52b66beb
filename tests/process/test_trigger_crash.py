"""kill -9 at each step of a trigger: what was not begun is done by whoever comes next, what was begun never again."""

import secrets
import time
from collections.abc import Callable, Iterator

import jwt
import pytest

from sandbox.stand_ins import Sandbox
from tests.delivery.receiver import Receiver, running_receiver
from tests.process.client import Client
from tests.process.fleet import Fleet, kill, running_fleet, wait_for
from tests.process.test_commands import SETTINGS
from tests.service import SERVICE_SECRET, sign_session

DAY_MS = 86_400_000


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, running_sandbox: Sandbox
) -> Iterator[Fleet]:
    """Processes that the cases share."""
    folder = tmp_path_factory.mktemp("fleet")
    settings = {"KOKO_EGRESS_ALLOW": "127.0.0.0/8", "KOKO_SERVICE_KEYS": f"api:{SERVICE_SECRET}"}
    with running_fleet(request, folder, running_sandbox, (), reachable=False, **settings) as fleet:
        yield fleet


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


class Stage:
    """A team of its own, with two triggers that post to the receiver."""

    def __init__(self, fleet: Fleet, receiver: Receiver) -> None:
        self.fleet, self.receiver, self.rows = fleet, receiver, fleet.rows
        self.team = key = secrets.token_hex(4)
        token, now = secrets.token_hex(16), int(time.time() * 1000)
        self.rows.insert("user", id=key, name="U", email=f"{key}@koko.test")
        self.rows.insert("team", id=key, name="T", slug=key, owner_id=key)
        self.rows.insert("team_member", id=key, team_id=key, user_id=key, role="owner", joined_at=0)
        self.rows.insert("session", id=key, token=token, user_id=key, expires_at=now + DAY_MS)
        self.client = Client(fleet.port, sign_session(token, SETTINGS["KOKO_AUTH_SECRET"]))
        made = self.client.call("integration.connect", teamId=key, provider="zapier")
        self.target = made["result"]["integration"]["id"]
        config = {"url": receiver.url, "body": {"event": "{{ event.id }}"}}
        each = {"event": "comment.created", "conditions": [], "action": {"type": "webhook", "config": config}}
        answer = self.client.call("integration.setTriggers", integrationId=self.target, triggers=[each, each])
        assert "result" in answer, answer

    def publish(self, event_id: str) -> None:
        claims = {"iss": "api", "aud": "koko-integrations", "exp": int(time.time()) + 200}
        service = Client(self.fleet.port, jwt.encode(claims, SERVICE_SECRET, algorithm="HS256"))
        about = {"teamId": self.team, "type": "comment.created", "occurredAt": "2025-01-15T10:30:00Z", "data": {}}
        answer = service.call("event.publish", id=event_id, **about)
        assert "result" in answer, answer

    def runs(self, event_id: str) -> list[str]:
        found = self.rows.query("SELECT status FROM trigger_run WHERE event_id = ? ORDER BY position", event_id)
        return [row[0] for row in found]

    def hold_lane(self) -> None:
        """Somebody else has it, as after a death; until the lease lapses nothing is begun."""
        later = int(time.time() * 1000) + 2_000
        self.rows.query(
            "UPDATE trigger_lane SET lease_holder = 'gone', lease_until = ? WHERE integration_id = ?",
            later,
            self.target,
        )

    def kill_all(self) -> None:
        """Whoever is at it is among them. Their leases have lapsed, as far as the next are concerned."""
        for process in (self.fleet.serve, *self.fleet.workers):
            kill(process)
        self.rows.query("UPDATE trigger_lane SET lease_until = 0 WHERE integration_id = ?", self.target)

    def finish(self, event_id: str) -> None:
        """The processes run again, and what is left of the event has been done."""
        self.fleet.complete()
        ended = "SELECT finished_at FROM trigger_turn WHERE event_id = ? AND finished_at IS NOT NULL"
        wait_for(lambda: self.rows.query(ended, event_id), "the event's turn does not end")

    def entries(self) -> int:
        found = self.client.call("integration.getLogs", integrationId=self.target, action="webhook")
        return len(found["result"]["logs"])


@pytest.fixture
def stage(fleet: Fleet, receiver: Receiver) -> Stage:
    fleet.complete()
    return Stage(fleet, receiver)


def before_it_is_begun(stage: Stage, event_id: str) -> None:
    stage.hold_lane()
    stage.publish(event_id)
    assert stage.runs(event_id) == []


def in_the_first(stage: Stage, event_id: str) -> None:
    """The receiver has it, and has not answered."""
    stage.receiver.behave = lambda _: time.sleep(3)
    stage.publish(event_id)
    stage.receiver.wait(1)
    assert stage.runs(event_id) == ["started"]


def in_the_second(stage: Stage, event_id: str) -> None:
    def answer_once(handler: object) -> None:
        if len(stage.receiver.received) > 1:
            time.sleep(3)
            return
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", "0")  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]

    stage.receiver.behave = answer_once
    stage.publish(event_id)
    stage.receiver.wait(2)
    wait_for(lambda: stage.runs(event_id) == ["succeeded", "started"], "the second is not begun")


CASES: tuple[tuple[Callable[[Stage, str], None], list[str], int], ...] = (
    (before_it_is_begun, ["succeeded", "succeeded"], 2),
    (in_the_first, ["failed", "succeeded"], 2),
    (in_the_second, ["succeeded", "failed"], 2),
)


@pytest.mark.parametrize(("reach", "expected", "received"), CASES, ids=[case[0].__name__ for case in CASES])
def test_killed(stage: Stage, reach: Callable[[Stage, str], None], expected: list[str], received: int) -> None:
    event_id = f"event-{secrets.token_hex(4)}"
    reach(stage, event_id)
    stage.kill_all()
    stage.receiver.behave = None
    stage.finish(event_id)
    assert stage.runs(event_id) == expected
    assert len(stage.receiver.received) == received, "each was sent once"
    assert stage.entries() == 1


def test_stopped_by_an_operator(stage: Stage) -> None:
    """What is under way is done to its end."""

    def answer_late(handler: object) -> None:
        time.sleep(1)
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", "0")  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]

    event_id = f"event-{secrets.token_hex(4)}"
    stage.receiver.behave = answer_late
    stage.publish(event_id)
    stage.receiver.wait(1)
    processes = [stage.fleet.serve, *stage.fleet.workers]
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(30)
    assert stage.runs(event_id) == ["succeeded"]
    stage.finish(event_id)
    assert stage.runs(event_id) == ["succeeded", "succeeded"]
    assert len(stage.receiver.received) == 2
