"""The service of the tests of connections, and a team with a video that somebody has commented on."""

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.connections.conftest import people, service
from tests.notifications.channels import Channels
from tests.service import Service

__all__ = ["people", "service"]


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite; tests that are worth both kinds of database say so."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def channels(service: Service, people: People, sandbox: Sandbox) -> Channels:
    return Channels(service, people, sandbox)
