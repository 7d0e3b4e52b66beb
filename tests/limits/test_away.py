"""When the shared row cannot be had: nobody waits for it, nothing fails, and nobody gets more than the limit."""

import asyncio

import pytest

from tests.limits.counting import HOUR_S, Processes, allowed, run
from tests.service import Rows


@pytest.mark.parametrize("limit", [50, 300])
def test_a_locked_database(database_url: str, limit: int) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        lock(database_url, found.rows)
        assert await allowed(limiter, limit + 50, limit=limit) == limit
        found.rows.query("ROLLBACK")
        # What was let through is booked as soon as it can be.
        await limiter.close()
        assert found.used("read:u") == limit
        assert await allowed(found.start(), 10, limit=limit) == 0

    run(database_url, work)


def test_what_is_locked_for_a_moment_is_right_afterwards(database_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter, other = found.start(), found.start()
        assert await allowed(other, 100, limit=300) == 100
        lock(database_url, found.rows)
        assert await allowed(limiter, 60, limit=300) == 60
        found.rows.query("ROLLBACK")
        later = 0
        for _ in range(300):
            later += (await limiter.take("read:u", 300, HOUR_S)).allowed
            # As between calls that come from outside.
            await asyncio.sleep(0.001)
        assert 125 <= later <= 155

    run(database_url, work)


@pytest.mark.parametrize("limit", [50, 300])
def test_a_database_that_answers_with_errors(database_url: str, limit: int) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        found.rows.query("ALTER TABLE rate_window RENAME TO gone")
        assert await allowed(limiter, limit // 2, limit=limit) == limit // 2
        found.rows.query("ALTER TABLE gone RENAME TO rate_window")
        assert await allowed(limiter, limit, limit=limit) == limit - limit // 2
        await limiter.close()
        assert found.used("read:u") == limit
        found.rows.query("ALTER TABLE rate_window RENAME TO gone")
        assert await allowed(found.start(), limit * 2, limit=limit) == limit

    run(database_url, work)


def lock(database_url: str, rows: Rows) -> None:
    """Keeps everybody from writing, not from reading."""
    if database_url.startswith("sqlite:"):
        rows.query("BEGIN IMMEDIATE")
    else:
        rows.query("BEGIN")
        rows.query("LOCK TABLE rate_window IN EXCLUSIVE MODE")
