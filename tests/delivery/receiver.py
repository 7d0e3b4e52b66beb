"""A receiver of webhooks on loopback, which keeps what it is sent and answers as it is told."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass
class Received:
    """One request. Names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """`answer` decides on the status and the headers for each request; `behave` may do anything with the connection."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], tuple[int, dict[str, str]]] = lambda _: (200, {})
    behave: Callable[[BaseHTTPRequestHandler], None] | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)

    def says(self, status: int, **headers: str) -> None:
        """Answers so from now on."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda _: (status, sent)

    def wait(self, count: int = 1, patience_s: float = 20.0) -> list[Received]:
        """Everything received, once it is so many."""
        deadline = time.monotonic() + patience_s
        with self.changed:
            while len(self.received) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.received)} of {count} have arrived"
                self.changed.wait(left)
            return list(self.received)


@contextlib.contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.path, headers, body)
            with receiver.changed:
                receiver.received.append(received)
                receiver.changed.notify_all()
            if receiver.behave is not None:
                receiver.behave(self)
                return
            status, sent = receiver.answer(received)
            self.send_response(status)
            for name, value in sent.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # What behaves badly ends in broken connections.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?token=canary-url-token"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
