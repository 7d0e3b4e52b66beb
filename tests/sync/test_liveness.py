"""Who is alive, as workers on PostgreSQL see each other."""

import asyncio

import psycopg

from koko_integrations.jobs.liveness import AdvisoryLock, lock_key


def test_a_worker_that_lost_its_connection_does_not_wait_for_the_server_to_notice(postgres_url: str) -> None:
    """The server may hold on to a dead connection, and so to its locks, for hours."""
    mine, peer = AdvisoryLock(postgres_url, "me"), AdvisoryLock(postgres_url, "peer")

    async def live() -> None:
        assert await mine.acquire()
        assert await peer.acquire()
        assert not await peer.is_dead("me")
        with psycopg.connect(postgres_url, autocommit=True) as ghost:
            _end(ghost, mine)
            ghost.execute("SELECT pg_advisory_lock(%s)", (lock_key("me"),))
            async with asyncio.timeout(5):
                assert await mine.acquire()
            assert await peer.acquire()
            assert not await peer.is_dead("me")
            ghost.execute("SELECT pg_advisory_unlock_all()")
            assert await mine.acquire()
            assert not await peer.is_dead("me"), "it holds the lock by itself again"
            _end(ghost, mine)
            assert await peer.is_dead("me")
        await mine.release()
        await peer.release()

    asyncio.run(live())


def _end(ghost: psycopg.Connection, lock: AdvisoryLock) -> None:
    """Ends the connection that holds the lock."""
    assert lock._connection is not None
    ghost.execute("SELECT pg_terminate_backend(%s, 5000)", (lock._connection.info.backend_pid,))
