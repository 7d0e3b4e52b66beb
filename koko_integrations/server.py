"""The HTTP server: uvicorn, with the limits on slow and endless requests that it does not have itself."""

import asyncio
import gc
import socket
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from koko_integrations.settings import Settings, SettingsError

REQUEST_TIMEOUT_S = 20.0
MAX_HEADERS_BYTES = 32 * 1024
KEEP_ALIVE_S = 75
SHUTDOWN_S = 20
BACKLOG = 2048


class LimitedProtocol(HttpToolsProtocol):
    """Closes connections whose request takes too long to arrive, or has headers without end.

    Most requests come whole in one packet, and pay for none of this.
    """

    _arriving = True
    _in_headers = True
    _header_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(cast("asyncio.Transport", OneWrite(transport, self.loop)))
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._arriving:
            return
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADERS_BYTES:
                self.transport.close()
                return
        if self._timer is None:
            self._start_timer()

    def on_message_begin(self) -> None:
        self._arriving = self._in_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._header_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._arriving = False
        self._stop_timer()
        super().on_message_complete()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(REQUEST_TIMEOUT_S, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class OneWrite:
    """A transport that sends what is written in one turn of the event loop at once.

    uvicorn writes the headers and the body of an answer by themselves: two system calls, and two packets.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()


async def serve_app(app: ASGIApp, settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; calls under way get 20 seconds to finish. `on_ready` is given the URL."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol spelled out: asyncio sets TCP_NODELAY on no other sockets, and Nagle's algorithm costs 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        problem = f"KOKO_HOST, KOKO_PORT: {settings.host}:{settings.port} cannot be listened on: {error.strerror}"
        raise SettingsError([problem]) from error
    listener.listen(BACKLOG)
    listener.setblocking(False)
    config = uvicorn.Config(
        app,
        # uvloop's slowest answers took half a second at 64 connections, the standard loop's 31 ms.
        loop="asyncio",
        http=LimitedProtocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        # Addresses in headers are not believed; nothing here depends on them.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    host = f"[{settings.host}]" if family == socket.AF_INET6 else settings.host
    await _AnnouncingServer(config, lambda: on_ready(f"http://{host}:{listener.getsockname()[1]}")).serve([listener])


class _AnnouncingServer(uvicorn.Server):
    """Tells when it is ready to answer."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What is there now stays: the collector need not look at it again and again.
            gc.collect()
            gc.freeze()
            self._announce()
