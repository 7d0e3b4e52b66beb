"""How many webhooks an address takes: koko.md's hundred a minute."""

from dataclasses import dataclass
from typing import Protocol

from koko_integrations.clock import Clock

LIMIT = 100
WINDOW_S = 60


class Taken(Protocol):
    """What came of asking for one more. `reset_at` is when the window ends, in epoch ms."""

    @property
    def allowed(self) -> bool: ...

    @property
    def remaining(self) -> int: ...

    @property
    def reset_at(self) -> int: ...


class Limiter(Protocol):
    """Counts what is taken of a limit."""

    async def take(self, name: str, limit: int, window_s: int) -> Taken: ...


@dataclass
class Window:
    """How much of a limit is left until when, in epoch ms."""

    allowed: bool
    remaining: int
    reset_at: int


class Windows:
    """Counts within this process, by fixed windows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, Window] = {}

    async def take(self, name: str, limit: int, window_s: int) -> Window:
        now = self._clock.now_ms()
        self._windows = {known: one for known, one in self._windows.items() if one.reset_at > now}
        window = self._windows.setdefault(name, Window(True, limit, now + 1000 * window_s))
        window.allowed = window.remaining > 0
        window.remaining = max(0, window.remaining - 1)
        return window
