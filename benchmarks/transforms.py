"""10,000 items through a custom transform: in the service's own processes, and by quickjs-ng in this one.

The peer is the plainest use of the engine: one context, the function compiled once, and for each item the value and
the item encoded, parsed in JavaScript, the answer encoded there and decoded here. It limits nothing, and what one call
leaves behind the next one finds. A second peer has what the service promises: a context for each call, and limits.
"""

import asyncio
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
ROUNDS = 5
TRANSFORM = "function (value, item) { return value.toUpperCase() + ' @' + item.timecode; }"
WRAPPED = f"(() => {{ const f = ({TRANSFORM}); return (text) => JSON.stringify(f(...JSON.parse(text))); }})()"


def main() -> None:
    """Prints both ratios, of the best of several rounds."""
    calls = [
        (f"Brighter, please ({number})", {**SAMPLE.comment, "video": SAMPLE.video, "project": SAMPLE.project})
        for number in range(ITEMS)
    ]
    expected = [f"{value.upper()} @{item['timecode']}" for value, item in calls]
    in_process = _best(lambda: _run_in_process(calls), expected)
    isolated = _best(lambda: _run_isolated(calls[:ISOLATED_ITEMS]), expected[:ISOLATED_ITEMS]) / ISOLATED_ITEMS * ITEMS
    ours = asyncio.run(_measure_ours(calls, expected))
    print(f"{ITEMS} items through a custom transform: {ours:.2f} s, {ITEMS / ours:.0f} a second")
    print(f"  in one context in this process: {in_process:.2f} s; ours has {in_process / ours:.2f}x the rate")
    print("  (wanted: at least 0.3x)")
    print(f"  in a context for each call, with limits: {isolated:.2f} s; ours has {isolated / ours:.1f}x the rate")


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


def _best(run: Callable[[], list[Any]], expected: list[str]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = run()
        times.append(time.perf_counter() - began)
        assert found == expected
    return min(times)


async def _measure_ours(calls: list[tuple[str, Any]], expected: list[str]) -> float:
    runner = ScriptRunner()
    times = []
    try:
        # A process is started when it is first needed.
        await runner.run("team", TRANSFORM, calls[:1])
        for _ in range(ROUNDS):
            began = time.perf_counter()
            outcomes = await runner.run("team", TRANSFORM, calls)
            times.append(time.perf_counter() - began)
            assert [one.value for one in outcomes if isinstance(one, Result)] == expected
    finally:
        await runner.close()
    return min(times)
