"""Counting: exact in one process, shared by several, and never in the way."""

import asyncio

import pytest

from koko_integrations.limits import Taken
from tests.limits.counting import HOUR_S, Processes, allowed, run
from tests.service import START_MS, FakeClock

HOUR_MS = HOUR_S * 1000
MINUTE_S = 60
HOUR_END_S = (START_MS // HOUR_MS + 1) * HOUR_S


@pytest.mark.parametrize("limit", [1, 7, 100, 199, 200, 500, 2000])
def test_one_process_counts_exactly(database_url: str, limit: int) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        for number in range(limit):
            taken = await limiter.take("read:u", limit, HOUR_S)
            assert taken == Taken(True, limit, limit - number - 1, HOUR_S, HOUR_END_S, 0)
        refused = await limiter.take("read:u", limit, HOUR_S)
        assert refused == Taken(False, limit, 0, HOUR_S, HOUR_END_S, HOUR_END_S - START_MS // 1000)
        assert found.used("read:u") == limit

    run(database_url, work)


def test_names_are_counted_apart(sqlite_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        assert await allowed(limiter, 11, "read:a", 10) == 10
        assert await allowed(limiter, 11, "read:b", 10) == 10
        assert await allowed(limiter, 11, "write:a", 10) == 10

    run(sqlite_url, work)


def test_the_wait_that_is_told_is_honest(database_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter, other = found.start(), found.start()
        found.clock.advance(ms=123)
        assert await allowed(limiter, 11, limit=10) == 10
        refused = await limiter.take("read:u", 10, HOUR_S)
        found.clock.advance(s=refused.retry_after_s - 1)
        assert (await limiter.take("read:u", 10, HOUR_S)).retry_after_s == 1
        assert not (await other.take("read:u", 10, HOUR_S)).allowed
        found.clock.advance(s=1)
        again = await limiter.take("read:u", 10, HOUR_S)
        assert (again.allowed, again.remaining, again.reset_at_s) == (True, 9, HOUR_END_S + HOUR_S)
        assert await allowed(other, 11, limit=10) == 9

    run(database_url, work)


def test_minutes_have_windows_of_their_own(sqlite_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        for _ in range(3):
            taken = [await limiter.take("inbound:x", 100, MINUTE_S) for _ in range(101)]
            assert [one.allowed for one in taken] == [True] * 100 + [False]
            assert 1 <= taken[-1].retry_after_s <= MINUTE_S
            found.clock.advance(s=taken[-1].retry_after_s)

    run(sqlite_url, work)


def test_many_at_once(database_url: str) -> None:
    """Each in one write, and no more than what was asked for."""

    async def work(found: Processes) -> None:
        limiter, other = found.start(), found.start()
        granted = []
        for one in (limiter, other, limiter, other, limiter):
            granted.append(await one.take_many("delivery:x", 100, MINUTE_S, 30))
        assert granted == [30, 30, 30, 10, 0]
        assert (found.used("delivery:x"), found.commits) == (100, 5)
        assert await other.take_many("delivery:x", 100, MINUTE_S, 1) == 0
        assert found.commits == 5, "who knows that it is full does not ask"
        assert not (await limiter.take("delivery:x", 100, MINUTE_S)).allowed
        assert await limiter.take_many("delivery:y", 100, MINUTE_S, 500) == 100
        assert await limiter.take_many("delivery:z", 2000, MINUTE_S, 700) == 700

    run(database_url, work)


def test_a_handful_of_calls_costs_no_write(database_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        assert await allowed(limiter, 14) == 14
        assert (found.commits, found.used("read:u")) == (0, None)
        assert await allowed(limiter, 986) == 986
        assert found.commits <= 55
        assert await allowed(limiter, 1100) == 1000
        commits = found.commits
        assert await allowed(limiter, 100) == 0
        assert found.commits == commits, "refusing costs no write"

    run(database_url, work)


def test_what_another_process_used_up_is_known_at_once(database_url: str) -> None:
    async def work(found: Processes) -> None:
        assert await allowed(found.start(), 2000) == 2000
        assert await allowed(found.start(), 20) == 0

    run(database_url, work)


def test_calls_at_once_share_a_booking(database_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        taken = await asyncio.gather(*(limiter.take("read:u", 2000, HOUR_S) for _ in range(2100)))
        assert sum(one.allowed for one in taken) == 2000
        assert found.commits <= 110

    run(database_url, work)


def test_a_caller_who_goes_away_takes_nobody_along(database_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        calls = [asyncio.create_task(limiter.take("write:u", 10, HOUR_S)) for _ in range(3)]
        await asyncio.sleep(0)
        calls[0].cancel()
        assert [(await one).allowed for one in calls[1:]] == [True, True]

    run(database_url, work)


def test_closing_settles_what_was_counted(database_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        assert await allowed(limiter, 10) == 10
        assert await allowed(limiter, 101, "read:v") == 101
        assert found.used("read:u") is None
        assert (found.used("read:v") or 0) >= 101
        await limiter.close()
        assert (found.used("read:u"), found.used("read:v")) == (10, 101)
        assert (await found.start().take("read:v", 2000, HOUR_S)).remaining == 1898

    run(database_url, work)


def test_a_clock_that_is_set_back(database_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        assert await allowed(limiter, 11, limit=10) == 10
        found.clock.advance(days=-400)
        assert await allowed(limiter, 11, limit=10) == 10
        assert (await limiter.take("read:u", 10, HOUR_S)).retry_after_s <= HOUR_S

    run(database_url, work)


def test_a_clock_that_is_a_little_behind_counts_in_the_window_of_the_others(database_url: str) -> None:
    async def work(found: Processes) -> None:
        found.clock.now = HOUR_END_S * 1000 + 5
        behind = FakeClock(HOUR_END_S * 1000 - 5)
        assert await allowed(found.start(), 6, limit=10) == 6
        assert await allowed(found.start(behind), 11, limit=10) == 4

    run(database_url, work)


def test_ended_windows_are_forgotten(database_url: str) -> None:
    async def work(found: Processes) -> None:
        limiter = found.start()
        for number in range(5):
            await limiter.take(f"inbound:{number}", 100, MINUTE_S)
        await limiter.take("write:u", 10, HOUR_S)
        assert await limiter.sweep() == 0
        found.clock.advance(minutes=3)
        assert await limiter.sweep() == 5
        assert found.rows.query("SELECT name FROM rate_window") == [("write:u",)]
        assert (await limiter.take("write:u", 10, HOUR_S)).remaining == 8

    run(database_url, work)
