"""What is kept for how long, and what an upgrade finds in an old journal."""

from pathlib import Path

import peewee
import pytest

from koko_integrations.database import schema
from tests.database.test_schema import on_database, seed
from tests.metrics.counted import DAY, HOUR, PERIODS, Counted, Entry
from tests.service import Rows

VERSION_2 = Path(__file__).parents[1] / "database" / "version_2.sql"
NOON = 1_763_035_200_000


def test_kept_as_long_as_it_is_shown(one: Counted) -> None:
    """Days as long as the journal, hours for a week."""
    one.service.clock.now = NOON
    for days in (0, 7, 9, 364, 366):
        one.write(Entry(days * DAY, errors=["Gone"]))
        one.service.rows.insert(
            "integration_usage", integration_id=one.target, hour_at=NOON - days * DAY, syncs=1, api_calls=1
        )
    before = {period: one.metrics(period) for period in PERIODS}
    one.service.run(lambda app: app.retention.apply())
    assert {period: one.metrics(period) for period in PERIODS} == before
    for table in ("integration_metric", "integration_failure"):
        kept = one.service.rows.query(f"SELECT span_ms, COUNT(*) FROM {table} GROUP BY span_ms ORDER BY span_ms")
        assert kept == [(HOUR, 2), (DAY, 4)]
    for table in ("integration_usage", "integration_log"):
        assert len(one.service.rows.query(f"SELECT 1 FROM {table}")) == 4


def test_more_is_deleted_than_at_once(one: Counted) -> None:
    one.write(*(Entry(400 * DAY + hour * HOUR) for hour in range(600)))
    one.service.run(lambda app: app.retention.apply())
    assert one.service.rows.query("SELECT COUNT(*) FROM integration_metric") == [(0,)]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_upgrade_counts_what_is_in_the_journal(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    dialect: peewee.Database
    if kind == "sqlite":
        url, dialect = f"sqlite:///{tmp_path}/old.db", peewee.SqliteDatabase(None)
    else:
        url, dialect = request.getfixturevalue("empty_postgres_url"), peewee.PostgresqlDatabase(None)
    sql = schema.translate(VERSION_2.read_text(), dialect)
    on_database(url, lambda database: database.script(sql))
    rows = Rows(url)
    rows.query("INSERT INTO integrations_schema VALUES (2)")
    seed(rows)
    rows.query("DELETE FROM integration_log")
    entries = [("sync", "success", 0), ("sync", "failed", 1), ("sync", "partial", HOUR), ("import", "success", DAY)]
    for number, (action, status, ago) in enumerate([*entries, ("notify", "success", 0)]):
        at = NOON - ago
        rows.insert("integration_log", id=f"l{number}", integration_id="i", action=action, status=status, created_at=at)
    assert on_database(url, schema.migrate) == (2, schema.VERSION)
    found = rows.query(
        "SELECT span_ms, begins_at, action, succeeded, partial, failed, items, latencies"
        " FROM integration_metric ORDER BY span_ms, begins_at, action"
    )
    day = NOON - 12 * HOUR
    assert found == [
        (HOUR, NOON - DAY, "import", 1, 0, 0, 0, ""),
        (HOUR, NOON - HOUR, "sync", 0, 1, 1, 0, ""),
        (HOUR, NOON, "sync", 1, 0, 0, 0, ""),
        (DAY, day - DAY, "import", 1, 0, 0, 0, ""),
        (DAY, day, "sync", 1, 1, 1, 0, ""),
    ]
    rows.close()
