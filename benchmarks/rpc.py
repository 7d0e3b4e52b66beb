"""integration.list and getStatus: calls per second beside the same procedures in Koko's own stack, and memory at rest.

Both sides get the same database, the same session and the same load: wrk, 2 threads, 16 connections. They are measured
in turn, several times, and the ratio is that of the medians. Every answer's body is checked before and counted after,
because a JSON-RPC error travels in HTTP 200.
"""

import asyncio
import base64
import contextlib
import json
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from koko_integrations.access.session_cookie import SessionSigner
from koko_integrations.clock import HOUR_MS, SystemClock
from koko_integrations.database import open_database
from koko_integrations.database.schema import migrate
from koko_integrations.development import DEMO_ADMIN, DEMO_TEAM, ensure_demo_data, start_session
from koko_integrations.registry import find_provider_classes

ROUNDS = 3
SECONDS = 4
CONNECTIONS = 16
AUTH_SECRET = "benchmark-auth-secret"
PEER = Path(__file__).parent / "peer"
START_S = 30
CONNECTED = ("slack", "s3", "asana", "figma", "zapier")


@dataclass(frozen=True)
class Side:
    """One of the two servers, and how each procedure is called there."""

    name: str
    url: str
    requests: dict[str, tuple[str, str, bytes | None]]
    headers: dict[str, str]

    def measure(self, procedure: str, folder: Path) -> float:
        """Calls per second. Raises RuntimeError when any answer was not a success."""
        method, path, body = self.requests[procedure]
        answer = requests.request(method, self.url + path, data=body, headers=self.headers, timeout=10)
        if '"error"' in answer.text or answer.status_code != 200:
            raise RuntimeError(f"{self.name} {procedure}: {answer.text[:300]}")
        script = folder / "load.lua"
        script.write_text(_lua(method, path, body, self.headers))
        output = subprocess.run(
            ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", str(script), self.url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        failures = re.search(r"failed bodies: (\d+)", output)
        if "Non-2xx" in output or failures is None or failures[1] != "0":
            raise RuntimeError(f"{self.name} {procedure}:\n{output}")
        rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
        assert rate is not None, output
        return float(rate[1])


def main() -> None:
    """Prints the ratios."""
    for tool in ("wrk", "node", "npm"):
        if shutil.which(tool) is None:
            sys.exit(f"benchmarks need {tool} on the PATH")
    if not (PEER / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=PEER, check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token, target = asyncio.run(_fill(folder / "koko.db"))
        with _service(folder, token, target) as (ours, process), _peer(folder, token, target) as theirs:
            print(f"memory at rest: {_resident_mb(process.pid):.0f} MB (wanted: under 140)")
            for procedure in ours.requests:
                rates: dict[str, list[float]] = {ours.name: [], theirs.name: []}
                for _ in range(ROUNDS):
                    for side in (ours, theirs):
                        rates[side.name].append(side.measure(procedure, folder))
                medians = {side: statistics.median(found) for side, found in rates.items()}
                ratio = medians[ours.name] / medians[theirs.name]
                shown = ", ".join(f"{side} {rate:.0f}/s" for side, rate in medians.items())
                print(f"integration.{procedure}: {ratio:.1f}x the peer ({shown}; wanted: 5x)")
            print(f"memory after the load: {_resident_mb(process.pid):.0f} MB")


async def _fill(path: Path) -> tuple[str, str]:
    clock = SystemClock()
    database = open_database(f"sqlite:///{path}")
    try:
        await migrate(database)
        await ensure_demo_data(database, clock)
        token = await start_session(database, clock, DEMO_ADMIN)
        now = clock.now_ms()
        rows = "\n".join(_connected(slug, now) for slug in CONNECTED)
        await database.script(rows)
    finally:
        database.close()
    return token, f"int_{CONNECTED[0]}"


def _connected(slug: str, now: int) -> str:
    manifest = next(found.manifest for found in find_provider_classes() if found.manifest.slug == slug)
    scope = json.dumps(list(manifest.scopes))
    return f"""
        INSERT INTO integration (id, team_id, provider, provider_name, provider_icon, category, status, connected_by,
            connected_at, config, scope)
        VALUES ('int_{slug}', '{DEMO_TEAM}', '{slug}', '{manifest.name}', 'https://icons.example/{slug}.svg',
            '{manifest.category}', 'connected', '{DEMO_ADMIN}', {now}, '{{"channelId":"C123"}}', '{scope}');
        INSERT INTO integration_connection (integration_id, team_id, provider, last_check_at)
        VALUES ('int_{slug}', '{DEMO_TEAM}', '{slug}', {now});
        INSERT INTO integration_usage (integration_id, hour_at, syncs, api_calls)
        VALUES ('int_{slug}', {now - now % HOUR_MS}, 3, 40);
    """


@contextlib.contextmanager
def _service(folder: Path, token: str, target: str) -> Iterator[tuple[Side, subprocess.Popen[str]]]:
    settings = {
        "KOKO_DATABASE_URL": f"sqlite:///{folder}/koko.db",
        "KOKO_AUTH_SECRET": AUTH_SECRET,
        "KOKO_ENCRYPTION_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "KOKO_PORT": "8491",
        "KOKO_LOG_LEVEL": "info",
        # One user calls as often as a thousand would.
        "KOKO_READS_PER_HOUR": "1000000000",
    }
    url = "http://127.0.0.1:8491"
    command = [str(Path(sys.executable).parent / "koko-integrations"), "serve"]
    with subprocess.Popen(command, env=os.environ | settings, text=True, stderr=subprocess.PIPE) as process:
        try:
            wait_for(url + "/healthz", process)
            calls = {
                "list": _call("integration.list", teamId=DEMO_TEAM),
                "getStatus": _call("integration.getStatus", integrationId=target),
            }
            headers = {"cookie": _cookie(token), "content-type": "application/json"}
            yield Side("this service", url, {n: ("POST", "/rpc", body) for n, body in calls.items()}, headers), process
        finally:
            process.terminate()


@contextlib.contextmanager
def _peer(folder: Path, token: str, target: str) -> Iterator[Side]:
    catalogue = folder / "catalogue.json"
    catalogue.write_text(
        json.dumps(
            [
                {
                    "provider": found.manifest.slug,
                    "providerName": found.manifest.name,
                    "providerIcon": f"https://icons.example/{found.manifest.slug}.svg",
                    "category": found.manifest.category,
                    "description": found.manifest.description,
                    "features": [feature.label for feature in found.manifest.features],
                }
                for found in find_provider_classes()
            ]
        )
    )
    settings = {
        "PORT": "8492",
        "DATABASE_PATH": str(folder / "koko.db"),
        "AUTH_SECRET": AUTH_SECRET,
        "CATALOGUE": str(catalogue),
        "NODE_ENV": "production",
    }
    url = "http://127.0.0.1:8492"
    with subprocess.Popen(
        ["node", "server.mjs"], cwd=PEER, env=os.environ | settings, stdout=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(url, process)
            paths = {
                "list": _query("integration.list", teamId=DEMO_TEAM),
                "getStatus": _query("integration.getStatus", integrationId=target),
            }
            yield Side("peer", url, {n: ("GET", path, None) for n, path in paths.items()}, {"cookie": _cookie(token)})
        finally:
            process.terminate()


def _call(method: str, **params: str) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def _query(name: str, **params: str) -> str:
    return f"/trpc/{name}?input={quote(json.dumps(params))}"


def _cookie(token: str) -> str:
    return f"better-auth.session_token={SessionSigner(AUTH_SECRET).sign(token)}"


def _lua(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> str:
    lines = [f"wrk.method = {json.dumps(method)}", f"wrk.path = {json.dumps(path)}"]
    lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"wrk.body = {json.dumps(body.decode())}")
    # Threads have their own variables; the sum is made at the end.
    lines.append(
        "local threads = {}\n"
        "function setup(thread) table.insert(threads, thread) end\n"
        "function init() failed = 0 end\n"
        "function response(status, headers, body)\n"
        "  if not string.find(body, '\"result\"', 1, true) or string.find(body, '\"error\"', 1, true) then\n"
        "    failed = failed + 1\n"
        "  end\n"
        "end\n"
        "function done() local sum = 0; for _, t in ipairs(threads) do sum = sum + t:get('failed') end\n"
        "  io.write('failed bodies: ' .. sum .. '\\n') end"
    )
    return "\n".join(lines)


def wait_for(url: str, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(url, timeout=5)
            return
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not start")


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None, status
    return int(found[1]) / 1024
