"""A service in real time that the sandbox's providers can send to."""

from collections.abc import Iterator

import pytest

from providers.kit.pacing import Pacer
from sandbox.stand_ins import Sandbox
from tests.inbound.hall import PUBLIC_URL, Hall, opened
from tests.service import Service, running_service, sandboxed
from tests.sync.team import clock_of_today


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pacer, "wait_for_room", lambda *_: None)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite; tests that are worth both kinds of database say so."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def service(database_url: str, sandbox: Sandbox) -> Iterator[Service]:
    with running_service(sandboxed(database_url, sandbox, public_url=PUBLIC_URL), clock_of_today()) as running:
        yield running


@pytest.fixture
def hall(service: Service, sandbox: Sandbox) -> Iterator[Hall]:
    with opened(service, sandbox) as hall:
        yield hall
