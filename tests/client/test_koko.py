"""A tRPC client of Koko's with the client's link in it, against Koko's own server and this service: once with what Koko
runs today, once with the newest of everything; and Koko's page in a real browser."""

import shutil
from collections.abc import Iterator

import pytest

from sandbox.stand_ins import Sandbox
from tests.client.koko import Koko, running_koko
from tests.client.node import ENVIRONMENTS, built, run
from tests.process.running import free_port

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module", params=sorted(ENVIRONMENTS))
def koko(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, running_sandbox: Sandbox
) -> Iterator[Koko]:
    running_sandbox.reset()
    with running_koko(request.param, tmp_path_factory.mktemp("koko"), running_sandbox) as running:
        yield running


def test_examples_of_the_api_document_and_sessions_of_better_auth(koko: Koko) -> None:
    koko.test("integrations.test.js")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium, and `make chromium` could not install it")
@pytest.mark.parametrize("koko", ["newest"], indirect=True)
def test_a_page_in_a_browser(koko: Koko) -> None:
    assert CHROMIUM is not None
    koko.test("pages/browser/browser.test.js", CHROMIUM=CHROMIUM, ELSEWHERE=f"http://localhost:{free_port()}")


@pytest.mark.parametrize("environment", sorted(ENVIRONMENTS))
def test_link_and_its_failures(environment: str) -> None:
    built()
    run(ENVIRONMENTS[environment], "node", "--test", "built/link.test.js", "built/failures.test.js")
