"""Every attack ends in a clear error within a second, and harms nothing else."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from koko_integrations.scripts.errors import ScriptFailed, ScriptRefused
from koko_integrations.scripts.runner import Result, ScriptRunner
from tests.scripts.attacks import ATTACKS, NO_FUNCTIONS

T = TypeVar("T")
GOOD = "function (value) { return value.toUpperCase() }"


def with_runner(work: Callable[[ScriptRunner], Awaitable[T]], children: int = 2) -> T:
    async def run() -> T:
        runner = ScriptRunner(children)
        try:
            # Processes start when they are needed; how long that takes is not what is measured.
            await asyncio.gather(*(runner.call(f"warm-{one}", GOOD, "x", {}) for one in range(children)))
            return await work(runner)
        finally:
            await runner.close()

    return asyncio.run(run())


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack(name: str) -> None:
    script, reason = ATTACKS[name]

    async def attack(runner: ScriptRunner) -> tuple[object, float, list[object]]:
        began = time.monotonic()
        attacked = asyncio.create_task(runner.run("bad", script, [("hello", {"id": "x"})]))
        beside = await runner.call("good", GOOD, "beside", {})
        outcome = (await attacked)[0]
        took_s = time.monotonic() - began
        after = [await runner.call(owner, GOOD, "after", {}) for owner in ("bad", "good")]
        return outcome, took_s, [beside, *after]

    outcome, took_s, others = with_runner(attack)
    assert took_s < 1
    assert others == [Result("BESIDE"), Result("AFTER"), Result("AFTER")]
    if reason is None:
        assert isinstance(outcome, Result)
    else:
        assert isinstance(outcome, ScriptFailed)
        assert reason in outcome.reason
        assert len(outcome.reason) < 400


@pytest.mark.parametrize("name", NO_FUNCTIONS)
def test_what_is_no_function(name: str) -> None:
    script, line, column = NO_FUNCTIONS[name]

    async def attack(runner: ScriptRunner) -> ScriptRefused:
        with pytest.raises(ScriptRefused) as refused:
            await runner.call("bad", script, "hello", {})
        return refused.value

    refused = with_runner(attack)
    if line is not None:
        assert refused.line == line
    if column is not None:
        assert refused.column == column
        assert f"(line {line}, column {column})" in str(refused)


def test_a_script_that_hangs_is_given_up() -> None:
    """One that has to be killed each time would keep a process for hours."""

    async def attack(runner: ScriptRunner) -> tuple[list[object], float]:
        began = time.monotonic()
        outcomes = await runner.run("bad", ATTACKS["sparse sort"][0], [("x", {})] * 10_000)
        return [*outcomes], time.monotonic() - began

    outcomes, took_s = with_runner(attack)
    assert len(outcomes) == 10_000
    assert all(isinstance(one, ScriptFailed) for one in outcomes)
    assert "given up" in str(outcomes[-1])
    assert took_s < 5


def test_only_the_item_that_hangs_fails() -> None:
    script = "function (v) { if (v === 7) { const a = []; a[4294967294] = 1; a.sort() } return v }"
    outcomes = with_runner(lambda runner: runner.run("bad", script, [(one, {}) for one in range(50)]))
    failed = [place for place, one in enumerate(outcomes) if isinstance(one, ScriptFailed)]
    assert failed == [7]
    assert outcomes[49] == Result(49)


def test_a_busy_owner_does_not_starve_the_others() -> None:
    """Others wait for one slice of those that keep every process busy, not for all of them."""
    slow = "function () { const end = Date.now() + 50; while (Date.now() < end) {} return 1 }"

    async def attack(runner: ScriptRunner) -> float:
        busy = [asyncio.create_task(runner.run(f"bad-{one}", slow, [("x", {})] * 100)) for one in range(4)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        assert await runner.call("good", GOOD, "x", {}) == Result("X")
        waited_s = time.monotonic() - began
        for one in busy:
            one.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        return waited_s

    assert with_runner(attack) < 5
