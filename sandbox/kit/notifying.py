"""How stand-ins tell others of changes: by webhooks, from a thread of their own, one after another."""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

ATTEMPTS = 3
PAUSE_S = 0.05
DEADLINE_S = 10.0
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Message:
    """One request that a provider makes."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Got:
    """What it is answered. The status is 0 where nobody is there."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def over_http(message: Message) -> Got:
    """Sends it where it is addressed to, if that is on this machine: nobody else is there for the sandbox."""
    if urlsplit(message.url).hostname not in LOOPBACK:
        return Got(0)
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.request(
                message.method,
                message.url,
                headers=dict(message.headers),
                data=message.body,
                timeout=DEADLINE_S,
                allow_redirects=False,
            )
        except requests.RequestException:
            return Got(0)
        return Got(answer.status_code, answer.headers, answer.content)


class Notifier:
    """`carry` takes a message to where it is to go: tests may put another in its place. `sent` are all attempts."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "webhooks")
        self._lock = threading.Lock()
        self._era = 0
        self.reset()

    def reset(self) -> None:
        """What is still waiting is not sent."""
        with self._lock:
            self._era += 1
            self.carry: Callable[[Message], Got] = over_http
            self.sent: list[tuple[Message, Got]] = []
            self._waiting: set[str] = set()
            self._work: list[Future[None]] = []

    def ask(self, message: Message) -> Got:
        """Sends it now, once, and waits for the answer: a handshake."""
        got = self.carry(message)
        self.sent.append((message, got))
        return got

    def tell(
        self,
        make: Callable[[], Message | None],
        *,
        once: str | None = None,
        then: Callable[[Got], None] = lambda _: None,
    ) -> None:
        """Sends what `make` gives, again while there is no success or a final refusal, and tells `then` how it went.

        `once` names what need not be told again while it waits to be told. `make` gives None for nothing.
        """
        with self._lock:
            if once is not None and once in self._waiting:
                return
            if once is not None:
                self._waiting.add(once)
            era = self._era
            self._work.append(self._pool.submit(self._deliver, era, make, once, then))

    def settle(self) -> None:
        """Returns when everything has been told. Raises what went wrong with it."""
        while self._work:
            with self._lock:
                work, self._work = self._work, []
            wait(work)
            for one in work:
                one.result()

    def _deliver(
        self, era: int, make: Callable[[], Message | None], once: str | None, then: Callable[[Got], None]
    ) -> None:
        with self._lock:
            if era != self._era:
                return
            if once is not None:
                self._waiting.discard(once)
        message = make()
        if message is None:
            return
        for attempt in range(1, ATTEMPTS + 1):
            got = self.ask(message)
            # These say that it is of no use to try again.
            if got.is_success or got.status in (400, 410) or attempt == ATTEMPTS or era != self._era:
                then(got)
                return
            time.sleep(PAUSE_S * attempt)


def hex_hmac(secret: str, body: bytes) -> str:
    """HMAC-SHA256, as hexadecimal digits."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
