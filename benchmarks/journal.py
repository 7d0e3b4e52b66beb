"""A long journal, written at once, with what would have been counted of it entry by entry."""

import random
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg

from koko_integrations.clock import DAY_MS, HOUR_MS
from koko_integrations.metrics import latency

ACTIONS = ("sync", "import", "export", "notify", "webhook")
STATUSES = {"success": 90, "partial": 6, "failed": 4}
ERRORS = tuple(f"Asana does not do {one} (HTTP 422)" for one in ("this", "that", "anything", "everything", "more"))
SPANS = (HOUR_MS, DAY_MS)
LOG = ("id", "integration_id", "action", "status", "details", "created_at")
METRIC = ("integration_id", "span_ms", "begins_at", "action", "succeeded", "partial", "failed", "items", "latencies")
FAILURE = ("integration_id", "span_ms", "begins_at", "error", "runs", "last_at")
USAGE = ("integration_id", "hour_at", "syncs", "api_calls")


class Journal:
    """So many entries of an integration, spread over the days until now; durations are as uneven as real ones."""

    def __init__(self, integration_id: str, entries: int, days: int, now_ms: int) -> None:
        self._id = integration_id
        self._entries = entries
        self._begins = now_ms - days * DAY_MS
        self._step = days * DAY_MS / entries
        self._runs: dict[tuple[int, int, str], dict[str, int]] = {}
        self._failures: dict[tuple[int, int, str], list[int]] = {}

    def write(self, url: str) -> None:
        """Into the tables of the database at this address."""
        _load(url, "integration_log", LOG, self._logs())
        runs = (
            (self._id, *key, *(sums.get(name, 0) for name in (*STATUSES, "items")), latency.dump(sums["latencies"]))
            for key, sums in self._runs.items()
        )
        _load(url, "integration_metric", METRIC, runs)
        _load(url, "integration_failure", FAILURE, ((self._id, *key, *row) for key, row in self._failures.items()))
        hours = {begins for span, begins, _ in self._runs if span == HOUR_MS}
        _load(url, "integration_usage", USAGE, ((self._id, hour, 1, 100) for hour in hours))

    def _logs(self) -> Iterator[tuple[Any, ...]]:
        chance = random.Random(1)
        statuses = chance.choices(tuple(STATUSES), tuple(STATUSES.values()), k=self._entries)
        for number, status in enumerate(statuses):
            at = int(self._begins + number * self._step)
            action = chance.choice(ACTIONS)
            items, duration = chance.randrange(50), int(chance.lognormvariate(8, 1))
            error = None if status == "success" else chance.choice(ERRORS)
            self._count(at, action, status, items, duration, error)
            errors = "" if error is None else f',"errors":["{error}"]'
            details = f'{{"itemsProcessed":{items},"duration":{duration}{errors}}}'
            yield f"log_{number:09}", self._id, action, status, details, at

    def _count(self, at: int, action: str, status: str, items: int, duration: int, error: str | None) -> None:
        for span in SPANS:
            begins = at - at % span
            sums = self._runs.setdefault((span, begins, action), {"latencies": 0})
            sums[status] = sums.get(status, 0) + 1
            sums["items"] = sums.get("items", 0) + items
            sums["latencies"] += latency.one(duration)
            if error is not None:
                row = self._failures.setdefault((span, begins, error), [0, at])
                row[0] += 1
                row[1] = at


def _load(url: str, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """As fast as each kind of database takes rows."""
    named = ", ".join(columns)
    if url.startswith("sqlite:///"):
        marks = ", ".join("?" for _ in columns)
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        with connection:
            connection.executemany(f"INSERT INTO {table} ({named}) VALUES ({marks})", rows)
        connection.close()
        return
    with psycopg.connect(url) as postgres:
        with postgres.cursor().copy(f"COPY {table} ({named}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)
        postgres.commit()
        postgres.autocommit = True
        postgres.execute(f"VACUUM ANALYZE {table}".encode())
