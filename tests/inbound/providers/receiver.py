"""A place on loopback that stand-ins send to, and a provider that hears what arrives."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from providers.kit.app import AppCredentials
from providers.kit.base import ConnectsByOAuth, Provider
from providers.kit.connection import Connection, Credentials
from providers.kit.inbound import OWN_SECRET, Address, Forged, Heard, Incoming, ReceivesWebhooks, Signal
from sandbox.kit.oauth import AuthorizationServer
from sandbox.stand_ins import Sandbox
from tests.files.conftest import http_of

CANARY = "canary-of-an-address-0123456789abcdefghijkl"


@dataclass
class Receiver:
    """`refusals` are statuses that the next messages get, unheard."""

    provider: ReceivesWebhooks
    url: str
    secrets: dict[str, str] = field(default_factory=lambda: {OWN_SECRET: CANARY})
    arrived: list[Incoming] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)

    @property
    def address(self) -> Address:
        return Address(url=self.url, secret=CANARY)

    @property
    def signals(self) -> list[Signal]:
        return [signal for heard in self.heard for signal in heard.signals]

    def take(self, incoming: Incoming) -> tuple[int, dict[str, str], bytes]:
        self.arrived.append(incoming)
        if self.refusals:
            return self.refusals.pop(0), {}, b""
        try:
            heard = self.provider.hear(incoming, self.secrets)
        except Forged as forged:
            self.forged.append(forged.message)
            return 401, {}, b""
        self.heard.append(heard)
        self.secrets |= heard.remember
        return heard.reply.status, {"Content-Type": heard.reply.content_type, **heard.reply.headers}, heard.reply.body


@contextlib.contextmanager
def receiving(provider: ReceivesWebhooks) -> Iterator[Receiver]:
    """Listens inside the block."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            incoming = Incoming(
                method=self.command,
                url=receiver.url,
                query=dict(parse_qsl(asked.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                at_ms=int(time.time() * 1000),
            )
            status, headers, content = receiver.take(incoming)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slug = provider.manifest.slug
    receiver = Receiver(provider, f"http://127.0.0.1:{server.server_port}/webhooks/{slug}/in_0123456789abcdef")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def app_of(oauth: AuthorizationServer, signing_secret: str | None = None) -> AppCredentials:
    """The app, as its operator has registered it."""
    return AppCredentials(client_id=oauth.client_id, client_secret=oauth.client_secret, signing_secret=signing_secret)


def connect(oauth: AuthorizationServer, provider: type[ConnectsByOAuth], **config: Any) -> Connection:
    """A connection with all that is asked for."""
    token = oauth.issue((*provider.manifest.scopes, *provider.oauth.extra_scopes)).access
    return Connection(credentials=Credentials(access_token=token), config=config)


def made(sandbox: Sandbox, provider: type[Provider], oauth: AuthorizationServer) -> Any:
    """The provider, with the stand-in as its peer."""
    return provider(http_of(sandbox), app_of(oauth))


def altered(incoming: Incoming, **headers: str) -> Incoming:
    """With other headers."""
    return replace(incoming, headers={**incoming.headers, **headers})


def tampered(incoming: Incoming) -> Incoming:
    """With one byte of the body changed, which leaves it JSON."""
    body = bytearray(incoming.body)
    at = next(n for n in range(len(body) - 1, 0, -1) if chr(body[n]).isalnum())
    body[at] = ord("0") if body[at] != ord("0") else ord("1")
    return replace(incoming, body=bytes(body))
