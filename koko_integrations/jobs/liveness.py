"""Who is alive: each worker holds a lock that the operating system, or PostgreSQL, lets go when it dies.

With SQLite one process at a time is the worker, and a lock file says which. With PostgreSQL every worker holds an
advisory lock on a connection of its own, and whoever can take another's lock knows that its holder is gone.
"""

import asyncio
import fcntl
import hashlib
import os
from pathlib import Path
from typing import Protocol

import psycopg

SQLITE_PREFIX = "sqlite:///"


class Liveness(Protocol):
    """This worker's sign of life, and those of others."""

    async def acquire(self) -> bool:
        """Shows that this worker lives. False while another process is the only worker that there may be."""

    async def is_dead(self, executor: str) -> bool:
        """Whether another executor has died."""

    async def release(self) -> None: ...


def liveness_of(url: str, executor: str) -> Liveness:
    """The sign of life that goes with the job engine's store."""
    if url.startswith(SQLITE_PREFIX):
        return FileLock(Path(f"{url.removeprefix(SQLITE_PREFIX)}.lock"))
    return AdvisoryLock(url, executor)


class FileLock:
    """For SQLite: whoever holds the file is the worker, so every other executor is dead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    async def acquire(self) -> bool:
        if self._file is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    async def is_dead(self, executor: str) -> bool:
        return True

    async def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class AdvisoryLock:
    """For PostgreSQL: a session's advisory lock, which ends with the connection."""

    def __init__(self, url: str, executor: str) -> None:
        self._url = url
        self._key = lock_key(executor)
        self._connection: psycopg.Connection | None = None
        self._is_held = False

    async def acquire(self) -> bool:
        return await asyncio.to_thread(self._hold)

    async def is_dead(self, executor: str) -> bool:
        return await asyncio.to_thread(self._can_take, lock_key(executor))

    async def release(self) -> None:
        if self._connection is not None:
            self._forget()

    def _hold(self) -> bool:
        if self._connection is not None:
            try:
                self._connection.execute("SELECT 1")
            except psycopg.OperationalError:
                # The server has forgotten us: peers may have taken our jobs over, which the epoch sees to.
                self._forget()
        if self._connection is None:
            # A server that has gone without a word is noticed in half a minute, not in a quarter of an hour.
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=10,
                keepalives_idle=10,
                keepalives_interval=5,
                keepalives_count=3,
                tcp_user_timeout=25_000,
            )
        if not self._is_held:
            # Not waited for: where the server has not noticed yet that our last connection is dead, that one goes on
            # showing that we live, and we try again at the next round.
            self._is_held = self._try(self._key)
        return True

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._is_held = None, False

    def _try(self, key: int) -> bool:
        assert self._connection is not None, "acquired first"
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        return bool(row and row[0])

    def _can_take(self, key: int) -> bool:
        taken = self._try(key)
        if taken:
            assert self._connection is not None, "it has just been asked"
            self._connection.execute("SELECT pg_advisory_unlock(%s)", (key,))
        return taken


def lock_key(executor: str) -> int:
    """64 bits of the executor's name, as PostgreSQL's bigint."""
    return int.from_bytes(hashlib.sha256(executor.encode()).digest()[:8], "big", signed=True)
