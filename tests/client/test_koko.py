"""A tRPC client of Koko's with the client's link in it, against Koko's own server and this service: once with what Koko
runs today, once with the newest of everything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.stand_ins import Sandbox
from tests.client.koko import Koko, running_koko
from tests.client.node import ENVIRONMENTS, built, run


@pytest.fixture(params=sorted(ENVIRONMENTS))
def koko(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Iterator[Koko]:
    with running_koko(request.param, tmp_path, sandbox) as running:
        yield running


def test_examples_of_the_api_document_and_sessions_of_better_auth(koko: Koko) -> None:
    koko.test("integrations.test.js")


@pytest.mark.parametrize("environment", sorted(ENVIRONMENTS))
def test_link_and_its_failures(environment: str) -> None:
    built()
    run(ENVIRONMENTS[environment], "node", "--test", "built/link.test.js", "built/failures.test.js")
