"""How stand-ins send webhooks: by themselves, with the provider's patience when nobody takes them."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import requests

TIMEOUT_S = 10
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """What came back. A `status` of 0: nothing did."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes = b""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


Post = Callable[[str, bytes, Headers], Sent]


def post(url: str, body: bytes, headers: Headers) -> Sent:
    """One request over the network."""
    try:
        answer = requests.post(url, data=body, headers=dict(headers), timeout=TIMEOUT_S, allow_redirects=False)
    except requests.RequestException:
        return Sent(0)
    return Sent(answer.status_code, answer.headers, answer.content)


class Sender:
    """Sends on threads of its own. `patience_s` are the waits before the second attempt and those after it.

    `post` may be replaced by tests; `sign` makes the headers of each attempt, which it is given the number of.
    """

    def __init__(self, patience_s: Sequence[float]) -> None:
        self._patience_s = patience_s
        self._timers: set[threading.Timer] = set()
        self.post: Post = post

    def ask(self, url: str, body: bytes, headers: Headers) -> Sent:
        """One attempt, now."""
        return self.post(url, body, headers)

    def send(
        self, url: str, body: bytes, sign: Callable[[int], Headers], gone: Callable[[], None] = lambda: None
    ) -> None:
        """Sends until it is taken or the patience is at its end; `gone` is called for a 410."""
        self._later(0.0, lambda: self._attempt(url, body, sign, gone, 0))

    def reset(self) -> None:
        """Forgets what has not been sent, and how tests have it sent."""
        for timer in list(self._timers):
            timer.cancel()
        self._timers.clear()
        self.post = post

    def _attempt(
        self, url: str, body: bytes, sign: Callable[[int], Headers], gone: Callable[[], None], number: int
    ) -> None:
        sent = self.post(url, body, sign(number))
        if sent.status == 410:
            gone()
        elif not sent.taken and number < len(self._patience_s):
            self._later(self._patience_s[number], lambda: self._attempt(url, body, sign, gone, number + 1))

    def _later(self, wait_s: float, work: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            work()

        timer = threading.Timer(wait_s, run)
        timer.daemon = True
        self._timers.add(timer)
        timer.start()
