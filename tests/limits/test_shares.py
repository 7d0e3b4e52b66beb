"""However calls fall on two processes, and though one is killed: within 5% of the limit."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koko_integrations.limits import RateLimiter
from tests.conftest import initialise
from tests.limits.counting import HOUR_S, Processes, processes

BURSTS = st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(1, 60)), max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shares")


@pytest.fixture(scope="module")
def url(folder: Path) -> str:
    found = f"sqlite:///{folder}/koko.db"
    initialise(found)
    return found


class Calls:
    """Counts what is let through, and holds each refusal against it."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.allowed = 0

    async def burst(self, limiter: RateLimiter, calls: int) -> int:
        taken = await asyncio.gather(*(limiter.take(self.name, self.limit, HOUR_S) for _ in range(calls)))
        through = sum(one.allowed for one in taken)
        self.allowed += through
        assert self.allowed <= self.limit * 1.05
        assert through == calls or self.allowed >= self.limit * 0.95
        return through


@given(limit=st.integers(1, 700), before=BURSTS, killed=st.sampled_from([0, 1]), after=BURSTS)
@settings(max_examples=40, deadline=None)
def test_within_five_percent(
    url: str, limit: int, before: list[tuple[int, int]], killed: int, after: list[tuple[int, int]]
) -> None:
    async def work(found: Processes) -> None:
        found.rows.query("DELETE FROM rate_window")
        limiters = [found.start(), found.start()]
        calls = Calls("read:u", limit)
        for who, count in before:
            await calls.burst(limiters[who], count)
        # As kill -9 would: nothing is settled.
        limiters[killed] = found.start()
        for who, count in after:
            await calls.burst(limiters[who], count)
        while await calls.burst(limiters[0], 7) + await calls.burst(limiters[1], 3):
            pass
        assert calls.allowed >= limit * 0.95

    async def run() -> None:
        with processes(url) as found:
            await work(found)

    asyncio.run(run())
