"""One child process, seen from this side: it is given batches, watched by the clock, and killed."""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence

from koko_integrations.scripts.child import END, HEAD

COMMAND = (sys.executable, "-I", "-m", "koko_integrations.scripts.child")
STARTS_WITHIN_S = 10.0
SILENCE_S = 0.4
"""Far more than a call may take: then the engine does not stop by itself."""
READ_BYTES = 65_536


class Worker:
    """Starts the process when it is first needed, and again after it had to be killed. For one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, source: bytes, texts: Sequence[bytes], *, one_by_one: bool) -> tuple[list[bytes], bool]:
        """The lines that answer the first of the calls, as far as they came; and whether the child had to be killed
        while it was at the next one."""
        calls = b"\n".join(texts)
        message = HEAD.pack(len(source), len(calls), one_by_one) + source + calls
        lines: list[bytes] = []
        try:
            process = self._started()
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
    deadline = time.monotonic() + silence_s
    while True:
        wait_s = deadline - time.monotonic()
        if wait_s <= 0:
            return False
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
            deadline = time.monotonic() + silence_s
            whole, newline, begun = (begun + part).rpartition(b"\n")
            lines += (whole + newline).splitlines()
            if lines and lines[-1] == END.strip():
                lines.pop()
                return True
