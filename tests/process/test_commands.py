"""The other commands, as processes."""

import base64
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest
import requests

from koko_integrations.database.schema import VERSION
from tests.process.running import free_port, run, running
from tests.service import Rows

KEY = base64.b64encode(os.urandom(32)).decode()
OTHER_KEY = base64.b64encode(os.urandom(32)).decode()
SETTINGS = {
    "KOKO_AUTH_SECRET": "process-test-secret",
    "KOKO_ENCRYPTION_KEYS": f"k1:{KEY}",
    "KOKO_SERVICE_KEYS": "api:process-test-service-secret-0123456789",
}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "integration.list", "params": {"teamId": "t"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    done = run(tmp_path, "init-db", **SETTINGS)
    assert (done.returncode, done.stdout) == (0, f"The database has schema {VERSION} now.\n"), done.stderr
    rows = Rows(f"sqlite:///{tmp_path}/var/koko.db")
    rows.insert("user", id="u", name="U", email="u@koko.test")
    rows.insert("team", id="t", name="T", slug="t", owner_id="u")
    rows.insert("team_member", id="m", team_id="t", user_id="u", role="owner", joined_at=0)
    rows.close()
    return tmp_path


def test_wrong_settings_are_listed_without_a_traceback(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", KOKO_PORT="x")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert [line.split()[1].rstrip(":") for line in done.stderr.splitlines()[1:]] == [
        "KOKO_PORT",
        "KOKO_AUTH_SECRET",
        "KOKO_ENCRYPTION_KEYS",
    ]


def test_unknown_provider_in_the_settings(folder: Path) -> None:
    wrong = {"KOKO_PROVIDER_SLAK_CLIENT_ID": "x", "KOKO_PROVIDER_SLAK_CLIENT_SECRET": "y"}
    done = run(folder, "serve", **SETTINGS, **wrong)
    assert done.returncode == 2
    assert "KOKO_PROVIDER_SLAK" in done.stderr


@pytest.mark.parametrize("url", ["postgresql://koko:canary-password@127.0.0.1:9/koko", "sqlite:////dev/null/koko.db"])
def test_a_database_that_cannot_be_opened(tmp_path: Path, url: str) -> None:
    done = run(tmp_path, "init-db", **SETTINGS, KOKO_DATABASE_URL=url)
    assert done.returncode == 2
    assert "KOKO_DATABASE_URL: the database cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr


def test_a_port_that_is_taken(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(folder, "serve", **SETTINGS, KOKO_PORT=str(port))
    assert done.returncode == 2
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_without_tables_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", **SETTINGS, KOKO_PORT=str(free_port()))
    assert done.returncode != 0
    assert "koko-integrations init-db" in done.stderr


def test_init_db_again_and_migrate(folder: Path) -> None:
    for command in ("init-db", "migrate"):
        done = run(folder, command, **SETTINGS)
        assert (done.returncode, done.stdout) == (0, f"The database has schema {VERSION} already.\n")


def test_migrate_wants_a_database(tmp_path: Path) -> None:
    done = run(tmp_path, "migrate", **SETTINGS)
    assert done.returncode == 1
    assert "init-db" in done.stderr


def test_tokens_work(folder: Path) -> None:
    port = free_port()
    user = run(folder, "token", "--user", "u", **SETTINGS).stdout.strip()
    with running(folder, "serve", **SETTINGS, KOKO_PORT=str(port)) as process:
        assert process.stderr is not None
        assert f"http://127.0.0.1:{port}" in process.stderr.readline()
        service = run(folder, "token", "--service", "api", **SETTINGS).stdout.strip()
        acting = run(folder, "token", "--service", "api", "--user", "u", **SETTINGS).stdout.strip()
        for token in (user, service, acting):
            headers = {"authorization": f"Bearer {token}"}
            answer = requests.post(f"http://127.0.0.1:{port}/rpc", json=LIST, headers=headers, timeout=10).json()
            assert len(answer["result"]["integrations"]) == 18


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--user", "nobody"], "there is no user nobody"),
        (["--service", "nobody"], "no service named nobody"),
        ([], "--user ID"),
    ],
)
def test_tokens_for_nobody(folder: Path, arguments: list[str], said: str) -> None:
    done = run(folder, "token", *arguments, **SETTINGS)
    assert done.returncode != 0
    assert said in done.stderr


def test_rotate_keys(folder: Path) -> None:
    both = SETTINGS | {"KOKO_ENCRYPTION_KEYS": f"k2:{OTHER_KEY},k1:{KEY}"}
    done = run(folder, "rotate-keys", **both)
    assert (done.returncode, done.stdout) == (0, "0 re-sealed with k2, 0 already were.\n")
    rows = Rows(f"sqlite:///{folder}/var/koko.db")
    rows.insert(
        "integration",
        id="i",
        team_id="t",
        provider="slack",
        provider_name="Slack",
        category="communication",
        access_token="v1.k0.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA",
    )
    rows.close()
    done = run(folder, "rotate-keys", **both)
    assert done.returncode == 1
    assert "1 could not be opened" in done.stderr


def test_worker_with_sqlite_says_where_it_runs(folder: Path) -> None:
    done = run(folder, "worker", **SETTINGS)
    assert done.returncode == 1
    assert "inside `serve`" in done.stderr


def test_worker_with_postgres_expires_pending_connections(tmp_path: Path, postgres_url: str) -> None:
    rows = Rows(postgres_url)
    rows.insert("user", id="u", name="U", email="u@koko.test")
    rows.insert("team", id="t", name="T", slug="t", owner_id="u")
    rows.insert("integration", id="i", team_id="t", provider="slack", provider_name="S", category="communication")
    rows.query("UPDATE integration SET status = 'pending'")
    rows.insert(
        "pending_connection",
        state_hash="h",
        integration_id="i",
        team_id="t",
        actor="user:u",
        provider="slack",
        redirect_uri="https://x",
        previous_status="disconnected",
        created_at=0,
        expires_at=1,
    )
    with running(tmp_path, "worker", **SETTINGS, KOKO_DATABASE_URL=postgres_url) as process:
        deadline = time.monotonic() + 30
        while rows.query("SELECT COUNT(*) FROM integration") != [(0,)]:
            assert time.monotonic() < deadline
            assert process.poll() is None
    assert process.returncode == 0
    rows.close()


def test_openrpc_and_providers(tmp_path: Path) -> None:
    document = json.loads(run(tmp_path, "openrpc").stdout)
    assert document["openrpc"] == "1.3.2"
    lines = run(tmp_path, "providers").stdout.splitlines()
    assert len(lines) == 18
    assert any(line.split()[:3] == ["slack", "communication", "OAuth"] for line in lines)


def sent_until_closed(connection: socket.socket) -> int:
    """Sends header lines for as long as the server takes them; how many bytes that were."""
    connection.sendall(b"POST /rpc HTTP/1.1\r\nHost: x\r\n")
    sent = 0
    try:
        while sent < 50_000_000:
            line = f"X-{sent}: {'a' * 1000}\r\n".encode()
            connection.sendall(line)
            sent += len(line)
    except OSError:
        return sent
    raise AssertionError("the server took 50 MB of headers")


def test_slow_and_endless_headers_are_cut_off(folder: Path) -> None:
    port = free_port()
    with running(folder, "serve", **SETTINGS, KOKO_PORT=str(port)) as process:
        assert process.stderr is not None
        process.stderr.readline()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
            slow.sendall(b"POST /rpc HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            with socket.create_connection(("127.0.0.1", port), timeout=20) as endless:
                assert sent_until_closed(endless) < 20_000_000  # mostly into socket buffers
            assert slow.recv(1) == b"", "closed by the server"
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200


def test_kill_9_while_serving_loses_no_answered_connection(folder: Path) -> None:
    port = free_port()
    token = run(folder, "token", "--user", "u", **SETTINGS).stdout.strip()
    headers = {"authorization": f"Bearer {token}"}
    connect = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "integration.connect",
        "params": {"teamId": "t", "provider": "make"},
    }
    with running(folder, "serve", **SETTINGS, KOKO_PORT=str(port)) as process:
        assert process.stderr is not None
        process.stderr.readline()
        answer = requests.post(f"http://127.0.0.1:{port}/rpc", json=connect, headers=headers, timeout=10).json()
        process.send_signal(signal.SIGKILL)
        process.wait()
    rows = Rows(f"sqlite:///{folder}/var/koko.db")
    assert rows.query("SELECT id, status FROM integration") == [(answer["result"]["integration"]["id"], "connected")]
    assert rows.query("SELECT COUNT(*) FROM api_key") == [(1,)]
    rows.close()
