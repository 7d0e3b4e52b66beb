"""The one HTTP client: deadline, cap, no redirects, retries, counting.

The peer is a raw socket, so it can do anything.
"""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from providers.kit.answer import Answer
from providers.kit.egress import EgressGuard
from providers.kit.errors import CredentialsRefused, ProtocolBroken, ProviderError, Rejected, Transient
from providers.kit.http import MAX_ANSWER_BYTES, HttpClient, counting_calls

MEANT = "https://api.example.com"


@dataclass
class Peer:
    """Answers each connection with the next of `scripts`."""

    port: int
    scripts: list[Callable[[socket.socket], None]] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def client(self) -> HttpClient:
        return HttpClient(EgressGuard(), {MEANT: f"http://127.0.0.1:{self.port}"}, sleep=self.waits.append)


@pytest.fixture
def peer() -> Iterator[Peer]:
    listener = socket.create_server(("127.0.0.1", 0))
    found = Peer(listener.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                found.requests.append(connection.recv(65536))
                try:
                    found.scripts.pop(0)(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield found
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def answer(status: int = 200, body: bytes = b"{}", *headers: str) -> Callable[[socket.socket], None]:
    head = "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers])
    return lambda connection: connection.sendall(head.encode() + b"\r\n\r\n" + body)


def drip(prefix: bytes, byte: bytes) -> Callable[[socket.socket], None]:
    """One byte every 50 ms, for ever."""

    def run(connection: socket.socket) -> None:
        connection.sendall(prefix)
        while True:
            connection.sendall(byte)
            time.sleep(0.05)  # the peer is slow; the client under test does not sleep

    return run


@pytest.mark.parametrize(
    ("prefix", "byte"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ],
    ids=["silence", "headers", "body", "chunks"],
)
def test_the_deadline_is_wall_clock(peer: Peer, prefix: bytes, byte: bytes) -> None:
    peer.scripts.append(drip(prefix, byte))
    started = time.monotonic()
    with pytest.raises(Transient, match="did not answer in time"):
        peer.client().request("Example", "POST", f"{MEANT}/x", deadline_s=0.4)
    assert time.monotonic() - started < 3


def test_answers_are_capped(peer: Peer) -> None:
    peer.scripts.append(answer(200, b"x" * (MAX_ANSWER_BYTES + 1)))
    with pytest.raises(ProtocolBroken, match="too large"):
        peer.client().request("Example", "POST", f"{MEANT}/x")


def test_a_compressed_bomb_is_capped_after_decoding(peer: Peer) -> None:
    bomb = gzip.compress(b"\0" * (MAX_ANSWER_BYTES * 4))
    peer.scripts.append(answer(200, bomb, "Content-Encoding: gzip"))
    with pytest.raises(ProtocolBroken, match="too large"):
        peer.client().request("Example", "POST", f"{MEANT}/x")
    assert b"Accept-Encoding: identity" in peer.requests[0]


def test_redirects_are_not_followed(peer: Peer) -> None:
    peer.scripts.append(answer(302, b"", "Location: http://169.254.169.254/"))
    assert peer.client().request("Example", "GET", f"{MEANT}/x").status == 302
    assert len(peer.requests) == 1


def test_proxies_of_the_environment_are_ignored(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    peer.scripts.append(answer())
    assert peer.client().request("Example", "GET", f"{MEANT}/x").status == 200


def test_reads_are_repeated_and_writes_are_not(peer: Peer) -> None:
    peer.scripts += [answer(503), answer(429, b"", "Retry-After: 2"), answer(200, b'{"a":1}')]
    with counting_calls() as usage:
        assert peer.client().request("Example", "GET", f"{MEANT}/x").json() == {"a": 1}
    assert usage.calls == 3
    assert peer.waits[1] == 2.0
    peer.scripts.append(answer(503))
    assert peer.client().request("Example", "POST", f"{MEANT}/x").status == 503
    assert len(peer.requests) == 4


def test_a_long_retry_after_is_not_waited_for(peer: Peer) -> None:
    peer.scripts.append(answer(429, b"", "Retry-After: 86400"))
    result = peer.client().request("Example", "GET", f"{MEANT}/x")
    error = result.error()
    assert isinstance(error, Transient)
    assert error.retry_after_s == 86400
    assert peer.waits == []


def test_a_peer_that_is_not_there() -> None:
    client = HttpClient(EgressGuard(), {MEANT: "http://127.0.0.1:9"}, sleep=lambda _: None)
    with pytest.raises(Transient, match="cannot be reached"):
        client.request("Example", "GET", f"{MEANT}/x")


@pytest.mark.parametrize("garbage", [b"", b"hello\r\n\r\n", b"HTTP/1.1 999999 X\r\n\r\n", b"\x16\x03\x01\x02\x00"])
def test_a_peer_that_speaks_something_else(peer: Peer, garbage: bytes) -> None:
    peer.scripts.append(lambda connection: connection.sendall(garbage))
    with pytest.raises(ProviderError):
        peer.client().request("Example", "POST", f"{MEANT}/x").require_success()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, ProtocolBroken),
        (400, Rejected),
        (401, CredentialsRefused),
        (403, Rejected),
        (404, Rejected),
        (408, Transient),
        (425, Transient),
        (429, Transient),
        (500, Transient),
        (503, Transient),
    ],
)
def test_what_statuses_mean(status: int, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        Answer("Example", status, {}, b"canary").require_success()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("", None), ("-5", None), ("1.5", None)],
)
def test_retry_after(text: str, expected: float | None) -> None:
    assert Answer("Example", 429, {"Retry-After": text}, b"").retry_after_s == expected


@pytest.mark.parametrize("reason", ["invalid_grant", "AccessDenied", "a.b:c-1"])
def test_codes_are_kept(reason: str) -> None:
    assert Transient("x", reason=reason).explained == f"x ({reason})"


@pytest.mark.parametrize("reason", ["two words", "<script>", "x" * 65, "5xx", "", "tøken", "a\nb"])
def test_what_is_no_code_is_dropped(reason: str) -> None:
    assert Transient("x", reason=reason).explained == "x"


def test_spans_hold_no_path(peer: Peer) -> None:
    """Discord's and Trello's paths are credentials."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    peer.scripts += [answer(204, b""), answer(503)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("providers.kit.http.tracer", provider.get_tracer("test"))
        for _ in range(2):
            peer.client().request(
                "Example", "POST", f"{MEANT}/webhooks/1/canary-path?canary=query", bearer="canary-token"
            )
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["POST Example", "POST Example"]
    assert [dict(span.attributes or {})["http.response.status_code"] for span in spans] == [204, 503]
    assert "canary" not in "".join(span.to_json() for span in spans)
