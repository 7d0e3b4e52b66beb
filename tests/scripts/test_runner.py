"""What scripts are given and give back; that no call finds anything of another; and what they cannot reach."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from koko_integrations.scripts.errors import ScriptFailed
from koko_integrations.scripts.runner import Outcome, Result, ScriptRunner
from koko_integrations.scripts.worker import COMMAND
from tests.scripts.test_attacks import with_runner

CANARY = "canary-4f1c-never-in-a-script"
ANSWERS: dict[str, tuple[str, Any]] = {
    "text": ("function (value, item) { return value + item.id }", "hellox"),
    "arrow": ("(value) => value.length", 5),
    "semicolon": ("function (value) { return value; };\n", "hello"),
    "comment": ("function (value) { return value } // the end", "hello"),
    "null": ("function () { return null }", None),
    "date": ("function () { return new Date(86400000) }", "1970-01-02T00:00:00.000Z"),
    "object": ("function () { return {b: [1, null, undefined, 'é😀'], c: undefined, d: {}} }",
               {"b": [1, None, None, "é😀"], "d": {}}),
    "null prototype": ("function () { return Object.assign(Object.create(null), {a: 1}) }", {"a": 1}),
    "__proto__ as a key": ("function () { return JSON.parse('{\"__proto__\": 1}') }", {"__proto__": 1}),
    "numbers": ("function () { return [0.1, -0, 1e21, 1e-7] }", [0.1, 0, 1e21, 1e-07]),
    "item": ("function (value, item) { return item.video.tags.map((tag) => tag.toUpperCase()) }", ["A", "B"]),
    "sloppy": ("function () { undeclared = 5; return undeclared }", 5),
    "with": ("function (value, item) { with (item) { return id } }", "x"),
    "eval": ("function () { return eval('1 + 1') }", 2),
    "own classes": ("function () { class A { get x() { return 1 } } return new A().x }", 1),
    "changed builtin": ("function () { Array.prototype.last = function () { return this.at(-1) };"
                        " return [1, 2].last() }", 2),
}  # fmt: skip
# Each answers 1 the first time, and something else when it finds what an earlier call left behind.
MEMORIES = {
    "global": "function () { globalThis.n = (globalThis.n || 0) + 1; return n }",
    "undeclared": "function () { if (typeof n === 'undefined') n = 0; return ++n }",
    "declared": "function () { (0, eval)('var n = typeof n === \"number\" ? n + 1 : 1'); return n }",
    "lexical": "function () { if (typeof kept !== 'undefined') return 2; (0, eval)('let kept = 1'); return 1 }",
    "closure": "(() => { let n = 0; return () => ++n })()",
    "itself": "function f() { f.n = (f.n || 0) + 1; return f.n }",
    "prototype": "function () { Object.prototype.n = (Object.prototype.n || 0) + 1; return ({}).n }",
    "function prototype": "function () { return Function.prototype.n = (Function.prototype.n || 0) + 1 }",
    "iterator prototype": (
        "function () { const p = Object.getPrototypeOf([][Symbol.iterator]()); "
        "return p.n = (p.n || 0) + 1 }"
    ),
    "generator prototype": (
        "function () { const p = Object.getPrototypeOf(function* () {}); "
        "return p.n = (p.n || 0) + 1 }"
    ),
    "async prototype": "function () { const p = (async () => {}).constructor; return p.n = (p.n || 0) + 1 }",
    "regular expression": "function () { RegExp.n = (RegExp.n || 0) + 1; return RegExp.n }",
    "last match": "function () { const found = RegExp.$1; /(x)/.exec('x'); return found ? 2 : 1 }",
    "literal": "function () { const r = /a/g; r.test('a'); return r.lastIndex }",
    "template": (
        "function () { const t = ((s) => s)`x`; "
        "try { t.n = (t.n || 0) + 1 } catch { return 1 } return t.n || 1 }"
    ),
    "stack limit": (
        "function () { const was = Error.stackTraceLimit; "
        "Error.stackTraceLimit = 77; return was === 77 ? 2 : 1 }"
    ),
    "stack hook": (
        "function () { const was = Error.prepareStackTrace; "
        "Error.prepareStackTrace = () => 1; return was ? 2 : 1 }"
    ),
    "jobs": (
        "function () { if (globalThis.late) return 2; "
        "Promise.resolve().then(() => { globalThis.late = 1 }); return 1 }"
    ),
    "symbol registry": "function () { const s = Symbol.for('n'); return s[s] ? 2 : 1 }",
    "array buffer": "function () { Int8Array.n = (Int8Array.n || 0) + 1; return Int8Array.n }",
    "math": "function () { Math.n = (Math.n || 0) + 1; return Math.n }",
}  # fmt: skip


def run(script: str, *calls: tuple[Any, Any], owner: str = "team") -> list[Outcome]:
    return with_runner(lambda runner: runner.run(owner, script, calls), children=1)


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str) -> None:
    script, expected = ANSWERS[name]
    item = {"id": "x", "video": {"tags": ["a", "b"]}}
    assert run(script, ("hello", item)) == [Result(expected)]


def test_undefined_is_no_value() -> None:
    assert run("function () {}", ("x", {})) == [Result(None, is_absent=True)]


@pytest.mark.parametrize("name", MEMORIES)
def test_no_call_remembers(name: str) -> None:
    """Within a batch, between batches, and between owners, in one process."""

    async def work(runner: ScriptRunner) -> list[Outcome]:
        first = await runner.run("one", MEMORIES[name], [("x", {})] * 3)
        second = await runner.run("one", MEMORIES[name], [("x", {})])
        return first + second + await runner.run("two", MEMORIES[name], [("x", {})])

    assert with_runner(work, children=1) == [Result(1)] * 5


def test_a_thousand_items_keep_their_places() -> None:
    outcomes = run("function (v) { if (v % 100 === 99) throw v; return v * 2 }", *((one, {}) for one in range(2000)))
    assert [one.value for one in outcomes if isinstance(one, Result)] == [
        one * 2 for one in range(2000) if one % 100 != 99
    ]
    assert sum(isinstance(one, ScriptFailed) for one in outcomes) == 20


def test_an_item_that_is_far_too_large_fails_alone() -> None:
    small: tuple[Any, Any] = ("x", {})
    large: tuple[Any, Any] = ("x" * 300_000, {})
    outcomes = run("function (v) { return v.length }", small, large, small)
    assert outcomes[0] == outcomes[2] == Result(1)
    assert isinstance(outcomes[1], ScriptFailed)


def test_a_process_that_dies_is_replaced() -> None:
    async def work(runner: ScriptRunner) -> Result:
        for worker in runner._idle:
            assert worker._process is not None
            worker._process.kill()
            worker._process.wait()
        return await runner.call("team", "(v) => v", 1, {})

    assert with_runner(work, children=1) == Result(1)


def test_a_script_reaches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor globals of a host; what there is, is JavaScript's own."""
    monkeypatch.setenv("KOKO_AUTH_SECRET", CANARY)
    script = """function () {
      const seen = new Set(), found = [], left = [globalThis];
      while (left.length) {
        const one = left.pop();
        if (one === null || (typeof one !== 'object' && typeof one !== 'function') || seen.has(one)) continue;
        seen.add(one);
        for (const key of Reflect.ownKeys(one)) {
          const {value} = Object.getOwnPropertyDescriptor(one, key);
          if (typeof value === 'string' && value.includes('canary')) found.push(value);
          left.push(value);
        }
      }
      const hosts = ['process', 'require', 'std', 'os', 'fetch', 'Deno', 'print', 'console', 'scriptArgs'];
      return [found.length, hosts.filter((name) => name in globalThis)];
    }"""
    assert run(script, ("x", {})) == [Result([0, []])]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_has_given_everything_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOKO_AUTH_SECRET", CANARY)

    async def work(runner: ScriptRunner) -> None:
        process = runner._idle[0]._process
        assert process is not None
        folder = Path(f"/proc/{process.pid}")
        assert await asyncio.to_thread((folder / "environ").read_bytes) == b""
        assert sorted(one.name for one in (folder / "fd").iterdir()) == ["0", "1", "2"]
        assert str((folder / "cwd").readlink()) == "/"
        limits = await asyncio.to_thread((folder / "limits").read_text)
        found = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()}
        assert found["Max open files"] == "3"
        assert found["Max processes"] == "0"
        assert found["Max file size"] == "0"
        assert found["Max core file size"] == "0"
        assert found["Max address space"] != "unlimited"
        assert "NoNewPrivs:\t1" in await asyncio.to_thread((folder / "status").read_text)

    with_runner(work, children=1)


def test_the_process_ends_with_its_pipe() -> None:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
    out, _ = process.communicate(b"", timeout=10)
    assert (out, process.returncode) == (b".\n", 0)


def test_closing_ends_the_processes() -> None:
    async def work() -> list[int | None]:
        runner = ScriptRunner(1)
        await runner.call("team", "(v) => v", 1, {})
        process = runner._idle[0]._process
        assert process is not None
        await runner.close()
        return [process.poll()]

    assert asyncio.run(work()) == [-9]
