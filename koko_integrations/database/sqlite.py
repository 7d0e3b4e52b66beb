"""SQLite: short reads on the calling thread over a kept connection, all writes through one writer thread.

Queued writes share a commit, with a savepoint around each, so synchronous=FULL costs next to nothing under load.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import peewee

from koko_integrations.database.facade import Database, Row, Transaction
from koko_integrations.database.statement import Statement

T = TypeVar("T")
BUSY_TIMEOUT_MS = 10_000
MAX_SHARED_COMMIT = 200

_Job = tuple[Callable[[Transaction], Any], "Future[Any]"]


class SqliteDatabase(Database):
    """A database file. Other processes may have it open too; they wait for each other's writes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        self._path = path
        self.dialect = peewee.SqliteDatabase(None)
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_loop, name="sqlite-writer", daemon=True)
        self._writer_connection = self._connect()
        self._writer.start()

    async def read(self, statement: Statement, /, **arguments: Any) -> list[Row]:
        compiled = statement.compile(self.dialect)
        return self._reader().execute(compiled.sql, compiled.bind(arguments)).fetchall()

    async def read_long(self, statement: Statement, /, **arguments: Any) -> list[Row]:
        compiled = statement.compile(self.dialect)
        return await asyncio.to_thread(
            lambda: self._reader().execute(compiled.sql, compiled.bind(arguments)).fetchall()
        )

    async def write(self, work: Callable[[Transaction], T]) -> T:
        done: Future[T] = Future()
        self._jobs.put((work, done))
        return await asyncio.wrap_future(done)

    async def forget_freed_pages(self) -> None:
        # secure_delete zeroes what a write frees; older copies of a page may still be in the write-ahead log.
        await asyncio.to_thread(self._truncate_log)

    async def has_table(self, name: str) -> bool:
        found = self._reader().execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
        return found.fetchone() is not None

    async def script(self, sql: str) -> None:
        connection = self._connect()
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nCOMMIT;")
        finally:
            connection.close()

    def close(self) -> None:
        self._jobs.put(None)
        self._writer.join()
        self._writer_connection.close()
        with self._readers_lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()

    def _connect(self) -> sqlite3.Connection:
        # Autocommit: transactions are begun and ended here, never by the driver.
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _reader(self) -> sqlite3.Connection:
        reader: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = self._connect()
            reader.execute("PRAGMA query_only=ON")
            with self._readers_lock:
                self._readers.append(reader)
        return reader

    def _truncate_log(self) -> None:
        connection = self._connect()
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def _write_loop(self) -> None:
        while (first := self._jobs.get()) is not None:
            jobs = [first]
            stop = False
            while len(jobs) < MAX_SHARED_COMMIT and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    stop = True
                    break
                jobs.append(job)
            self._commit_together(jobs)
            if stop:
                return

    def _commit_together(self, queued: list[_Job]) -> None:
        # A caller that has gone away in the meantime wants nothing done.
        jobs = [job for job in queued if job[1].set_running_or_notify_cancel()]
        connection = self._writer_connection
        outcomes: list[Callable[[], None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes.extend(self._run_in_savepoint(work, done) for work, done in jobs)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for _, done in jobs:
                done.set_exception(error)
            return
        for tell in outcomes:
            tell()

    def _run_in_savepoint(self, work: Callable[[Transaction], Any], done: "Future[Any]") -> Callable[[], None]:
        connection = self._writer_connection
        connection.execute("SAVEPOINT work")
        try:
            result = work(_SqliteTransaction(connection, self.dialect))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
            connection.execute("ROLLBACK TO work")
            connection.execute("RELEASE work")
            failure = error
            return lambda: done.set_exception(failure)
        connection.execute("RELEASE work")
        return lambda: done.set_result(result)


class _SqliteTransaction(Transaction):
    def __init__(self, connection: sqlite3.Connection, dialect: peewee.Database) -> None:
        self._connection = connection
        self._dialect = dialect

    def rows(self, statement: Statement, /, **arguments: Any) -> list[Row]:
        return self._run(statement, arguments).fetchall()

    def change(self, statement: Statement, /, **arguments: Any) -> int:
        return self._run(statement, arguments).rowcount

    def change_many(self, statement: Statement, /, many: Sequence[dict[str, Any]]) -> None:
        compiled = statement.compile(self._dialect)
        self._connection.executemany(compiled.sql, [compiled.bind(arguments) for arguments in many])

    def _run(self, statement: Statement, arguments: dict[str, Any]) -> sqlite3.Cursor:
        compiled = statement.compile(self._dialect)
        return self._connection.execute(compiled.sql, compiled.bind(arguments))
