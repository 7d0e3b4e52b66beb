"""10,000 items through a custom transform: in the service's own processes, and by quickjs-ng in this one.

The peer is the plainest use of the engine: one context, the function compiled once, and for each item the value and
the item encoded, parsed in JavaScript, the answer encoded there and decoded here. It limits nothing, and what one call
leaves behind the next one finds. A second peer has what the service promises: a context for each call, and limits.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson
import quickjs

from koko_integrations.mapping.records import SAMPLE
from koko_integrations.scripts.child import CALL_S, MEMORY_BYTES
from koko_integrations.scripts.runner import Result, ScriptRunner

ITEMS = 10_000
ISOLATED_ITEMS = 1_000
ROUNDS = 9
TRANSFORM = "function (value, item) { return value.toUpperCase() + ' @' + item.timecode; }"
WRAPPED = f"(() => {{ const f = ({TRANSFORM}); return (text) => JSON.stringify(f(...JSON.parse(text))); }})()"


def main() -> None:
    """Prints both ratios: medians over rounds in which all take turns."""
    asyncio.run(_measure())


async def _measure() -> None:
    item = {**SAMPLE.comment, "video": SAMPLE.video, "project": SAMPLE.project}
    calls = [(f"Brighter, please ({number})", item) for number in range(ITEMS)]
    expected = [f"{value.upper()} @{item['timecode']}" for value, _ in calls]
    runner = ScriptRunner()
    rounds: list[tuple[float, float, float]] = []
    try:
        # A process is started when it is first needed.
        await runner.run("team", TRANSFORM, calls[:1])
        for _ in range(ROUNDS):
            began = time.perf_counter()
            outcomes = await runner.run("team", TRANSFORM, calls)
            ours_s = time.perf_counter() - began
            assert [one.value for one in outcomes if isinstance(one, Result)] == expected
            in_process_s = _time(lambda: _run_in_process(calls), expected)
            few_s = _time(lambda: _run_isolated(calls[:ISOLATED_ITEMS]), expected[:ISOLATED_ITEMS])
            isolated_s = few_s / ISOLATED_ITEMS * ITEMS
            rounds.append((ours_s, in_process_s, isolated_s))
    finally:
        await runner.close()
    ours = statistics.median(one[0] for one in rounds)
    print(f"{ITEMS} items through a custom transform: {ours:.2f} s, {ITEMS / ours:.0f} a second")
    beside = statistics.median(one[1] / one[0] for one in rounds)
    print(f"  {beside:.2f}x the rate of one context in this process (wanted: at least 0.3x)")
    beside = statistics.median(one[2] / one[0] for one in rounds)
    print(f"  {beside:.1f}x the rate of a context for each call, with limits, in this process")


def _run_in_process(calls: list[tuple[str, Any]]) -> list[Any]:
    run = quickjs.Context().eval(WRAPPED)
    return [orjson.loads(run(orjson.dumps(call).decode())) for call in calls]


def _run_isolated(calls: list[tuple[str, Any]]) -> list[Any]:
    found = []
    for call in calls:
        context = quickjs.Context()
        context.set_memory_limit(MEMORY_BYTES)
        context.set_time_limit(CALL_S)
        found.append(orjson.loads(context.eval(WRAPPED)(orjson.dumps(call).decode())))
    return found


def _time(run: Callable[[], list[Any]], expected: list[str]) -> float:
    began = time.perf_counter()
    found = run()
    took_s = time.perf_counter() - began
    assert found == expected
    return took_s
