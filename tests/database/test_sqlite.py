"""SQLite under many writers, and under kill -9."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from koko_integrations.database import Database, Statement, Transaction, open_database, param
from koko_integrations.koko import User

INSERT = Statement(User.insert({User.id: param("id"), User.name: "n", User.email: "e"}))
COUNT = Statement(User.select(User.id))


def insert(user_id: str, *, fail: bool = False) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.change(INSERT, id=user_id)
        if fail:
            raise ValueError(user_id)
        return user_id

    return work


def test_writes_that_share_a_commit_fail_alone(database_url: str) -> None:
    async def work() -> None:
        database = open_database(database_url)
        try:
            jobs = [database.write(insert(f"u{n}", fail=n % 3 == 0)) for n in range(60)]
            results = await asyncio.gather(*jobs, return_exceptions=True)
            failed = [str(result) for result in results if isinstance(result, ValueError)]
            assert failed == [f"u{n}" for n in range(0, 60, 3)]
            assert len(await database.read(COUNT)) == 40
        finally:
            database.close()

    asyncio.run(work())


def test_a_write_is_seen_by_the_next_read(database_url: str) -> None:
    async def work() -> None:
        database = open_database(database_url)
        try:
            for number in range(20):
                await database.write(insert(f"u{number}"))
                assert len(await database.read(COUNT)) == number + 1
        finally:
            database.close()

    asyncio.run(work())


def test_a_cancelled_write_does_not_stop_the_others(sqlite_url: str) -> None:
    async def work(database: Database) -> None:
        jobs = [asyncio.ensure_future(database.write(insert(f"u{n}"))) for n in range(20)]
        await asyncio.sleep(0)
        jobs[5].cancel()
        results = await asyncio.gather(*jobs, return_exceptions=True)
        assert sum(isinstance(result, str) for result in results) == 19
        assert await database.write(insert("last")) == "last"

    async def run() -> None:
        database = open_database(sqlite_url)
        try:
            await work(database)
        finally:
            database.close()

    asyncio.run(run())


def test_what_was_answered_survives_kill_9(sqlite_url: str, tmp_path: Path) -> None:
    """The child tells each commit as it is answered; killed at any moment, every told one is there."""
    script = tmp_path / "writer.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio, sys
            from koko_integrations.database import open_database
            from tests.database.test_sqlite import insert

            async def main():
                database = open_database(sys.argv[1])
                number = 0
                while True:
                    print(await database.write(insert(f"k{number}")), flush=True)
                    number += 1

            asyncio.run(main())
            """
        )
    )
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, str(script), sqlite_url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "PYTHONWARNINGS": "ignore"},
    )
    assert child.stdout is not None
    told = [child.stdout.readline().strip() for _ in range(50)]
    child.send_signal(signal.SIGKILL)
    told += [line.strip() for line in child.stdout]
    child.wait()
    child.stdout.close()
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    kept = {user_id for (user_id,) in connection.execute('SELECT id FROM "user"')}
    connection.close()
    assert len(told) >= 50
    assert set(told) <= kept


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "new.db"
    database = open_database(f"sqlite:///{path}")
    database.close()
    assert path.stat().st_mode & 0o077 == 0


def test_values_are_bound_and_never_pasted(sqlite_url: str) -> None:
    async def work() -> None:
        database = open_database(sqlite_url)
        try:
            evil = 'x\'); DROP TABLE "user"; --'
            await database.write(insert(evil))
            assert await database.read(COUNT) == [(evil,)]
            with pytest.raises(KeyError):
                await database.write(lambda tx: tx.change(INSERT))
        finally:
            database.close()

    asyncio.run(work())
