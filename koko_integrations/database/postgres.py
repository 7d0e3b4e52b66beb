"""PostgreSQL: a pool of connections, every statement on a worker thread."""

import asyncio
import functools
import select
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import peewee
import psycopg
from psycopg_pool import ConnectionPool

from koko_integrations.database.facade import Database, Row, Transaction
from koko_integrations.database.statement import Statement

P = ParamSpec("P")
T = TypeVar("T")
POOL_SIZE = 16
OPEN_TIMEOUT_S = 15


class PostgresDatabase(Database):
    """A PostgreSQL database. Raises psycopg.OperationalError when it cannot be reached."""

    def __init__(self, url: str) -> None:
        self.dialect = peewee.PostgresqlDatabase(None)
        # As many threads as connections: asyncio's own would be a handful, shared with everything else.
        self._threads = ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="postgres")
        self._pool: ConnectionPool[psycopg.Connection[Row]] = ConnectionPool(
            url, min_size=1, max_size=POOL_SIZE, open=False, kwargs={"autocommit": True}, check=_check
        )
        # Once by itself, so that a wrong URL is an error at once and not a pool that keeps trying.
        psycopg.connect(url, connect_timeout=OPEN_TIMEOUT_S).close()
        self._pool.open(wait=True, timeout=OPEN_TIMEOUT_S)

    async def read(self, statement: Statement, /, **arguments: Any) -> list[Row]:
        return await self._on_thread(self._read, statement, arguments)

    async def read_long(self, statement: Statement, /, **arguments: Any) -> list[Row]:
        return await self.read(statement, **arguments)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        return await self._on_thread(self._write, work)

    async def forget_freed_pages(self) -> None:
        # Dead row versions are the server's to vacuum: they hold ciphertext only.
        return

    async def has_table(self, name: str) -> bool:
        with self._pool.connection() as connection:
            row = connection.execute("SELECT to_regclass(quote_ident(%s))", (name,)).fetchone()
        return row is not None and row[0] is not None

    async def script(self, sql: str) -> None:
        with self._pool.connection() as connection, connection.transaction():
            connection.execute(sql.encode())

    def close(self) -> None:
        self._threads.shutdown()
        self._pool.close()

    async def _on_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        call = functools.partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _read(self, statement: Statement, arguments: dict[str, Any]) -> list[Row]:
        with self._pool.connection() as connection:
            return _run(connection, self.dialect, statement, arguments).fetchall()

    def _write(self, work: Callable[[Transaction], T]) -> T:
        with self._pool.connection() as connection, connection.transaction():
            return work(_PostgresTransaction(connection, self.dialect))


def _check(connection: psycopg.Connection[Row]) -> None:
    """Raises OperationalError where the server has ended the connection while it waited; the pool makes another.

    Something unasked is there to be read then. Looking for it takes microseconds, asking the server a round trip.
    """
    unasked = select.poll()
    unasked.register(connection.fileno(), select.POLLIN)
    if unasked.poll(0):
        ConnectionPool.check_connection(connection)


class _PostgresTransaction(Transaction):
    def __init__(self, connection: psycopg.Connection[Row], dialect: peewee.Database) -> None:
        self._connection = connection
        self._dialect = dialect

    def rows(self, statement: Statement, /, **arguments: Any) -> list[Row]:
        return _run(self._connection, self._dialect, statement, arguments).fetchall()

    def change(self, statement: Statement, /, **arguments: Any) -> int:
        return _run(self._connection, self._dialect, statement, arguments).rowcount

    def change_many(self, statement: Statement, /, many: Sequence[dict[str, Any]]) -> None:
        compiled = statement.compile(self._dialect)
        with self._connection.cursor() as cursor:
            cursor.executemany(compiled.sql.encode(), [compiled.bind(arguments) for arguments in many])


def _run(
    connection: psycopg.Connection[Row], dialect: peewee.Database, statement: Statement, arguments: dict[str, Any]
) -> psycopg.Cursor[Row]:
    compiled = statement.compile(dialect)
    # The text comes from peewee alone; values are always bound.
    return connection.execute(compiled.sql.encode(), compiled.bind(arguments))
