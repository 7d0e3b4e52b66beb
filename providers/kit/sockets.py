"""The sockets under the HTTP client: guarded addresses, and a wall-clock deadline that a slow peer cannot stretch.

urllib3 gives no public hook for either; `_new_conn` is overridden, which is why urllib3 is pinned below 3.
"""

import contextlib
import heapq
import itertools
import math
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from providers.kit.egress import EgressGuard

_current = threading.local()


class Watch:
    """Knows the socket that the current thread's connection uses, so that another thread may end what it is doing.

    Watches may be nested: each of them knows.
    """

    def __init__(self) -> None:
        self.expired = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._outer: Watch | None = None

    def __enter__(self) -> Self:
        self._outer = getattr(_current, "watch", None)
        _current.watch = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.watch = self._outer

    def watch(self, connected: socket.socket) -> None:
        if self._outer is not None:
            self._outer.watch(connected)
        with self._lock:
            self._socket = connected
            if self.expired:
                _shut(connected)

    def resume(self, before: socket.socket | None) -> None:
        """Knows the socket again that was in use before."""
        if before is not None:
            self.watch(before)
        else:
            self.forget()

    def forget(self) -> None:
        """The socket is nobody's business any more: it may serve another request."""
        with self._lock:
            self._socket = None

    def expire(self) -> None:
        """Ends what is going on, and whatever is still begun."""
        with self._lock:
            self.expired = True
            if self._socket is not None:
                _shut(self._socket)


class Deadline(Watch):
    """Ends whatever the current thread's connection is doing, `seconds` after entering.

    A read timeout is no deadline: a peer that sends a byte now and then never trips it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.is_over = False
        self._seconds = seconds
        self._before: socket.socket | None = None

    def __enter__(self) -> Self:
        _overseer.add(self, time.monotonic() + self._seconds)
        super().__enter__()
        self._before = None if self._outer is None else self._outer._socket
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        with self._lock:
            self.is_over = True
            self._socket = None
        if self._outer is not None:
            # The exchange is over; what was going on around it, such as a body that is being read, is not.
            self._outer.resume(self._before)

    def expire(self) -> None:
        """Its time has come; nothing happens when it is over already."""
        with self._lock:
            if self.is_over:
                return
            self.expired = True
            if self._socket is not None:
                _shut(self._socket)


class _Overseer:
    """Lets deadlines expire, all from one thread: a timer is a thread for each request, and a tenth of its cost."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._coming: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._wakes_at = math.inf

    def add(self, deadline: Deadline, expires_at: float) -> None:
        with self._changed:
            # Deadlines of one time are told apart by number.
            heapq.heappush(self._coming, (expires_at, next(self._numbers), deadline))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif expires_at < self._wakes_at:
                self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                while self._coming and (self._coming[0][0] <= now or self._coming[0][2].is_over):
                    heapq.heappop(self._coming)[2].expire()
                self._wakes_at = self._coming[0][0] if self._coming else math.inf
                self._changed.wait(None if math.isinf(self._wakes_at) else self._wakes_at - now)


_overseer = _Overseer()


def _shut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # On the plain socket: SSLSocket.shutdown would wait for the peer's close_notify.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _watch(connected: Any) -> None:
    watch: Watch | None = getattr(_current, "watch", None)
    if watch is not None and connected is not None:
        watch.watch(connected)


def _connect(connection: HTTPConnection, guard: EgressGuard | None, *, encrypted: bool) -> socket.socket:
    """Connects to the first of the host's addresses that answers, after all of them have passed the guard."""
    # urllib3 sets its own sentinel where there is no timeout; the client always sets one.
    timeout = connection.timeout if isinstance(connection.timeout, int | float) else None
    try:
        found = socket.getaddrinfo(connection._dns_host, connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        failure = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(connection.host, connection, failure) from error
    if guard is not None:
        for *_, address in found:
            guard.check_address(str(address[0]), encrypted=encrypted)
    last: OSError | None = None
    for family, kind, protocol, _, address in found:
        attempt = socket.socket(family, kind, protocol)
        try:
            attempt.settimeout(timeout)
            attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _watch(attempt)
            attempt.connect(address)
        except OSError as error:
            attempt.close()
            last = error
        else:
            return attempt
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, "connecting timed out") from last
    raise NewConnectionError(connection, "connecting failed") from last


class _WatchedHTTPConnection(HTTPConnection):
    guard: EgressGuard | None = None

    def _new_conn(self) -> socket.socket:
        return _connect(self, self.guard, encrypted=False)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self.sock)
        super().request(*args, **kwargs)
        _watch(self.sock)


class _WatchedHTTPSConnection(HTTPSConnection):
    guard: EgressGuard | None = None

    def _new_conn(self) -> socket.socket:
        return _connect(self, self.guard, encrypted=True)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self.sock)
        super().request(*args, **kwargs)
        _watch(self.sock)


def pool_classes(guard: EgressGuard | None) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """Connection pools, by scheme, whose every connection passes `guard`; None for addresses the operator chose."""
    http = type("GuardedHTTPConnection", (_WatchedHTTPConnection,), {"guard": guard})
    https = type("GuardedHTTPSConnection", (_WatchedHTTPSConnection,), {"guard": guard})
    return {
        "http": type("GuardedHTTPPool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("GuardedHTTPSPool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": https}),
    }
