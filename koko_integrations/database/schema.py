"""The schema: made, versioned, upgraded and checked.

Version 0 is a database that has the API document's tables as Koko's own migrations made them and none of ours; it is
adopted by running schema.sql, which touches no table that exists, and giving each old integration its connection row.
From version 1 on, `migrations/NNNN_what.sql` takes a database from NNNN - 1 to NNNN; what only one kind of database
needs, or needs differently, is in `NNNN_what.sqlite.sql` and `NNNN_what.postgres.sql`.
"""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

import peewee

from koko_integrations.database.facade import Database
from koko_integrations.database.statement import Statement
from koko_integrations.koko import KOKO_MODELS
from koko_integrations.models import OWN_MODELS, IntegrationsSchema

VERSION = 4

_PACKAGE = files("koko_integrations.database")
_ADOPT_OLD_ROWS = """
INSERT INTO integration_connection (integration_id, team_id, provider, slot)
SELECT i.id, i.team_id, i.provider,
  CASE WHEN i.provider = 'custom' OR EXISTS (
    SELECT 1 FROM integration o WHERE o.team_id = i.team_id AND o.provider = i.provider AND o.id < i.id
  ) THEN i.id ELSE '' END
FROM integration i
WHERE NOT EXISTS (SELECT 1 FROM integration_connection c WHERE c.integration_id = i.id);
"""
_STAMP = "DELETE FROM integrations_schema; INSERT INTO integrations_schema (version) VALUES (:version);"
_GET_VERSION = Statement(IntegrationsSchema.select(peewee.fn.MAX(IntegrationsSchema.version)))

_SQLITE_CLOCK = "cast((julianday('now') - 2440587.5) * 86400000 as integer)"
_POSTGRES_CLOCK = "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)"


class SchemaError(Exception):
    """The database does not fit this version of the service; the message says what to do."""


def schema_sql(dialect: peewee.Database) -> str:
    """schema.sql in the words of `dialect`."""
    return translate(_PACKAGE.joinpath("schema.sql").read_text("utf-8"), dialect)


def translate(sql: str, dialect: peewee.Database) -> str:
    """SQLite's schema text as `dialect` writes it."""
    if isinstance(dialect, peewee.SqliteDatabase):
        return sql
    sql = sql.replace(_SQLITE_CLOCK, _POSTGRES_CLOCK)
    sql = re.sub(r"\bINTEGER\b", "BIGINT", sql)
    return re.sub(r"\bREAL\b", "DOUBLE PRECISION", sql)


async def get_version(database: Database) -> int | None:
    """The database's schema version; 0 for a database that Koko made without us, None for an empty one."""
    if await database.has_table("integrations_schema"):
        row = await database.read_one(_GET_VERSION)
        if row and row[0] is not None:
            return int(row[0])
    return 0 if await database.has_table("integration") else None


async def migrate(database: Database) -> tuple[int | None, int]:
    """Brings the database to this version. Each step is one transaction. Returns the versions before and after.

    Raises SchemaError when the database is newer than this service, or Koko's tables lack columns.
    """
    found = await get_version(database)
    if found is not None and found > VERSION:
        raise _newer(found)
    if not found:
        await database.script(schema_sql(database.dialect) + _ADOPT_OLD_ROWS + _stamp(VERSION))
    for number in range(max(found or VERSION, 1) + 1, VERSION + 1):
        steps = [file.read_text("utf-8") for file in _steps(number, database.dialect)]
        await database.script(translate("\n".join([*steps, _stamp(number)]), database.dialect))
    await _check_columns(database)
    return found, VERSION


async def require_current(database: Database) -> None:
    """Raises SchemaError unless the database has exactly this version's schema."""
    found = await get_version(database)
    if found is None:
        raise SchemaError("the database has no tables yet: run `koko-integrations init-db`")
    if found > VERSION:
        raise _newer(found)
    if found < VERSION:
        raise SchemaError(f"the database has schema {found}, this is {VERSION}: run `koko-integrations migrate`")
    await _check_columns(database)


async def _check_columns(database: Database) -> None:
    problems = []
    for model in (*KOKO_MODELS, *OWN_MODELS):
        try:
            await database.read(Statement(model.select().limit(0)))
        except Exception as error:  # noqa: BLE001 - each driver has its own; all mean that the table does not fit
            problems.append(f"table {model._meta.table_name}: {str(error).splitlines()[0]}")
    if problems:
        raise SchemaError("the database does not have what this service reads:\n  " + "\n  ".join(problems))


def _steps(number: int, dialect: peewee.Database) -> list[Traversable]:
    """The files of a step, for any kind of database and for this one, by name."""
    other = "postgres" if isinstance(dialect, peewee.SqliteDatabase) else "sqlite"
    found = [f for f in _PACKAGE.joinpath("migrations").iterdir() if f.name.startswith(f"{number:04d}_")]
    return sorted((f for f in found if not f.name.endswith(f".{other}.sql")), key=lambda f: f.name)


def _stamp(version: int) -> str:
    return _STAMP.replace(":version", str(version))


def _newer(found: int) -> SchemaError:
    return SchemaError(f"the database has schema {found}, newer than this service's {VERSION}: update the service")
