"""getMetrics of an integration with a million entries in its journal, beside adding those up in the database; and what
counting costs whoever writes an entry."""

import asyncio
import contextlib
import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from benchmarks.journal import Journal
from benchmarks.postgres import postgres
from benchmarks.served import Served, loopback, make_koko, serving
from koko_integrations.clock import DAY_MS, SystemClock
from koko_integrations.database import Transaction, open_database
from koko_integrations.journal import write_entry, write_news
from tests.service import Rows

ENTRIES = 1_000_000
DAYS = 90
CALLS = 300
PERIODS = ("24h", "7d", "30d", "90d")
WRITES = 2000
WRITES_AT_ONCE = 100
ADD_UP = {
    "sqlite": """SELECT created_at / 86400000, action, status, COUNT(*),
        SUM(json_extract(details, '$.itemsProcessed')), AVG(json_extract(details, '$.duration'))
        FROM integration_log WHERE integration_id = ? AND created_at >= ? GROUP BY 1, 2, 3""",
    "postgresql": """SELECT created_at / 86400000, action, status, COUNT(*),
        SUM((details::json->>'itemsProcessed')::bigint), AVG((details::json->>'duration')::bigint)
        FROM integration_log WHERE integration_id = ? AND created_at >= ? GROUP BY 1, 2, 3""",
}


def main() -> None:
    """Prints the figures for each kind of database."""
    with loopback({"1400": 0}) as origin:
        with tempfile.TemporaryDirectory() as folder:
            _measure("SQLite", f"sqlite:///{folder}/metrics.db", origin)
        with postgres() as url:
            _measure("PostgreSQL", url, origin)


def _measure(kind: str, url: str, origin: str) -> None:
    koko = make_koko(url, ["1400"])
    target = koko.integrations[0]
    now = int(time.time() * 1000)
    Journal(target, ENTRIES, DAYS, now).write(url)
    with contextlib.closing(Rows(url)) as rows:
        since = now - DAYS * DAY_MS
        adding_up = statistics.median(
            _times_ms(lambda: rows.query(ADD_UP[url.partition(":")[0]], target, since), times=3)
        )
    with serving(koko, origin) as service:
        for period in PERIODS:
            cpu_s = service.cpu_s()
            times = _calls(service, target, period)
            cpu_ms = (service.cpu_s() - cpu_s) / len(times) * 1000
            p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
            line = f"{kind}, getMetrics over {period} of {ENTRIES:,} entries: p50 {p50:.1f} ms, p95 {p95:.1f} ms"
            line += f", of the service's CPU {cpu_ms:.1f} ms"
            if period == "90d":
                line += f" (wanted: p50 under 10); adding the entries up: {adding_up:.0f} ms, {adding_up / p50:.0f}x"
            print(line)
    plain, counted = asyncio.run(_writes(url, target))
    print(
        f"{kind}, an entry, {WRITES_AT_ONCE} to a transaction: {plain:.0f} us uncounted, {counted:.0f} us counted;"
        f" counting costs {counted - plain:.0f} us"
    )


def _calls(service: Served, target: str, period: str) -> list[float]:
    """Milliseconds from sending a call to having its answer, on one kept connection."""
    params = {"integrationId": target, "period": period}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "integration.getMetrics", "params": params})
    headers = {"content-type": "application/json", "authorization": f"Bearer {service.bearer}"}
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc)

    def call() -> None:
        connection.request("POST", "/rpc", body, headers)
        answer = connection.getresponse().read()
        if b'"result"' not in answer:
            raise RuntimeError(answer[:300])

    call()
    try:
        return _times_ms(call, times=CALLS)
    finally:
        connection.close()


async def _writes(url: str, target: str) -> tuple[float, float]:
    """Microseconds for each entry of news, which is only written, and of a run, which is counted too."""
    clock, database = SystemClock(), open_database(url)
    details = {"itemsProcessed": 3, "duration": 1234, "cause": "schedule"}

    def news(tx: Transaction) -> None:
        for _ in range(WRITES_AT_ONCE):
            write_news(tx, target, "success", details, clock.now_ms())

    def runs(tx: Transaction) -> None:
        for _ in range(WRITES_AT_ONCE):
            write_entry(tx, target, "sync", "success", details, clock.now_ms())

    taken: dict[Callable[[Transaction], None], list[float]] = {news: [], runs: []}
    try:
        for _ in range(WRITES // WRITES_AT_ONCE):
            for work, times in taken.items():
                started = time.perf_counter()
                await database.write(work)
                times.append((time.perf_counter() - started) / WRITES_AT_ONCE * 1e6)
    finally:
        database.close()
    return statistics.median(taken[news]), statistics.median(taken[runs])


def _times_ms(work: Callable[[], object], *, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return taken
