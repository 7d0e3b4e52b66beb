"""Refreshing: 50 callers of one expired integration in two processes cause one token request; opening a fresh
connection costs little over the read that it contains."""

import asyncio
import base64
import contextlib
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from benchmarks.rpc import wait_for
from koko_integrations.access import Actor
from koko_integrations.access.session_cookie import SessionSigner
from koko_integrations.assembly import build_app
from koko_integrations.clock import SystemClock
from koko_integrations.connections import store
from koko_integrations.connections.credentials import READ_LIVE
from koko_integrations.database import Transaction, open_database
from koko_integrations.database.schema import migrate
from koko_integrations.development import DEMO_ADMIN, DEMO_TEAM, ensure_demo_data, start_session
from koko_integrations.integration import Integration
from koko_integrations.outside import Outside
from koko_integrations.settings import Settings
from koko_integrations.vault import Vault
from providers.kit.app import AppCredentials
from providers.kit.connection import Credentials
from providers.slack import Slack
from sandbox.stand_ins import Sandbox

CALLERS = 50
OPENINGS = 2000
AUTH_SECRET = "benchmark-auth-secret"
PORTS = (8493, 8494)


def main() -> None:
    """Prints both figures."""
    sandbox = Sandbox()
    sandbox.slack.rotate_tokens(on=True)
    with tempfile.TemporaryDirectory() as name, sandbox.hosting.running():
        key = secrets.token_bytes(32)
        announced = sandbox.hosting.announcement()["slack"]
        settings = Settings(
            database_url=f"sqlite:///{name}/koko.db",
            auth_secret=AUTH_SECRET,
            encryption_keys={"k1": key},
            provider_apps={
                "slack": AppCredentials(client_id=announced["clientId"], client_secret=announced["clientSecret"])
            },
            origin_overrides=sandbox.hosting.origins,
        )
        token, target = asyncio.run(_fill(settings, sandbox))
        with _services(Path(name), settings, key):
            requests_made = _race(sandbox, token, target)
        print(f"{CALLERS} callers in 2 processes: {requests_made} token request(s) (wanted: 1)")
        opening, reading = asyncio.run(_opening(settings, target))
        print(f"opening a fresh connection: {opening - reading:.3f} ms over its read (wanted: under 1)")


async def _fill(settings: Settings, sandbox: Sandbox) -> tuple[str, str]:
    """A Slack connection whose token has an hour left."""
    clock = SystemClock()
    database = open_database(settings.database_url)
    granted = sandbox.slack.oauth.issue(("chat:write", "channels:read"))
    try:
        await migrate(database)
        await ensure_demo_data(database, clock)
        token = await start_session(database, clock, DEMO_ADMIN)

        def connect(tx: Transaction) -> str:
            now = clock.now_ms()
            actor = Actor(f"user:{DEMO_ADMIN}", DEMO_ADMIN)
            row = store.ensure(tx, actor, DEMO_TEAM, Slack.manifest, "", "", now)
            credentials = Credentials(access_token=granted.access, refresh_token=granted.refresh, expires_in_s=3600)
            proven = store.Proven(
                auth_method="oauth2",
                credentials=credentials,
                config={},
                scopes=Slack.manifest.scopes,
                account_id="T",
                account_name="T",
            )
            store.set_connected(tx, Vault(settings.encryption_keys), row, actor, proven, Slack.manifest, "", now)
            return row.id

        return token, await database.write(connect)
    finally:
        database.close()


def _race(sandbox: Sandbox, token: str, target: str) -> int:
    body = {"jsonrpc": "2.0", "id": 1, "method": "integration.test", "params": {"integrationId": target}}
    headers = {"authorization": f"Bearer {SessionSigner(AUTH_SECRET).sign(token)}"}
    # Expired there and not here: every caller is refused first, the worst case for a stampede.
    sandbox.slack.oauth.tokens[0].expires_at_s = 0

    def call(number: int) -> bool:
        url = f"http://127.0.0.1:{PORTS[number % 2]}/rpc"
        answer: Any = requests.post(url, json=body, headers=headers, timeout=60).json()
        return bool(answer["result"]["success"])

    with ThreadPoolExecutor(CALLERS) as threads:
        assert all(threads.map(call, range(CALLERS))), "every caller gets its answer"
    return len(sandbox.slack.requests_to("/api/oauth.v2.access"))


async def _opening(settings: Settings, target: str) -> tuple[float, float]:
    """Median milliseconds of opening, and of the read alone."""
    database, outside = open_database(settings.database_url), Outside()
    app = build_app(settings, database, SystemClock(), outside)
    found = await database.read_one(store.FIND, id=target)
    assert found is not None
    integration = Integration._make(found)
    opening, reading = [], []
    for _ in range(OPENINGS):
        started = time.perf_counter()
        await database.read_one(READ_LIVE, id=target)
        between = time.perf_counter()
        await app.live.open(integration)
        reading.append(between - started)
        opening.append(time.perf_counter() - between)
    outside.close()
    database.close()
    return statistics.median(opening) * 1000, statistics.median(reading) * 1000


@contextlib.contextmanager
def _services(folder: Path, settings: Settings, key: bytes) -> Iterator[None]:
    app = settings.provider_apps["slack"]
    environment = os.environ | {
        "KOKO_DATABASE_URL": settings.database_url,
        "KOKO_AUTH_SECRET": AUTH_SECRET,
        "KOKO_ENCRYPTION_KEYS": f"k1:{base64.b64encode(key).decode()}",
        "KOKO_PROVIDER_SLACK_CLIENT_ID": app.client_id,
        "KOKO_PROVIDER_SLACK_CLIENT_SECRET": app.client_secret,
        "KOKO_ORIGIN_OVERRIDES": ",".join(f"{a}={b}" for a, b in settings.origin_overrides.items()),
        "KOKO_LOG_LEVEL": "error",
    }
    command = [str(Path(sys.executable).parent / "koko-integrations"), "serve"]
    with contextlib.ExitStack() as stack:
        for port in PORTS:
            process = stack.enter_context(
                subprocess.Popen(
                    command, cwd=folder, env=environment | {"KOKO_PORT": str(port)}, stderr=subprocess.DEVNULL
                )
            )
            stack.callback(process.terminate)
            wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield
