"""An integration on each kind of database."""

import pytest

from tests.conftest import People
from tests.metrics.counted import Counted, counted
from tests.service import Service


@pytest.fixture
def one(service: Service, people: People) -> Counted:
    return counted(service, people)
