"""One child process, seen from this side: it is given batches, watched by the clock, and killed."""

import contextlib
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence

from koko_integrations.scripts.child import CALL_S, END, HEAD

COMMAND = (sys.executable, "-I", "-m", "koko_integrations.scripts.child")
STARTS_WITHIN_S = 10.0
SILENCE_S = 0.3
"""Far more than a call may take: then the engine does not stop by itself."""
STARVED_S = 0.6
"""How long a child may be silent that was not given as much of the processor as one call may take."""
READ_BYTES = 65_536


class Worker:
    """Starts the process when it is first needed, and again after it had to be killed. For one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, source: bytes, texts: Sequence[bytes], *, one_by_one: bool) -> tuple[list[bytes], bool]:
        """The lines that answer the first of the calls, as far as they came; and whether the child had to be killed
        while it was at the next one. Raises OSError when there can be no child."""
        calls = b"\n".join(texts)
        message = HEAD.pack(len(source), len(calls), one_by_one) + source + calls
        lines: list[bytes] = []
        process = self._started()
        try:
            finished = _exchange(process, message, lines, SILENCE_S)
        except OSError:
            finished = False
        if not finished:
            self.kill()
        return lines, not finished

    def kill(self) -> None:
        """Ends the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is not None:
            # Somebody has killed it while it was waiting.
            self.kill()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, and nothing of anybody's in the arguments
                COMMAND,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
            )
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
            if not _exchange(self._process, b"", [], STARTS_WITHIN_S):
                self.kill()
                raise OSError("the process for scripts does not start")
        return self._process


def _exchange(process: "subprocess.Popen[bytes]", message: bytes, lines: list[bytes], silence_s: float) -> bool:
    """Sends a message and collects lines. Whether the child has said that it is done; not when it was silent for too
    long, or is gone."""
    assert process.stdin is not None
    assert process.stdout is not None
    writing, reading = process.stdin.fileno(), process.stdout.fileno()
    pipes = select.poll()
    pipes.register(reading, select.POLLIN)
    if message:
        pipes.register(writing, select.POLLOUT)
    left, begun = memoryview(message), b""
    heard_at = time.monotonic()
    used_s = _processor_s(process.pid)
    deadline = heard_at + silence_s
    while True:
        wait_s = deadline - time.monotonic()
        if wait_s <= 0:
            is_starved = _processor_s(process.pid) - used_s < CALL_S * 1.2
            if not is_starved or time.monotonic() - heard_at > STARVED_S:
                return False
            deadline += silence_s / 4
            continue
        ready = dict(pipes.poll(wait_s * 1000))
        if writing in ready:
            left = left[os.write(writing, left[:READ_BYTES]) :]
            deadline = time.monotonic() + silence_s
            if not left:
                pipes.unregister(writing)
        if reading in ready:
            part = os.read(reading, READ_BYTES)
            if not part:
                return False
            heard_at = time.monotonic()
            used_s = _processor_s(process.pid)
            deadline = heard_at + silence_s
            whole, newline, begun = (begun + part).rpartition(b"\n")
            lines += (whole + newline).splitlines()
            if lines and lines[-1] == END.strip():
                lines.pop()
                return True


def _processor_s(pid: int) -> float:
    """How much of the processor it has used, where the system tells; without end where not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            used = stat.read().rpartition(")")[2].split()
    except OSError:
        return math.inf
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")
