"""From a KOKO_DATABASE_URL to a `Database`."""

from pathlib import Path

from koko_integrations.database.facade import Database
from koko_integrations.database.postgres import PostgresDatabase
from koko_integrations.database.sqlite import SqliteDatabase

SQLITE_PREFIX = "sqlite:///"


def open_database(url: str) -> Database:
    """Opens `sqlite:///path` (the file is made when missing) or `postgresql://...`."""
    if url.startswith(SQLITE_PREFIX):
        return SqliteDatabase(Path(url.removeprefix(SQLITE_PREFIX)))
    return PostgresDatabase(url)
