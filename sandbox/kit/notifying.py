"""How stand-ins tell others of changes: by webhooks, from a thread of their own, with the provider's patience."""

import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

PATIENCE_S = (0.05, 0.1)
DEADLINE_S = 10.0
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Message:
    """One request that a provider makes."""

    method: str
    url: str
    headers: Headers = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Got:
    """What it is answered. The status is 0 where nobody is there."""

    status: int
    headers: Headers = field(default_factory=dict)
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


@dataclass
class _Told:
    """A message on its way: how often it has been sent, what its attempts look like, and who is told how it went."""

    era: int
    message: Message
    again: Callable[[Message, int], Message]
    then: Callable[[Got], None]
    attempts: int = 0


class Notifier:
    """`patience_s` are the waits before the second attempt and those after it.

    `carry` takes a message to where it is to go: tests may put another in its place. `sent` are all attempts.
    """

    def __init__(self, patience_s: Sequence[float] = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._pool = ThreadPoolExecutor(1, "webhooks")
        self._changed = threading.Condition()
        self._timers: set[threading.Timer] = set()
        self._era = 0
        self.reset()

    def reset(self) -> None:
        """What is still waiting is not sent."""
        with self._changed:
            self._era += 1
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()
            self.carry: Callable[[Message], Got] = over_http
            self.sent: list[tuple[Message, Got]] = []
            self._waiting: set[str] = set()
            self._under_way = 0
            self._work: list[Future[None]] = []
            self._changed.notify_all()

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
        again: Callable[[Message, int], Message] = lambda message, _: message,
        then: Callable[[Got], None] = lambda _: None,
    ) -> None:
        """Sends what `make` gives, again while there is no success or a final refusal, and tells `then` how it went.

        `once` names what need not be told again while it waits to be told. `make` gives None for nothing. `again` is
        given the message, and which attempt after the first it is for.
        """
        with self._changed:
            if once is not None and once in self._waiting:
                return
            if once is not None:
                self._waiting.add(once)
            era = self._era
            self._under_way += 1
            self._submit(era, lambda: self._begin(era, make, once, again, then))

    def settle(self) -> None:
        """Returns when everything has been told. Raises what went wrong with it."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way == 0)
            work, self._work = self._work, []
        for one in work:
            one.result()

    def _submit(self, era: int, work: Callable[[], bool]) -> None:
        self._work.append(self._pool.submit(self._guarded, era, work))

    def _guarded(self, era: int, work: Callable[[], bool]) -> None:
        """Does a part of telling, which answers whether that was the last one."""
        if era != self._era:
            return
        ended = True
        try:
            ended = work()
        finally:
            with self._changed:
                if ended and era == self._era:
                    self._under_way -= 1
                    self._changed.notify_all()

    def _begin(
        self,
        era: int,
        make: Callable[[], Message | None],
        once: str | None,
        again: Callable[[Message, int], Message],
        then: Callable[[Got], None],
    ) -> bool:
        with self._changed:
            self._waiting.discard(once or "")
        message = make()
        return message is None or self._attempt(_Told(era, message, again, then))

    def _attempt(self, told: _Told) -> bool:
        number, told.attempts = told.attempts, told.attempts + 1
        got = self.ask(told.again(told.message, number) if number else told.message)
        # These say that it is of no use to try again.
        if got.is_success or got.status in (400, 410) or number == len(self._patience_s):
            told.then(got)
            return True
        self._later(self._patience_s[number], told)
        return False

    def _later(self, wait_s: float, told: _Told) -> None:
        """Others are told meanwhile."""

        def come_again() -> None:
            with self._changed:
                self._timers.discard(timer)
                if told.era == self._era:
                    self._submit(told.era, lambda: self._attempt(told))

        timer = threading.Timer(wait_s, come_again)
        timer.daemon = True
        with self._changed:
            if told.era == self._era:
                self._timers.add(timer)
                timer.start()


def hex_hmac(secret: str, body: bytes) -> str:
    """HMAC-SHA256, as hexadecimal digits."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
