"""All stand-ins in one process: one server, one loopback port each."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.kit.stand_in import StandIn

HOST = "127.0.0.1"


class ByPort:
    """Hands each request to the app of the port that it came in on."""

    def __init__(self, apps: Mapping[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._apps[scope["server"][1]](scope, receive, send)


class Hosting:
    """Stand-ins bound to ports; `first_port` 0 takes any that are free, and so does a port that is taken."""

    def __init__(self, stand_ins: Sequence[StandIn], first_port: int = 0) -> None:
        self.sockets = [_listen(first_port + n if first_port else 0) for n in range(len(stand_ins))]
        self.urls = {s.slug: f"http://{HOST}:{port(k)}" for s, k in zip(stand_ins, self.sockets, strict=True)}
        app = ByPort({port(k): s for s, k in zip(stand_ins, self.sockets, strict=True)})
        config = uvicorn.Config(app, loop="asyncio", lifespan="off", log_level="warning", access_log=False)
        self.server = uvicorn.Server(config)
        self._stand_ins = stand_ins

    @property
    def origins(self) -> dict[str, str]:
        """KOKO_ORIGIN_OVERRIDES: each real origin and where its stand-in listens."""
        return {origin: self.urls[stand_in.slug] for stand_in in self._stand_ins for origin in stand_in.origins}

    def announcement(self) -> dict[str, Any]:
        """What the parent process has to know, as JSON."""
        announced: dict[str, Any] = {}
        for stand_in in self._stand_ins:
            for slug, facts in stand_in.announcement().items():
                announced[slug] = {"origins": dict.fromkeys(stand_in.origins, self.urls[stand_in.slug]), **facts}
        return announced

    def run(self) -> None:
        """Serves on the calling thread until told to stop."""
        self.server.run(self.sockets)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Serves on a thread of its own inside the block."""
        thread = threading.Thread(target=self.run, name="sandbox", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.server.should_exit = True
            thread.join(10)


def port(listener: socket.socket) -> int:
    number: int = listener.getsockname()[1]
    return number


def _listen(wanted: int) -> socket.socket:
    # The protocol is spelled out because asyncio sets TCP_NODELAY on such sockets only.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, wanted))
    except OSError:
        listener.bind((HOST, 0))
    listener.listen(256)
    return listener
