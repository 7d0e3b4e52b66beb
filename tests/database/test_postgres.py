"""PostgreSQL that goes away and comes back."""

import asyncio
from collections.abc import Callable

import psycopg

from koko_integrations.database import Statement, Transaction, open_database, param
from koko_integrations.koko import User

INSERT = Statement(User.insert({User.id: param("id"), User.name: "n", User.email: "e"}))
COUNT = Statement(User.select(User.id))
RESTART = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def insert(user_id: str) -> Callable[[Transaction], int]:
    return lambda tx: tx.change(INSERT, id=user_id)


def test_connections_that_the_server_has_ended_are_made_anew(postgres_url: str) -> None:
    async def work() -> None:
        database = open_database(postgres_url)
        try:
            await asyncio.gather(*(database.read(COUNT) for _ in range(20)))
            for number in range(3):
                with psycopg.connect(postgres_url) as connection:
                    connection.execute(RESTART)
                await asyncio.gather(*(database.write(insert(f"u{number}-{position}")) for position in range(5)))
            assert len(await database.read(COUNT)) == 15
        finally:
            database.close()

    asyncio.run(work())
