"""schema.sql, the models, and the API document agree; older databases are upgraded, newer ones refused."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest

from koko_integrations.database import open_database
from koko_integrations.database.schema import VERSION, SchemaError, migrate, require_current, schema_sql
from koko_integrations.koko import KOKO_MODELS
from koko_integrations.models import OWN_MODELS
from tests.service import Rows

ROOT = Path(__file__).parents[2]
MODELS = {model._meta.table_name: model for model in (*KOKO_MODELS, *OWN_MODELS)}
TYPES = {"TEXT": "TEXT", "BIGINT": "INTEGER", "DOUBLE": "REAL"}

# The API document's Drizzle schema: column, type, required.
DOCUMENT = {
    "integration": """id text! team_id text! provider text! provider_name text! provider_icon text category text!
        status text! connected_by text connected_at integer config text! scope text! access_token text
        refresh_token text token_expires_at integer last_sync_at integer last_sync_status text sync_errors text
        created_at integer! updated_at integer!""",
    "integration_log": "id text! integration_id text! action text! status text! details text! created_at integer!",
}


def on_database(url: str, work: Any) -> Any:
    async def run() -> Any:
        database = open_database(url)
        try:
            return await work(database)
        finally:
            database.close()

    return asyncio.run(run())


@pytest.fixture
def memory() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript((ROOT / "schema.sql").read_text())
    yield connection
    connection.close()


def columns_of(connection: sqlite3.Connection, table: str) -> dict[str, tuple[str, bool, int]]:
    rows = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    return {name: (kind, bool(required), key) for _, name, kind, required, _, key in rows}


def test_models_agree_with_the_schema(memory: sqlite3.Connection) -> None:
    tables = {name for (name,) in memory.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == set(MODELS)
    for table, model in MODELS.items():
        expected = {field.column_name: (TYPES[field.field_type], not field.null) for field in model._meta.sorted_fields}
        found = {name: (kind, required) for name, (kind, required, _) in columns_of(memory, table).items()}
        assert found == expected, table
        key: Any = model._meta.primary_key
        names = key.field_names if isinstance(key, peewee.CompositeKey) else (key.column_name,)
        assert {name for name, (_, _, part) in columns_of(memory, table).items() if part} == set(names), table


@pytest.mark.parametrize("table", sorted(DOCUMENT))
def test_documented_tables_column_by_column(memory: sqlite3.Connection, table: str) -> None:
    words = DOCUMENT[table].split()
    expected = {
        name: (kind.rstrip("!").upper(), kind.endswith("!")) for name, kind in zip(words[::2], words[1::2], strict=True)
    }
    found = {name: (kind, required) for name, (kind, required, _) in columns_of(memory, table).items()}
    assert found == expected
    indexes = {name for (name,) in memory.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert indexes >= {
        "integration_team_idx",
        "integration_provider_idx",
        "integration_status_idx",
        "integration_log_integration_idx",
        "integration_log_created_idx",
    }


def seed(rows: Rows) -> None:
    rows.insert("user", id="u", name="U", email="u@koko.test")
    rows.insert("team", id="t", name="T", slug="t", owner_id="u")
    rows.insert("integration", id="i", team_id="t", provider="slack", provider_name="Slack", category="communication")
    rows.insert("integration_log", id="l", integration_id="i", action="sync", status="success")


def test_defaults_checks_and_cascades(database_url: str) -> None:
    rows = Rows(database_url)
    if database_url.startswith("sqlite"):
        rows.query("PRAGMA foreign_keys = ON")
    seed(rows)
    found = rows.query("SELECT status, config, scope, created_at, updated_at FROM integration")[0]
    assert found[:3] == ("disconnected", "{}", "[]")
    assert found[4] >= found[3] > 1_700_000_000_000
    assert rows.query("SELECT details FROM integration_log") == [("{}",)]
    for table, column, value in (
        ("integration", "category", "music"),
        ("integration", "status", "gone"),
        ("integration", "last_sync_status", "maybe"),
        ("integration_log", "action", "connect"),
        ("integration_log", "status", "running"),
    ):
        with pytest.raises(Exception, match=r"(?i)check"):
            rows.query(f"UPDATE {table} SET {column} = ?", value)
    rows.query("DELETE FROM team")
    assert rows.query("SELECT COUNT(*) FROM integration") == [(0,)]
    assert rows.query("SELECT COUNT(*) FROM integration_log") == [(0,)]
    rows.close()


def test_postgres_gets_the_same_schema(postgres_url: str, memory: sqlite3.Connection) -> None:
    rows = Rows(postgres_url)
    found = rows.query(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = 'public'"
    )
    rows.close()
    kinds = {"text": "TEXT", "bigint": "INTEGER", "double precision": "REAL"}
    postgres = {(table, name): (kinds[kind], nullable == "NO") for table, name, kind, nullable in found}
    sqlite = {
        (table, name): (kind, required)
        for table in MODELS
        for name, (kind, required, _) in columns_of(memory, table).items()
    }
    assert postgres == sqlite


def documented_database(url: str) -> None:
    """What Koko's own Drizzle migration would have made before this service existed."""
    kept = {"user", "session", "team", "team_member", "project", "project_member", "video", "comment"}
    kept |= {"asset_folder", "asset", "integration", "integration_log"}
    dialect = peewee.SqliteDatabase(None) if url.startswith("sqlite") else peewee.PostgresqlDatabase(None)
    rows = Rows(url)
    sql = re.sub(r"--[^\n]*", "", schema_sql(dialect))
    for statement in sql.split(";"):
        table = re.search(r'CREATE TABLE IF NOT EXISTS "?(\w+)', statement)
        if table and table[1] in kept:
            rows.query(statement)
    seed(rows)
    rows.insert("integration", id="j", team_id="t", provider="slack", provider_name="Slack", category="communication")
    rows.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


def test_older_database_is_upgraded_with_its_rows(empty_url: str) -> None:
    documented_database(empty_url)
    with pytest.raises(SchemaError, match="migrate"):
        on_database(empty_url, require_current)
    assert on_database(empty_url, migrate) == (0, VERSION)
    on_database(empty_url, require_current)
    rows = Rows(empty_url)
    assert rows.query("SELECT integration_id, slot FROM integration_connection ORDER BY 1") == [("i", ""), ("j", "j")]
    assert rows.query("SELECT COUNT(*) FROM integration_log") == [(1,)]
    rows.close()
    assert on_database(empty_url, migrate) == (VERSION, VERSION)


def test_empty_database(empty_url: str) -> None:
    with pytest.raises(SchemaError, match="init-db"):
        on_database(empty_url, require_current)
    assert on_database(empty_url, migrate) == (None, VERSION)
    on_database(empty_url, require_current)


def test_newer_database_is_refused(database_url: str) -> None:
    rows = Rows(database_url)
    rows.query("UPDATE integrations_schema SET version = ?", VERSION + 1)
    rows.close()
    for work in (require_current, migrate):
        with pytest.raises(SchemaError, match="newer"):
            on_database(database_url, work)


def test_kokos_tables_without_our_columns_are_refused(database_url: str) -> None:
    rows = Rows(database_url)
    rows.query("ALTER TABLE project_member DROP COLUMN can_upload")
    rows.close()
    with pytest.raises(SchemaError, match="project_member"):
        on_database(database_url, require_current)
