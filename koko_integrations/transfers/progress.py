"""A transfer under way: counted by the thread that copies, read and stopped by the event loop."""

import contextlib
import threading
from collections.abc import Iterator

from providers.kit.errors import Transient
from providers.kit.sockets import Watch


class StoppedError(Exception):
    """The transfer is to end: its job has been cancelled, or overtaken."""


class Transfer:
    """How many bytes have come so far, and a way to stop it within a moment."""

    def __init__(self, done: int = 0) -> None:
        self.done = done
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._watch: Watch | None = None

    def stop(self) -> None:
        """Whoever copies gets StoppedError, even in the middle of waiting for the provider."""
        self._stopped.set()
        with self._lock:
            if self._watch is not None:
                self._watch.expire()

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """On the thread that copies: what it asks of the provider inside the block ends when the transfer does."""
        with Watch() as watch:
            with self._lock:
                self._watch = watch
            try:
                self.check()
                yield
            except Transient:
                self.check()
                raise
            finally:
                with self._lock:
                    self._watch = None

    def check(self) -> None:
        """Raises StoppedError."""
        if self._stopped.is_set():
            raise StoppedError
