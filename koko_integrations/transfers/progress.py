"""A transfer under way: counted by the thread that copies, read and stopped by the event loop."""

import threading

from providers.kit.streams import Stream


class StoppedError(Exception):
    """The transfer is to end: its job has been cancelled, or overtaken."""


class Transfer:
    """How many bytes have come so far, and a way to stop it within a moment."""

    def __init__(self, done: int = 0) -> None:
        self.done = done
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._stream: Stream | None = None

    def stop(self) -> None:
        """Whoever copies gets StoppedError, even in the middle of waiting for the provider."""
        self._stopped.set()
        with self._lock:
            if self._stream is not None:
                self._stream.interrupt()

    def attach(self, stream: Stream) -> None:
        """What is being read from; it is interrupted when the transfer is stopped."""
        with self._lock:
            self._stream = stream
        self.check()

    def detach(self) -> None:
        with self._lock:
            self._stream = None

    def check(self) -> None:
        """Raises StoppedError."""
        if self._stopped.is_set():
            raise StoppedError

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()
