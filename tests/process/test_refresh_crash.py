"""kill -9 between the provider's rotation and our commit: the lease ends, the status is right, a reconnect mends it."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import initialise
from tests.process.client import REDIRECT_URI, Client
from tests.process.running import free_port, run, running
from tests.process.test_commands import SETTINGS
from tests.service import Rows


@pytest.fixture
def settings(database_url: str, sandbox: Sandbox) -> dict[str, str]:
    sandbox.slack.rotate_tokens(on=True)
    announced = sandbox.hosting.announcement()["slack"]
    return SETTINGS | {
        "KOKO_DATABASE_URL": database_url,
        "KOKO_REDIRECT_URIS": REDIRECT_URI,
        "KOKO_PROVIDER_SLACK_CLIENT_ID": announced["clientId"],
        "KOKO_PROVIDER_SLACK_CLIENT_SECRET": announced["clientSecret"],
        "KOKO_ORIGIN_OVERRIDES": ",".join(f"{meant}={actual}" for meant, actual in announced["origins"].items()),
    }


def test_killed_between_rotation_and_commit(
    tmp_path: Path, database_url: str, sandbox: Sandbox, settings: dict[str, str]
) -> None:
    initialise(database_url)
    rows = Rows(database_url)
    rows.insert("user", id="u", name="U", email="u@koko.test")
    rows.insert("team", id="t", name="T", slug="t", owner_id="u")
    rows.insert("team_member", id="m", team_id="t", user_id="u", role="owner", joined_at=0)
    token = run(tmp_path, "token", "--user", "u", **settings).stdout.strip()
    release = Event()
    port = free_port()
    client = Client(port, token)
    with running(tmp_path, "serve", **settings, KOKO_PORT=str(port)) as process, ThreadPoolExecutor(1) as threads:
        assert process.stderr is not None
        process.stderr.readline()
        target = client.connect("t", "slack")
        rows.query("UPDATE integration SET token_expires_at = ?", 1)
        sandbox.slack.fail("/api/oauth.v2.access", hang=release, truthful=True)
        sandbox.slack.seen.clear()
        threads.submit(client.call, "integration.test", integrationId=target)
        deadline = time.monotonic() + 30
        while len(sandbox.slack.oauth.tokens) < 2:
            assert time.monotonic() < deadline, "the stand-in has not rotated"
        process.kill()
        process.wait()
    release.set()
    leases = rows.query("SELECT refresh_lease_until, refresh_epoch FROM integration_connection")
    assert leases[0][0] is not None
    # A minute later, as far as the lease is concerned.
    rows.query("UPDATE integration_connection SET refresh_lease_until = ?", 1)
    port = free_port()
    client = Client(port, token)
    with running(tmp_path, "serve", **settings, KOKO_PORT=str(port)) as process:
        assert process.stderr is not None
        process.stderr.readline()
        assert client.call("integration.test", integrationId=target)["result"]["success"] is False
        status = client.call("integration.getStatus", integrationId=target)["result"]
        assert (status["integration"]["status"], status["health"]["status"]) == ("error", "down")
        assert client.connect("t", "slack") == target
        assert client.call("integration.test", integrationId=target)["result"]["success"] is True
    rows.close()
