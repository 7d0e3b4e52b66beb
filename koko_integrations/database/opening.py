"""From a KOKO_DATABASE_URL to a `Database`."""

import sqlite3
from pathlib import Path

import psycopg

from koko_integrations.database.facade import Database
from koko_integrations.database.postgres import PostgresDatabase
from koko_integrations.database.sqlite import SqliteDatabase
from koko_integrations.settings import SettingsError

SQLITE_PREFIX = "sqlite:///"
AWAY = (sqlite3.OperationalError, psycopg.OperationalError)
"""What reads and writes raise while the database is locked, restarting or out of reach."""


def open_database(url: str) -> Database:
    """Opens `sqlite:///path` (the file is made when missing) or `postgresql://...`.

    Raises SettingsError when it cannot be opened.
    """
    try:
        if url.startswith(SQLITE_PREFIX):
            return SqliteDatabase(Path(url.removeprefix(SQLITE_PREFIX)))
        return PostgresDatabase(url)
    except (OSError, sqlite3.Error, psycopg.Error) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError([f"KOKO_DATABASE_URL: the database cannot be opened: {reason}"]) from error
