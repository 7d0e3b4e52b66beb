"""Addresses that are credentials, and tokens, appear nowhere when messages fail: logs, outcomes, answers, journal."""

import io
from collections.abc import Iterator

import pytest

from sandbox.stand_ins import Sandbox
from sandbox.teams_messages import SIGNATURE
from tests.conftest import People
from tests.connections.test_secrets import log_text
from tests.notifications.channels import DISCORD_URL, Channels
from tests.notifications.test_outcomes import fail
from tests.service import RpcError, running_service, sandboxed

__all__ = ["log_text"]


@pytest.fixture
def logged_channels(sqlite_url: str, sandbox: Sandbox, log_text: io.BytesIO) -> Iterator[Channels]:
    with running_service(sandboxed(sqlite_url, sandbox)) as service:
        yield Channels(service, People(service), sandbox)


def test_canaries(logged_channels: Channels, log_text: io.BytesIO) -> None:
    channels, sandbox = logged_channels, logged_channels.sandbox
    faults = (
        {"status": 500, "body": b"canary-in-a-body"},
        {"body": b"<html>canary-in-a-page"},
        {"status": 302, "headers": {"Location": "https://canary.example/"}},
        {"status": 400, "body": b'{"code":5,"error":{"code":"canary code","message":"canary"},"message":"canary"}'},
        {"body": b'{"ok":false,"error":"canary error with spaces"}'},
    )
    texts: list[str] = []
    for kind in ("slack", "teams", "workflow", "discord"):
        channel = channels.join(kind)
        channels.tell(channel)
        for fault in faults:
            fail(channels, kind, channel, fault, times=2)
            texts.append(repr(channels.send(channel)))
            try:
                texts.append(repr(channels.share(channel)))
            except RpcError as error:
                texts.append(repr((error.message, error.data)))
        fail(channels, kind, channel, {"status": 401, "body": b'{"error":{"code":"canary code"}}'}, times=3)
        texts.append(repr(channels.send(channel)))
        texts += [repr(channels.status(channel)), repr(channels.logs(channel))]
        texts.append(repr(channels.service.rows.query("SELECT details FROM integration_log")))
        texts.append(repr(channels.service.rows.query("SELECT config, sync_errors FROM integration")))
    texts.append(repr(channels.service.app.notifier.__dict__))
    logs = log_text.getvalue().decode()
    assert "operation=post" in logs or '"operation": "post"' in logs or '"operation":"post"' in logs
    tokens = [token.access for server in (sandbox.slack, sandbox.microsoft) for token in server.oauth.tokens]
    everything = "\n".join((logs, *texts))
    for canary in (*tokens, SIGNATURE, DISCORD_URL.rpartition("/")[2], "canary"):
        assert canary not in everything, canary
