"""Receivers that misbehave: each costs a bounded time and little memory, and says what was wrong."""

import asyncio
import gzip
import ipaddress
import socket
import ssl
import struct
import threading
import time
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from koko_integrations.delivery.outcome import Outcome
from koko_integrations.delivery.poster import Poster
from providers.kit.egress import EgressGuard, Network
from providers.kit.http import HttpClient
from tests.delivery.receiver import Receiver
from tests.service import FakeClock

DEADLINE_S = 2.0
LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


async def post(url: str, *allowed: Network) -> Outcome:
    poster = Poster(FakeClock(), HttpClient(EgressGuard(allowed)), DEADLINE_S)
    try:
        return await poster.to(url).post({"x-one": "1"}, b'{"event":"ping"}')
    finally:
        await poster.close()


def run(url: str, *allowed: Network) -> Outcome:
    return asyncio.run(post(url, *allowed))


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(DEADLINE_S + 1.5)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    with suppress(OSError):
        for character in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
            handler.wfile.write(bytes([character]))
            time.sleep(0.1)


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    with suppress(OSError):
        for _ in range(1000):
            handler.wfile.write(b"a")
            time.sleep(0.05)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    handler.close_connection = True


def endless_header(handler: BaseHTTPRequestHandler) -> None:
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 10_000_000)


def flood(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(200 * 1024 * 1024))
    handler.end_headers()
    with suppress(OSError):
        for _ in range(200):
            handler.wfile.write(b"a" * 1024 * 1024)


def bomb(handler: BaseHTTPRequestHandler) -> None:
    body = gzip.compress(b"a" * 50_000_000)
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    with suppress(OSError):
        handler.wfile.write(body)


@pytest.mark.parametrize(
    ("behave", "verdict", "said"),
    [
        (hang, "retry", "No answer within 2 seconds"),
        (drip_headers, "retry", "No answer within 2 seconds"),
        (drip_body, "delivered", None),
        (reset, "retry", "The connection broke"),
        (nonsense, "retry", "The receiver's answer is not HTTP"),
        (endless_header, "retry", "The receiver's answer is not HTTP"),
        (flood, "delivered", None),
        (bomb, "delivered", None),
    ],
)
def test_within_its_deadline_and_bounded(receiver: Receiver, behave: Any, verdict: str, said: str | None) -> None:
    receiver.behave = behave
    tracemalloc.start()
    started = time.monotonic()
    outcome = run(receiver.url, LOOPBACK)
    took = time.monotonic() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (outcome.verdict, outcome.error) == (verdict, said)
    assert took < DEADLINE_S + 1
    # The receiver is in this process, too, and its bomb.
    assert peak < 80_000_000


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outcome = run(f"http://127.0.0.1:{port}/", LOOPBACK)
    assert (outcome.verdict, outcome.error) == ("retry", "The receiver cannot be reached")


def test_no_such_name() -> None:
    outcome = run("https://nobody.invalid/")
    assert (outcome.verdict, outcome.error) == ("retry", "The receiver's name cannot be found")


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begun = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as accepted:
                accepted.recv(1000)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        outcome = run(f"https://127.0.0.1:{listener.getsockname()[1]}/", LOOPBACK)
        thread.join(5)
    assert outcome.verdict == "retry"
    assert outcome.error == "The receiver's TLS certificate or protocol is not acceptable"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "http://example.com/",
    ],
)
def test_inside_addresses_are_refused_at_every_attempt(url: str) -> None:
    outcome = run(url)
    assert outcome.verdict in ("retry", "failed")
    assert outcome.error in (
        "This address is not allowed: use a public https address",
        "This is not a URL that every reader understands in the same way",
    )


def test_a_name_that_flips_to_loopback_is_refused_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Public when it was looked up first, loopback when it is connected to: each attempt judges what it connects to."""
    answers = iter(["93.184.215.14", "127.0.0.1"])
    asked: list[str] = []

    def lookup(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    HttpClient(EgressGuard()).guard.check_address(lookup("flip.example", 443)[0][4][0], encrypted=True)
    outcome = run("https://flip.example/")
    assert asked == ["flip.example", "flip.example"]
    assert outcome.error == "This address is not allowed: use a public https address"


def test_one_bad_answer_among_good_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("93.184.215.14", "10.1.2.3")]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert run("https://mixed.example/").error == "This address is not allowed: use a public https address"
