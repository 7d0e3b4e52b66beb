"""A real `koko-integrations serve` for benchmarks, with Asana integrations that a loopback provider answers."""

import asyncio
import base64
import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.rpc import wait_for
from koko_integrations.access import Actor
from koko_integrations.access.session_cookie import SessionSigner
from koko_integrations.clock import SystemClock
from koko_integrations.connections import store
from koko_integrations.database import Statement, Transaction, open_database
from koko_integrations.database.schema import migrate
from koko_integrations.development import DEMO_ADMIN, DEMO_TEAM, ensure_demo_data, start_session
from koko_integrations.koko import Project, Team, TeamMember
from koko_integrations.vault import Vault
from providers.asana import Asana
from providers.kit.connection import Credentials
from providers.kit.manifest import Manifest
from tests.process.running import environment, free_port
from tests.service import Rows

AUTH_SECRET = "benchmark-auth-secret"
KEY = bytes(range(32))
SITE = "https://app.asana.com"
EMPTY_PROJECT = "proj_empty"
LONGEST_JOB_S = 300


@contextlib.contextmanager
def loopback(projects: Mapping[str, int]) -> Iterator[str]:
    """The origin of a provider, in a process of its own, with so many tasks in each project."""
    port = free_port()
    given = [f"{project}={tasks}" for project, tasks in projects.items()]
    command = [sys.executable, "-m", "benchmarks.loopback_asana", str(port), *given]
    with subprocess.Popen(command) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/counted", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@dataclass(frozen=True)
class Koko:
    """A database of Koko's, an admin's bearer token, and integrations in it: ids, in the order they were asked for."""

    url: str
    bearer: str
    integrations: tuple[str, ...]


def make_koko(url: str, projects: Sequence[str], **config: Any) -> Koko:
    """Connects one integration for each of the provider's projects, and maps a project of Koko's to it that has no
    comments: nothing is to be pushed."""
    proven = [
        store.Proven(
            auth_method="api_key",
            # Each has a rate of its own.
            credentials=Credentials(secrets={"accessToken": secrets.token_hex(8)}),
            config={**config, "projectMapping": {EMPTY_PROJECT: project}},
            scopes=Asana.manifest.scopes,
            account_id="12",
            account_name="Ada",
        )
        for project in projects
    ]
    return make_connected(url, Asana.manifest, proven)


def make_connected(url: str, manifest: Manifest, connections: Sequence[store.Proven]) -> Koko:
    """Connects one integration for each, in a team of its own but the first, which is the demo team's."""
    return asyncio.run(_make_connected(url, manifest, connections))


async def _make_connected(url: str, manifest: Manifest, connections: Sequence[store.Proven]) -> Koko:
    clock, database, vault = SystemClock(), open_database(url), Vault({"k1": KEY})
    actor = Actor(f"user:{DEMO_ADMIN}", DEMO_ADMIN)

    def connect(tx: Transaction, team: str, proven: store.Proven) -> str:
        now = clock.now_ms()
        row = store.ensure(tx, actor, team, manifest, "", "", now)
        store.set_connected(tx, vault, row, actor, proven, manifest, "", now)
        return row.id

    def connect_all(tx: Transaction) -> tuple[str, ...]:
        empty = {Project.id: EMPTY_PROJECT, Project.name: "Empty", Project.owner_id: DEMO_ADMIN}
        tx.change(Statement(Project.insert({**empty, Project.status: "active"})))
        teams = [DEMO_TEAM, *(f"team_{number}" for number in range(1, len(connections)))][: len(connections)]
        for team in teams[1:]:
            made = {Team.id: team, Team.name: team, Team.slug: team, Team.owner_id: DEMO_ADMIN}
            tx.change(Statement(Team.insert(made)))
            joined = {TeamMember.id: f"member_{team}", TeamMember.team_id: team, TeamMember.user_id: DEMO_ADMIN}
            tx.change(Statement(TeamMember.insert({**joined, TeamMember.role: "owner", TeamMember.joined_at: 0})))
        return tuple(connect(tx, team, proven) for team, proven in zip(teams, connections, strict=True))

    try:
        await migrate(database)
        await ensure_demo_data(database, clock)
        token = await start_session(database, clock, DEMO_ADMIN)
        return Koko(url, SessionSigner(AUTH_SECRET).sign(token), await database.write(connect_all))
    finally:
        database.close()


class Served:
    """The running service, seen from outside: its procedures, its rows and what it costs."""

    def __init__(self, koko: Koko, url: str, pid: int, rows: Rows) -> None:
        self.bearer = koko.bearer
        self.url = url
        self._pid = pid
        self.rows = rows

    def call(self, method: str, **params: Any) -> Any:
        """The result. Raises RuntimeError for an error."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {"authorization": f"Bearer {self.bearer}"}
        answer = requests.post(f"{self.url}/rpc", json=body, headers=headers, timeout=60).json()
        if "result" not in answer:
            raise RuntimeError(f"{method}: {answer}")
        return answer["result"]

    def sync(self, integration_id: str, **params: Any) -> dict[str, Any]:
        """The job, when it has succeeded. Raises RuntimeError when it does not."""
        return self.finished(self.call("integration.sync", integrationId=integration_id, **params)["job"]["id"])

    def finished(self, job_id: str) -> dict[str, Any]:
        """The same for a job that was started already."""
        deadline = time.monotonic() + LONGEST_JOB_S
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.call("integration.getJob", jobId=job_id)["job"]
            if job["status"] == "succeeded":
                return job
            if job["status"] not in ("queued", "running"):
                break
            time.sleep(0.1)
        raise RuntimeError(f"the job did not succeed: {job}")

    def seconds_of(self, job_id: str) -> float:
        """From the job's start to its end."""
        started, finished = self.rows.query("SELECT started_at, finished_at FROM job WHERE id = ?", job_id)[0]
        return float(finished - started) / 1000

    def cpu_s(self) -> float:
        """Processor time until now, in user and system mode, of all threads."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self, *, peak: bool = False) -> float:
        """What is in memory now, or the most that was since `forget_peak`."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        found = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", status)
        assert found is not None, status
        return int(found[1]) / 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")

    def kill(self) -> None:
        """As a power cut would."""
        os.kill(self._pid, signal.SIGKILL)


@contextlib.contextmanager
def serving(koko: Koko, origin: str, **more: str) -> Iterator[Served]:
    """The service on this database, its job engine running, with Asana at `origin`, and with `more` settings."""
    port = free_port()
    settings = environment(
        KOKO_DATABASE_URL=koko.url,
        KOKO_AUTH_SECRET=AUTH_SECRET,
        KOKO_ENCRYPTION_KEYS=f"k1:{base64.b64encode(KEY).decode()}",
        KOKO_ORIGIN_OVERRIDES=f"{SITE}={origin}",
        KOKO_PORT=str(port),
        KOKO_LOG_LEVEL="info",
        # Jobs are looked at ten times a second.
        KOKO_READS_PER_HOUR="1000000",
        **more,
    )
    command = [str(Path(sys.executable).parent / "koko-integrations"), "serve"]
    with tempfile.TemporaryFile("w+") as log, contextlib.ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(command, env=settings, stderr=log))
        stack.callback(process.terminate)
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/healthz", process)
        _wait_for_engine(Path(f"/proc/{process.pid}/fd/2"), process)
        rows = Rows(koko.url)
        stack.callback(rows.close)
        yield Served(koko, url, process.pid, rows)


def _wait_for_engine(log: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while "job engine started" not in log.read_text():
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError(f"the job engine did not start:\n{log.read_text()}")
        time.sleep(0.1)
