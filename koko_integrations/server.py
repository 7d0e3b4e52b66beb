"""The HTTP server: uvicorn, with the limits on slow and oversized headers that it does not have itself."""

import asyncio
import gc
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from koko_integrations.settings import Settings

HEADERS_TIMEOUT_S = 10.0
MAX_HEADERS_BYTES = 32 * 1024
KEEP_ALIVE_S = 75
SHUTDOWN_S = 20
BACKLOG = 2048


class LimitedProtocol(HttpToolsProtocol):
    """Closes connections whose request headers take too long or too much; the endpoint has the limits of bodies."""

    _in_headers = True
    _header_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Most requests come whole, and cost nothing here.
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADERS_BYTES:
                self.transport.close()
            elif self._timer is None:
                self._start_timer()

    def on_message_begin(self) -> None:
        self._in_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._header_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(HEADERS_TIMEOUT_S, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def serve_app(app: ASGIApp, settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; calls under way get 20 seconds to finish. `on_ready` is given the URL."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol spelled out: asyncio sets TCP_NODELAY on no other sockets, and Nagle's algorithm costs 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
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
