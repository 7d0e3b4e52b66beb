"""A service in real time that the sandbox's providers can send to."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from koko_integrations.observability import configure_logging
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


@pytest.fixture
def log_text(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.BytesIO]:
    """What is logged meanwhile."""
    raw = io.BytesIO()
    stderr = io.TextIOWrapper(raw, write_through=True)
    monkeypatch.setattr("sys.stderr", stderr)
    before = logging.root.handlers[:], logging.root.level
    configure_logging("debug")
    try:
        yield raw
    finally:
        structlog.reset_defaults()
        logging.root.handlers[:] = before[0]
        logging.root.setLevel(before[1])
        stderr.detach()
