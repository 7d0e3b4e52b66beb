"""Secrets appear nowhere: logs at debug level, errors, reprs, answers, URLs, metrics; and after disconnect not even in
the database's free pages. Canary values make them findable."""

import io
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from koko_integrations.observability import configure_logging
from providers.kit.answer import Answer
from providers.kit.app import AppCredentials
from providers.kit.connection import Connection, Credentials
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import Callback, connect, consent, finish, start
from tests.connections.test_s3 import CONFIG, KEY, SECRET
from tests.service import AUTH_SECRET, RpcError, Service, running_service, sandboxed


@pytest.fixture
def log_text(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.BytesIO]:
    """Everything the service logs, at the lowest level, as the operator would get it."""
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


@pytest.fixture
def sqlite_service(sqlite_url: str, sandbox: Sandbox, log_text: io.BytesIO) -> Iterator[Service]:
    with running_service(sandboxed(sqlite_url, sandbox)) as running:
        yield running


def test_canaries(sqlite_service: Service, sandbox: Sandbox, log_text: io.BytesIO) -> None:
    service = sqlite_service
    people = People(service)
    texts: list[str] = []
    post = service.post

    def recording(body: Any, **headers: str) -> Any:
        response = post(body, **headers)
        texts.append(response.text)
        return response

    service.post = recording  # type: ignore[method-assign]

    first = start(service, people.admin)
    callback = consent(first["authUrl"])
    verifier_and_state = [callback.state or ""]
    # A code that is refused, one that meets a broken answer, then the real one.
    with pytest.raises(RpcError):
        finish(service, people.admin, Callback("canary-wrong-code", callback.state, None))
    callback = consent(start(service, people.admin)["authUrl"])
    leak = b'{"ok":true,"access_token":{"canary-token-inside":1},"echo":"canary-echo"}'
    sandbox.slack.fail("/api/oauth.v2.access", body=leak)
    with pytest.raises(RpcError):
        finish(service, people.admin, callback)
    target = {"integrationId": connect(service, people.admin)["id"]}
    service.call("integration.test", target, token=people.admin)
    sandbox.slack.fail("/api/auth.test", status=500, body=b"canary-in-error-body", times=3)
    service.call("integration.test", target, token=people.admin)
    params = {"teamId": TEAM, "provider": "s3", "config": CONFIG | {"secretAccessKey": "canary-secret-" + "x" * 26}}
    with pytest.raises(RpcError):
        service.call("integration.connect", params, token=people.admin)
    service.call("integration.connect", {"teamId": TEAM, "provider": "s3", "config": CONFIG}, token=people.admin)
    issued = service.call("integration.connect", {"teamId": TEAM, "provider": "make"}, token=people.admin)["apiKey"]
    texts[-1] = texts[-1].replace(issued, "")  # Shown once, here.
    service.call("integration.disconnect", target, token=people.admin)

    tokens = [token.access for token in sandbox.slack.oauth.tokens]
    codes = list(sandbox.slack.oauth.codes)
    canaries = [
        *tokens,
        *codes,
        *verifier_and_state,
        SECRET,
        KEY,
        issued,
        AUTH_SECRET,
        sandbox.slack.oauth.client_secret,
        people.admin,
        "canary-",
    ]
    logs = log_text.getvalue().decode()
    assert "provider called" in logs
    everywhere = {
        "logs": logs,
        "answers": "\n".join(texts).replace(first["authUrl"], ""),
        "metrics": service.client.get("/metrics").text,
        "reprs": repr(service.settings) + repr(service.app) + str(service.app.connector.__dict__),
        "urls": "\n".join(f"{seen.path} {seen.query}" for seen in sandbox.slack.seen if seen.path.startswith("/api/")),
    }
    for canary in canaries:
        for place, text in everywhere.items():
            if place == "answers" and canary in verifier_and_state:
                continue  # The state is in authUrl, where it belongs.
            assert canary not in text, (place, canary[:12])


def test_unexpected_errors_log_no_local_variables(sqlite_service: Service, log_text: io.BytesIO) -> None:
    people = People(sqlite_service)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("something unforeseen")

    sqlite_service.app.connector.__dict__["_outside"].call = broken
    config = CONFIG | {"secretAccessKey": "canary-in-a-local-variable"}
    with pytest.raises(RpcError) as error:
        sqlite_service.call(
            "integration.connect", {"teamId": TEAM, "provider": "s3", "config": config}, token=people.admin
        )
    assert error.value.code == "INTERNAL_SERVER_ERROR"
    assert "unforeseen" not in error.value.message
    logs = log_text.getvalue().decode()
    assert "something unforeseen" in logs
    assert "canary" not in logs


def test_reprs() -> None:
    canary = "canary-value"
    credentials = Credentials(access_token=canary, refresh_token=canary, secrets={"key": canary})
    shown = [
        credentials,
        Connection(credentials=credentials),
        AppCredentials(client_id="id", client_secret=canary, signing_secret=canary),
        Answer("Slack", 200, {}, canary.encode()),
    ]
    assert canary not in repr(shown)


def test_no_credential_is_left_in_the_database_file(sqlite_service: Service, sandbox: Sandbox) -> None:
    service = sqlite_service
    people = People(service)
    slack = {"integrationId": connect(service, people.admin)["id"]}
    params = {"teamId": TEAM, "provider": "s3", "config": CONFIG}
    s3 = {"integrationId": service.call("integration.connect", params, token=people.admin)["integration"]["id"]}
    blobs = [
        *service.rows.query("SELECT access_token FROM integration WHERE provider = 'slack'")[0],
        *service.rows.query("SELECT secrets FROM integration_connection WHERE provider = 's3'")[0],
    ]
    path = Path(service.settings.database_url.removeprefix("sqlite:///"))
    checkpoint = sqlite3.connect(path)
    checkpoint.execute("PRAGMA wal_checkpoint(FULL)")
    checkpoint.close()
    assert all(blob.encode() in path.read_bytes() for blob in blobs), "they are there while connected"
    for target in (slack, s3):
        service.call("integration.disconnect", target, token=people.admin)
    files = b"".join(file.read_bytes() for file in path.parent.glob("koko.db*"))
    # Not the blob, and no piece of it.
    for blob in blobs:
        ciphertext = blob.rpartition(".")[2]
        assert ciphertext[8:40].encode() not in files


def test_sealed_values_do_not_open_elsewhere(sqlite_service: Service) -> None:
    service = sqlite_service
    people = People(service)
    connect(service, people.admin)
    params = {"teamId": TEAM, "provider": "s3", "config": CONFIG}
    moved = service.call("integration.connect", params, token=people.admin)["integration"]["id"]
    blob = service.rows.query("SELECT access_token FROM integration WHERE provider = 'slack'")[0][0]
    service.rows.query("UPDATE integration_connection SET secrets = ? WHERE integration_id = ?", blob, moved)
    tested = service.call("integration.test", {"integrationId": moved}, token=people.admin)
    assert tested["success"] is False
    assert "cannot be opened" in tested["errors"][0]
    assert service.call("integration.disconnect", {"integrationId": moved}, token=people.admin)["success"]
