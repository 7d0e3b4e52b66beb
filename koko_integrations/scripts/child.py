"""The process that scripts run in: reads batches from standard input, answers on standard output, holds nothing else.

A batch is a head with the sizes of what follows: the script, and the calls, each a JSON array of value and item on a
line of its own. An answer is a line, too: see `realm.js`, and below. A line with "." ends them.

Started with Python's -I, no environment and no other open files; see `confine` for what it gives up. Each call of a
script finds the engine as the first one did. Most run in a realm whose every object is frozen, with a new copy of the
function for each call; a call that fails there - it wanted to change something, or really fails - is made again, from
the beginning, in a realm of its own. Uses the standard library and quickjs-ng alone.
"""

import ctypes
import json
import resource
import struct
import sys
import time
from importlib.resources import files
from typing import BinaryIO

import quickjs

CALL_S = 0.1
MEMORY_BYTES = 16 * 1024 * 1024
STACK_BYTES = 256 * 1024
MOST_CHARS = 64 * 1024
MOST_DEPTH = 32
FLUSH_S = 0.02
BATCH_S = 1.0
ROOM_BYTES = 256 * 1024 * 1024
"""By which the whole process may grow beyond what it is when it starts."""
CPU_S = 10
"""What a batch may take of the processor; far more than the parent waits."""
HEAD = struct.Struct("!IIB")
END = b".\n"
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, SIGKILL = 1, 38, 9

REALM = files(__package__).joinpath("realm.js").read_text("utf-8")


# In place of the realm's own lines: a limit, or the engine itself, has ended the call.
TIME, MEMORY, ENGINE = '#"time"', '#"memory"', '#"engine"'


def confine() -> None:
    """No further file, socket, process or large memory; nothing written to disk; dies with its parent."""
    libc = ctypes.CDLL(None)
    if sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        with open("/proc/self/statm", encoding="ascii") as statm:
            size = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + ROOM_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


class Script:
    """One script, compiled, for as long as batches of the same text follow each other."""

    def __init__(self, source: str) -> None:
        self.source = source
        # Each copy of the function is made by evaluating its text: what it closes over is new, too.
        self._maker = f"() => (\n{source}\n)"
        self.problem = self._check(source)
        self._fast: quickjs.Object | None = None
        self._is_strict = True

    def run(self, text: str) -> str:
        """The line that answers one call."""
        if self._is_strict:
            line = self._attempt(text, hardened=True)
            if line[0] in "=-" or line == TIME:
                return line
            self._fast = None
        return self._attempt(text, hardened=False)

    def _check(self, source: str) -> str | None:
        """Why the text is no expression. It is compiled, and nothing of it is run: whatever it makes of the brackets
        around it, it does not get past the `throw`."""
        context = _context()
        for before, after in (("(() => (", "))"), ("(() => [", "])")):
            try:
                context.eval(f"throw 0; {before}\n{source}\n{after}")
            except quickjs.JSException as problem:
                if str(problem).partition("\n")[0] != "0":
                    return "?" + json.dumps(str(problem))
        return None

    def _attempt(self, text: str, *, hardened: bool) -> str:
        try:
            call = self._fast if hardened else None
            if call is None:
                call = self._open(hardened=hardened)
                if hardened:
                    self._fast = call
            return str(call(text))
        except quickjs.StackOverflow:
            return '!"too much recursion"'
        except quickjs.JSException as problem:
            said = str(problem)
            if "interrupted" in said[:40]:
                return TIME
            # Without memory the engine cannot even say that it has none.
            return MEMORY if "out of memory" in said[:40] or said.startswith("null") else ENGINE

    def _open(self, *, hardened: bool) -> quickjs.Object:
        context = _context()
        surroundings = context.eval(REALM)(hardened, MOST_CHARS, MOST_DEPTH)
        strict = "'use strict'; " if hardened else ""
        try:
            make = context.eval(f"(() => {{ {strict}return ({self._maker}); }})()")
        except quickjs.JSException:
            if not hardened:
                raise
            # What strict mode does not know, such as `with`.
            self._is_strict = False
            return self._open(hardened=False)
        return surroundings(make)


def _context() -> "quickjs.Context":
    context = quickjs.Context()
    context.set_memory_limit(MEMORY_BYTES)
    context.set_max_stack_size(STACK_BYTES)
    context.set_time_limit(CALL_S)
    return context


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Says that it is ready, then takes batches until the parent closes the pipe. One that has taken a second is given
    back as far as it has come."""
    script: Script | None = None
    _, longest = resource.getrlimit(resource.RLIMIT_CPU)
    outgoing.write(END)
    outgoing.flush()
    while True:
        head = incoming.read(HEAD.size)
        if len(head) < HEAD.size:
            return
        script_size, calls_size, one_by_one = HEAD.unpack(head)
        source = incoming.read(script_size).decode()
        if script is None or script.source != source:
            script = Script(source)
        texts = incoming.read(calls_size).decode().split("\n")
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + CPU_S
        resource.setrlimit(resource.RLIMIT_CPU, (soft, longest))
        began = time.monotonic()
        flushed = 0.0
        lines: list[str] = []
        for text in texts:
            lines.append(script.problem or script.run(text))
            now = time.monotonic()
            # The first one at once: if nothing is heard, it is the first that hangs.
            if one_by_one or now - flushed > FLUSH_S:
                _send(outgoing, lines)
                flushed = now
            if now - began > BATCH_S:
                break
        _send(outgoing, lines)
        outgoing.write(END)
        outgoing.flush()


def _send(outgoing: BinaryIO, lines: list[str]) -> None:
    if lines:
        outgoing.write("\n".join(lines).encode("utf-8", "replace") + b"\n")
        outgoing.flush()
        lines.clear()


if __name__ == "__main__":
    confine()
    serve(sys.stdin.buffer, sys.stdout.buffer)
