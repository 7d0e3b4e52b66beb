"""Jobs on the real engine: how soon one starts that somebody asked for, and a thousand that are due in one minute."""

import contextlib
import random
import statistics
import tempfile
import time
from collections import Counter

from benchmarks.postgres import postgres
from benchmarks.served import Served, loopback, make_koko, serving
from koko_integrations.sync.schedule import STARTS_PER_S
from tests.service import Rows

PROJECT = "1400"
STARTS = 50
DUE = 1000
LONGEST_ROUND_S = 90
LONGEST_RUNS_S = 300
SLICE_S = 10


def main() -> None:
    """Prints both figures."""
    with loopback({PROJECT: 0}) as origin, tempfile.TemporaryDirectory() as folder:
        _measure_starts("SQLite", f"sqlite:///{folder}/starts.db", origin)
        with postgres() as url:
            _measure_starts("PostgreSQL", url, origin)
        _measure_due(f"sqlite:///{folder}/due.db", origin)


def _measure_starts(kind: str, url: str, origin: str) -> None:
    koko = make_koko(url, [PROJECT])
    waits: list[float] = []
    with serving(koko, origin) as service:
        target = koko.integrations[0]
        service.sync(target)
        for _ in range(STARTS):
            # Not in step with the engine, which looks for work at intervals.
            time.sleep(random.uniform(0, 0.4))
            job_id = service.call("integration.sync", integrationId=target)["job"]["id"]
            answered_ms = time.time() * 1000
            service.finished(job_id)
            started_ms = service.rows.query("SELECT started_at FROM job WHERE id = ?", job_id)[0][0]
            waits.append(max(0.0, started_ms - answered_ms))
    cuts = statistics.quantiles(waits, n=20)
    print(
        f"from integration.sync's answer to the job's start, {kind}: p50 {statistics.median(waits):.0f} ms"
        f" (wanted: under 250), p95 {cuts[-1]:.0f} ms"
    )


def _measure_due(url: str, origin: str) -> None:
    koko = make_koko(url, [PROJECT] * DUE, autoSync=True, syncInterval=1440)
    with contextlib.closing(Rows(url)) as rows:
        # Their own slots, of which some may be just now, are not what is measured.
        rows.query("UPDATE integration_connection SET next_sync_at = NULL")
    with serving(koko, origin) as service:
        now = int(time.time() * 1000)
        service.rows.query("UPDATE integration_connection SET next_sync_at = ?, last_full_sync_at = ?", now, now)
        created, enqueued = _wait_until_enqueued(service)
        print(
            f"{DUE} integrations due at once: {enqueued - created:.1f} s from the first job's row until the engine"
            " had all (wanted: under 10)"
        )
        starts = _wait_until_started(service, created)
        slices = Counter(int(start // SLICE_S) for start in starts)
        shown = ", ".join(f"{SLICE_S * one}-{SLICE_S * (one + 1)} s: {slices[one]}" for one in sorted(slices))
        busiest = max(Counter(int(start) for start in starts).values())
        print(f"  their starts: {shown}; at most {busiest} in one second (aimed at: {STARTS_PER_S} a second)")
        late = [row[0] for row in service.rows.query("SELECT started_at - due_at FROM job")]
        p50, p95 = statistics.median(late), statistics.quantiles(late, n=20)[-1]
        print(f"  behind the time that each was given: p50 {p50:.0f} ms, p95 {p95:.0f} ms")


def _wait_until_enqueued(service: Served) -> tuple[float, float]:
    """When the first job was made, and when all were seen to be the engine's, in epoch seconds."""
    deadline = time.monotonic() + LONGEST_ROUND_S
    while time.monotonic() < deadline:
        count, created = service.rows.query("SELECT count(enqueued_at), min(created_at) FROM job")[0]
        if count >= DUE:
            return created / 1000, time.time()
        time.sleep(0.1)
    raise RuntimeError(f"only {count} of {DUE} jobs were enqueued")


def _wait_until_started(service: Served, since: float) -> list[float]:
    """When each job started, in seconds after `since`."""
    deadline = time.monotonic() + LONGEST_RUNS_S
    while time.monotonic() < deadline:
        left = service.rows.query("SELECT count(*) FROM job WHERE finished_at IS NULL")[0][0]
        if not left:
            return [row[0] / 1000 - since for row in service.rows.query("SELECT started_at FROM job")]
        time.sleep(1)
    raise RuntimeError(f"{left} of {DUE} jobs are still not done")
