"""From the schema that each version shipped to the newest: the same tables as a new database has, and no row lost."""

import sqlite3
from pathlib import Path
from typing import Any

import peewee
import psycopg
import pytest

from koko_integrations.database.schema import VERSION, SchemaError, migrate, require_current, translate
from tests.database.test_schema import on_database, seed
from tests.service import Rows

LOOK = {
    "sqlite": (
        """SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
        FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'""",
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    ),
    "postgres": (
        """SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'""",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    ),
}


def described(rows: Rows, kind: str) -> tuple[set[Any], set[Any]]:
    """Columns and indexes."""
    columns, indexes = LOOK[kind]
    return set(rows.query(columns)), {(name, " ".join(sql.split())) for name, sql in rows.query(indexes)}


def old_database(version: int, kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of a database as this version made it."""
    dialect: peewee.Database
    if kind == "sqlite":
        old, dialect = f"sqlite:///{folder}/old.db", peewee.SqliteDatabase(None)
    else:
        old, dialect = request.getfixturevalue("empty_postgres_url"), peewee.PostgresqlDatabase(None)
    sql = translate((Path(__file__).parent / f"version_{version}.sql").read_text(), dialect)
    stamp = f"INSERT INTO integrations_schema VALUES ({version});"
    on_database(old, lambda database: database.script(sql + stamp))
    return old


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_version_2(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Jobs and their files outlive the table that is made anew; and a webhook may be the cause of one."""
    old = old_database(2, kind, request, tmp_path)
    rows = Rows(old)
    seed(rows)
    job = {"integration_id": "i", "kind": "import", "status": "running", "active_key": "a", "cause": "watch"}
    asked = {"requested_by": "u", "request_id": "r", "created_at": 5, "due_at": 6, "attempt": 3, "executor": "e"}
    rows.insert("job", id="job-1", **job, **asked)
    rows.insert("job_file", job_id="job-1", number=1, external_path="/x", status="done", size=2**40)
    before = [rows.query("SELECT * FROM job"), rows.query("SELECT * FROM job_file")]
    assert on_database(old, migrate) == (2, VERSION)
    on_database(old, require_current)
    assert [rows.query("SELECT * FROM job"), rows.query("SELECT * FROM job_file")] == before
    rows.insert("job", id="job-2", **(job | {"cause": "webhook", "active_key": "b"}), **asked)
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        rows.insert("job", id="job-3", **(job | {"cause": "whim", "active_key": "c"}), **asked)
    if kind == "sqlite":
        rows.query("PRAGMA foreign_keys=ON")
    rows.query("DELETE FROM job")
    assert rows.query("SELECT COUNT(*) FROM job_file") == [(0,)], "files go with their job"
    new = Rows(request.getfixturevalue(f"{kind}_url"))
    assert described(rows, kind) == described(new, kind)
    rows.close()
    new.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_version_1(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    old = old_database(1, kind, request, tmp_path)
    rows = Rows(old)
    seed(rows)
    rows.insert("integration", id="j", team_id="t", provider="s3", provider_name="S3", category="storage")
    for target, config in (("i", '{"autoSync":true}'), ("j", "{}")):
        rows.query("UPDATE integration SET status = 'connected', config = ? WHERE id = ?", config, target)
        rows.insert("integration_connection", integration_id=target, team_id="t", provider="slack", slot=target)
    with pytest.raises(SchemaError, match="migrate"):
        on_database(old, require_current)
    assert on_database(old, migrate) == (1, VERSION)
    on_database(old, require_current)
    due = dict(rows.query("SELECT integration_id, next_sync_at FROM integration_connection"))
    assert due["i"] is not None, "what was to sync by itself does"
    assert due["j"] is None
    assert rows.query("SELECT COUNT(*) FROM integration_log") == [(1,)]
    new = Rows(request.getfixturevalue(f"{kind}_url"))
    assert described(rows, kind) == described(new, kind)
    rows.close()
    new.close()
