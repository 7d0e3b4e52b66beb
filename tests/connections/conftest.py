"""A service whose providers the sandbox plays, with a team."""

from collections.abc import Iterator

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service, running_service, sandboxed


@pytest.fixture
def service(database_url: str, sandbox: Sandbox) -> Iterator[Service]:
    with running_service(sandboxed(database_url, sandbox)) as running:
        yield running


@pytest.fixture
def people(service: Service) -> People:
    return People(service)
