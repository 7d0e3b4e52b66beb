"""A service that may post to loopback, a team with a webhook, and somebody who publishes."""

import ipaddress
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

from koko_integrations.app import App
from tests.conftest import TEAM, People
from tests.delivery.receiver import Receiver, running_receiver
from tests.service import SERVICE_SECRET, FakeClock, RpcError, Service, running_service, settings_for

COMMENT = {
    "comment": {
        "id": "comment_123",
        "videoId": "video_456",
        "content": "Great work on this scene!",
        "author": {"id": "user_789", "name": "John Doe"},
    }
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    # The verifiers of other houses go by the real time.
    clock = FakeClock(int(time.time() * 1000))
    # Tests look again and again, within the same hour.
    settings = settings_for(database_url, egress_allow=allowed, reads_per_hour=1_000_000)
    with running_service(settings, clock) as running:
        yield running


class Publishing:
    """Koko's server, and what the team's owner does."""

    def __init__(self, service: Service, people: People) -> None:
        self.service = service
        self.people = people

    @property
    def token(self) -> str:
        claims = {"iss": "api", "aud": "koko-integrations", "exp": self.service.clock.now // 1000 + 200}
        return jwt.encode(claims, SERVICE_SECRET, algorithm="HS256")

    def publish(self, event_id: str, event_type: str = "comment.created", **changes: Any) -> dict[str, Any]:
        params = {
            "id": event_id,
            "type": event_type,
            "teamId": TEAM,
            "occurredAt": "2025-01-15T10:30:00Z",
            "data": COMMENT,
            **changes,
        }
        answer: dict[str, Any] = self.service.call("event.publish", params, token=self.token)
        return answer

    def create(self, url: str, *events: str, **more: Any) -> tuple[str, str]:
        """A webhook's id and secret."""
        params = {
            "teamId": TEAM,
            "name": "Mine",
            "webhookUrl": url,
            "events": list(events or ["comment.created"]),
            **more,
        }
        made = self.service.call("integration.createCustom", params, token=self.people.admin)
        return made["integration"]["id"], made["webhookSecret"]

    def deliveries(self, integration_id: str, **filters: Any) -> list[dict[str, Any]]:
        params = {"integrationId": integration_id, "limit": 100, **filters}
        found: list[dict[str, Any]] = self.call("integration.getDeliveries", params)["deliveries"]
        return found

    def call(self, method: str, params: dict[str, Any]) -> Any:
        return self.service.call(method, params, token=self.people.admin)

    def refused(self, method: str, params: dict[str, Any]) -> RpcError:
        with pytest.raises(RpcError) as refusal:
            self.call(method, params)
        return refusal.value

    def later(self, **passed: int) -> None:
        """So much time passes, once nobody is at anything: how an endpoint fared is written down by the clock."""
        self.until(lambda: self.service.rows.query("SELECT 1 FROM endpoint WHERE lease_holder IS NOT NULL") == [])
        self.service.clock.advance(**passed)

        async def wake(app: App) -> None:
            app.drain.wake()

        self.service.run(wake)

    def settled(self, integration_id: str, status: str, tries: int) -> dict[str, Any]:
        """The integration's only delivery, once it stands so."""

        def look() -> dict[str, Any] | None:
            [found] = self.deliveries(integration_id)
            return found if found["status"] == status and len(found["attempts"]) == tries else None

        found: dict[str, Any] = self.until(look)
        return found

    def until(self, reached: Callable[[], Any]) -> Any:
        """What `reached` answers as soon as it is something; the service works in the meantime."""
        deadline = time.monotonic() + 20
        while not (found := reached()):
            assert time.monotonic() < deadline, "it does not come about"
            time.sleep(0.02)
        return found


@pytest.fixture
def publishing(service: Service, people: People) -> Publishing:
    return Publishing(service, people)
