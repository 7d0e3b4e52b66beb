"""A team with Jira and Slack, whose providers the sandbox plays, and a receiver of webhooks."""

import ipaddress
from collections.abc import Iterator

import pytest

from providers.kit.pacing import Pacer
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.delivery.receiver import Receiver, running_receiver
from tests.service import Service, running_service, sandboxed
from tests.sync.team import clock_of_today
from tests.triggers.studio import Studio


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeping to the real rates takes real time; the stand-ins have none."""
    monkeypatch.setattr(Pacer, "wait_for_room", lambda *_: None)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite; tests that are worth both kinds of database say so."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def service(database_url: str, sandbox: Sandbox) -> Iterator[Service]:
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    with running_service(sandboxed(database_url, sandbox, egress_allow=allowed), clock_of_today()) as running:
        yield running


@pytest.fixture
def people(service: Service) -> People:
    return People(service)


@pytest.fixture
def studio(service: Service, people: People, sandbox: Sandbox) -> Studio:
    return Studio(service, people, sandbox)
