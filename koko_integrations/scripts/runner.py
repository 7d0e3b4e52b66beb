"""Runs users' scripts: a few confined processes, shared fairly."""

import asyncio
import contextlib
import os
import re
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from koko_integrations.scripts.child import CALL_S, MEMORY_BYTES
from koko_integrations.scripts.errors import ScriptFailed, ScriptRefused
from koko_integrations.scripts.worker import Worker

log = structlog.get_logger(__name__)

CHILDREN = min(4, max(2, os.cpu_count() or 1))
BATCH = 1000
BATCH_BYTES = 2 * 1024 * 1024
ITEM_BYTES = 256 * 1024
PATIENCE_S = 30.0
"""How long an owner's turn is waited for."""
MOST_LIMITS = 10
"""A script that was ended so often in one run is given up: it would be at it for hours."""
A_KILL = 4
"""What it counts towards that when a process had to be killed."""
LIMITS = {
    "time": f"it took longer than {CALL_S * 1000:g} ms",
    "memory": f"it took more than {MEMORY_BYTES // 1024**2} MB of memory",
    "engine": "the JavaScript engine could not run it",
}
KILLED = f"it took longer than {CALL_S * 1000:g} ms, and had to be killed"
GIVEN_UP = "given up: too many items before this one went beyond the limits"
NO_MEMORY = "InternalError: out of memory"
_PLACE = re.compile(r"\n\s+at <input>:(\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Result:
    """What a call answered: a JSON value, or `is_absent` where it answered undefined."""

    value: Any
    is_absent: bool = False


Outcome = Result | ScriptFailed


@dataclass(slots=True)
class _Turn:
    """Whose turn it is among the batches of one owner, and how many want it or have it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted_by: int = 0


class ScriptRunner:
    """Each owner - an integration - has one batch in hand at a time, of no more than about a second; then it is the
    others' turn."""

    def __init__(self, children: int = CHILDREN) -> None:
        self._threads = ThreadPoolExecutor(children, thread_name_prefix="scripts")
        self._room = asyncio.Semaphore(children)
        self._idle = [Worker() for _ in range(children)]
        self._guard = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    async def run(self, owner: str, source: str, calls: Sequence[tuple[Any, Any]]) -> list[Outcome]:
        """The script's answer to each (value, item); one that fails fails alone. Raises ScriptRefused for a text that
        is no function, ScriptFailed where none can be run now."""
        script = _tidy(source).encode("utf-8", "surrogatepass")
        texts = [orjson.dumps(call) for call in calls]
        outcomes: list[Outcome] = []
        limits = 0
        one_by_one = False
        while len(outcomes) < len(texts):
            if limits >= MOST_LIMITS:
                return outcomes + [ScriptFailed(GIVEN_UP, by_limit=True)] * (len(texts) - len(outcomes))
            batch = _next_batch(texts, len(outcomes))
            if not batch:
                outcomes.append(ScriptFailed(f"the item has more than {ITEM_BYTES // 1024} kB"))
                continue
            async with self._turn(owner):
                try:
                    lines, killed = await self._work(script, batch, one_by_one=one_by_one)
                except OSError as problem:
                    log.error("no process for scripts", exc_info=problem)
                    raise ScriptFailed("scripts cannot be run right now; try again later") from problem
            if killed:
                log.warning("script process killed", owner=owner)
            fresh = [_outcome(line) for line in lines]
            # Whether all that came before the one that hung has been heard of.
            is_certain = one_by_one or not lines
            if killed and is_certain:
                fresh.append(ScriptFailed(KILLED, by_limit=True))
                limits += A_KILL - 1
            one_by_one = killed and not is_certain
            outcomes += fresh
            limits += sum(isinstance(one, ScriptFailed) and one.by_limit for one in fresh)
        return outcomes

    async def call(self, owner: str, source: str, value: Any, item: Any) -> Result:
        """One call. Raises ScriptRefused or ScriptFailed."""
        outcome = (await self.run(owner, source, [(value, item)]))[0]
        if isinstance(outcome, ScriptFailed):
            raise outcome
        return outcome

    async def close(self) -> None:
        """Ends the processes, once what is at work has come to its end."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        for worker in self._idle:
            worker.kill()

    @contextlib.asynccontextmanager
    async def _turn(self, owner: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(owner, _Turn())
        turn.wanted_by += 1
        try:
            async with contextlib.AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        await held.enter_async_context(turn.lock)
                        await held.enter_async_context(self._room)
                except TimeoutError:
                    raise ScriptFailed("too many scripts are waiting to be run; try again later") from None
                yield
        finally:
            turn.wanted_by -= 1
            if not turn.wanted_by:
                del self._turns[owner]

    async def _work(self, script: bytes, batch: Sequence[bytes], *, one_by_one: bool) -> tuple[list[bytes], bool]:
        def work() -> tuple[list[bytes], bool]:
            with self._guard:
                worker = self._idle.pop()
            try:
                return worker.run(script, batch, one_by_one=one_by_one)
            finally:
                with self._guard:
                    self._idle.append(worker)

        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _tidy(source: str) -> str:
    return source.strip().rstrip(";").rstrip()


def _next_batch(texts: Sequence[bytes], start: int) -> list[bytes]:
    """As many as fit; none when the first one never does."""
    batch: list[bytes] = []
    size = 0
    for text in texts[start : start + BATCH]:
        size += len(text)
        if len(text) > ITEM_BYTES or (batch and size > BATCH_BYTES):
            break
        batch.append(text)
    return batch


def _outcome(line: bytes) -> Outcome:
    kind, said = line[:1], line[1:]
    if kind == b"-":
        return Result(None, is_absent=True)
    try:
        value = orjson.loads(said)
    except orjson.JSONDecodeError:
        return ScriptFailed("it answered half of a surrogate pair, which is no character")
    match kind:
        case b"=":
            return Result(value)
        case b"?":
            raise _refusal(value)
        case b"#":
            return ScriptFailed(LIMITS[value], by_limit=True)
        case b"~":
            return ScriptFailed(f"it answered {value}")
    return ScriptFailed(LIMITS["memory"], by_limit=True) if value == NO_MEMORY else ScriptFailed(f"it threw {value}")


def _refusal(said: str) -> ScriptRefused:
    reason, _, _ = said.partition("\n")
    place = _PLACE.search(said)
    reason = reason.removeprefix("SyntaxError: ")
    if place is None:
        return ScriptRefused(reason)
    # The text begins on the second line of what the engine is given.
    return ScriptRefused(reason, max(1, int(place[1]) - 1), int(place[2]))
