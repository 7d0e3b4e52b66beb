"""From the schema that each version shipped to the newest: the same tables as a new database has, and no row lost."""

from pathlib import Path
from typing import Any

import peewee
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


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_version_1(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    dialect: peewee.Database
    if kind == "sqlite":
        old, dialect = f"sqlite:///{tmp_path}/old.db", peewee.SqliteDatabase(None)
    else:
        old, dialect = request.getfixturevalue("empty_postgres_url"), peewee.PostgresqlDatabase(None)
    sql = translate((Path(__file__).parent / "version_1.sql").read_text(), dialect)
    on_database(old, lambda database: database.script(sql + "INSERT INTO integrations_schema VALUES (1);"))
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
