"""Pulling: beside dlt, what it takes of memory, and what a run costs the provider that finds nothing new.

Both sides pull the same pages of the same loopback provider, 100 tasks each, into SQLite. Ours is a sync job of a real
`serve`, from its start to its end, one commit a page; dlt's is `pipeline.run` of its rest_api source. Neither counts
its process's start, and both have loaded another project before. They are measured in turn, several times, each time
with new databases; the ratio is that of the medians.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from benchmarks.served import Served, loopback, make_koko, serving
from koko_integrations.observability import configure_logging
from providers.kit.pacing import Pacer
from sandbox.stand_ins import Sandbox
from tests.conftest import People, initialise
from tests.service import running_service, sandboxed
from tests.sync.cases import CASES, Case
from tests.sync.team import PROJECT, clock_of_today, join, moved

ROUNDS = 5
WARM_UP, TASKS, MANY_TASKS = "1399", "1400", "1401"
PROJECTS = {WARM_UP: 100, TASKS: 10_000, MANY_TASKS: 100_000}
PEER = Path(__file__).parent / "peer-dlt"
PEER_PYTHON = PEER / ".venv" / "bin" / "python"
DISPOSITIONS = ("merge", "append")
SETTLE_S = 2.0


@dataclass(frozen=True)
class Took:
    """What one pull took."""

    seconds: float
    cpu_s: float


def main() -> None:
    """Prints the three figures."""
    _install_peer()
    with loopback(PROJECTS) as origin:
        _compare(origin)
        _measure_memory(origin)
    _count_requests()


def _install_peer() -> None:
    if (PEER / ".venv" / ".installed").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEER / ".venv")], check=True)
    pip = [str(PEER_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(PEER / "requirements.txt")], check=True)
    (PEER / ".venv" / ".installed").touch()


def _compare(origin: str) -> None:
    ours: list[Took] = []
    peers: dict[str, list[Took]] = {disposition: [] for disposition in DISPOSITIONS}
    for _ in range(ROUNDS):
        ours.append(_pull_ours(origin))
        for disposition, found in peers.items():
            found.append(_pull_dlt(origin, disposition))
    mine = _median(ours)
    print(f"pulling {PROJECTS[TASKS]:,} tasks into SQLite: {mine.seconds:.2f} s ({mine.cpu_s:.2f} s of processor)")
    for disposition, wanted in (("merge", "; wanted: 2x"), ("append", "")):
        peer = _median(peers[disposition])
        print(
            f"  {peer.seconds / mine.seconds:.1f}x dlt, write disposition {disposition}: {peer.seconds:.2f} s"
            f" ({peer.cpu_s:.2f} s of processor, {peer.cpu_s / mine.cpu_s:.1f}x){wanted}"
        )


def _pull_ours(origin: str) -> Took:
    with tempfile.TemporaryDirectory() as folder:
        koko = make_koko(f"sqlite:///{folder}/koko.db", (WARM_UP, TASKS))
        with serving(koko, origin) as service:
            warm_up, measured = koko.integrations
            _pull(service, warm_up)
            before = service.cpu_s()
            seconds = _pull(service, measured)
            took = Took(seconds, service.cpu_s() - before)
            rows = service.rows.query("SELECT count(*) FROM synced_item WHERE integration_id = ?", measured)
    _require(rows[0][0] == PROJECTS[TASKS], f"this service has {rows} tasks")
    return took


def _pull_dlt(origin: str, disposition: str) -> Took:
    with tempfile.TemporaryDirectory() as folder:
        command = [str(PEER_PYTHON), "-W", "ignore", str(PEER / "load.py"), origin, folder, disposition, WARM_UP, TASKS]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    _require(found["rows"] == PROJECTS[WARM_UP] + PROJECTS[TASKS], f"dlt has {found['rows']} tasks")
    return Took(found["seconds"], found["cpu_s"])


def _measure_memory(origin: str) -> None:
    more: dict[str, float] = {}
    for project in (TASKS, MANY_TASKS):
        with tempfile.TemporaryDirectory() as folder:
            koko = make_koko(f"sqlite:///{folder}/koko.db", (project,))
            with serving(koko, origin) as service:
                time.sleep(SETTLE_S)
                idle = service.resident_mb()
                service.forget_peak()
                seconds = _pull(service, koko.integrations[0])
                more[project] = service.resident_mb(peak=True) - idle
        print(
            f"memory while pulling {PROJECTS[project]:,} tasks ({seconds:.1f} s): at most {more[project]:.1f} MB above"
            f" the {idle:.0f} MB of a service that has done nothing yet (wanted: under 40)"
        )
    print(f"  {more[MANY_TASKS] - more[TASKS]:+.1f} MB for ten times as many (wanted: as good as none)")


def _count_requests() -> None:
    configure_logging("error")
    sandbox = Sandbox()
    print(
        "requests of an incremental sync that finds nothing new, for one mapped project (wanted: one for each entity)"
    )
    # The stand-ins have no rates that are to be kept to.
    with sandbox.hosting.running(), patch.object(Pacer, "wait_for_room", lambda *_: None):
        for case in CASES:
            requests, entities = _requests_of(case, sandbox)
            print(f"  {case.slug}: {requests} for {entities} entities")


def _requests_of(case: Case, sandbox: Sandbox) -> tuple[int, int]:
    sandbox.reset()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/koko.db"
        initialise(url)
        with running_service(sandboxed(url, sandbox), clock_of_today()) as service:
            team = join(service, People(service), sandbox, case.slug)
            team.configure(projectMapping={PROJECT: case.container})
            team.succeed("full")
            seen = case.stand_in(sandbox).seen
            seen.clear()
            _require(moved(team.succeed()) == {}, f"{case.slug} has news where there are none")
            return len(seen), len(case.entities)


def _pull(service: Served, integration_id: str) -> float:
    """Seconds of a full sync of tasks, from the job's start to its end."""
    job = service.sync(integration_id, syncType="full", entities=["tasks"])
    return service.seconds_of(str(job["id"]))


def _median(found: Sequence[Took]) -> Took:
    return Took(statistics.median(one.seconds for one in found), statistics.median(one.cpu_s for one in found))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RuntimeError(otherwise)
