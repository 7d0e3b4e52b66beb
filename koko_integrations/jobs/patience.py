"""How a job bears with a provider that is down, busy or wants to be left alone."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from koko_integrations.clock import Clock
from koko_integrations.connections.credentials import READ_LIVE
from koko_integrations.connections.live import LiveConnections, Used
from koko_integrations.database import Transaction
from koko_integrations.integration import Integration
from koko_integrations.jobs.job import Job
from providers.kit.connection import Connection
from providers.kit.errors import Transient

T = TypeVar("T")

BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Waits while a provider is down; then the job ends, and what it has is kept."""
LONGEST_WAIT_S = 60.0
"""What the provider asks for beyond this is not waited for inside a run: the job is put off."""
MOST_WAITS = 30
MOST_PUT_OFFS = 10
LONGEST_PUT_OFF_S = 3600.0


class PutOffError(Exception):
    """The provider is to be left alone for a while: the job continues later."""

    def __init__(self, cause: Transient, delay_s: float) -> None:
        super().__init__(cause.message)
        self.cause = cause
        self.delay_s = delay_s

    def suits(self, job: Job) -> bool:
        """Whether the job may wait so long, and has not been put off too often."""
        return self.delay_s <= LONGEST_PUT_OFF_S and job.attempt <= MOST_PUT_OFFS

    @property
    def explained(self) -> str:
        """Why the job waits, for the team."""
        return f"{self.cause.explained}; Koko goes on in {_span(self.delay_s)}"

    @property
    def gave_up(self) -> str:
        """Why the job has ended, for the team."""
        return f"{self.cause.explained}; it allows the next request in {_span(self.delay_s)}"


class Patience:
    """Calls methods of an integration's provider; when it is down or busy, again after a while.

    `before_wait` is called ahead of every wait: it keeps the progress, and may raise.
    """

    def __init__(
        self, clock: Clock, live: LiveConnections, integration: Integration, before_wait: Callable[[], Awaitable[None]]
    ) -> None:
        self._clock = clock
        self._live = live
        self._integration = integration
        self._before_wait = before_wait
        self._used = Used(0)

    async def ask(self, method: Callable[[Connection], T], *, intend: Callable[[], Awaitable[None]] | None = None) -> T:
        """What must not be repeated blindly says by `intend` what is about to be done, each time before it is, and is
        only repeated where the provider has said that nothing was done.

        Raises PutOffError, or what `LiveConnections.use` raises.
        """
        failures = waits = 0
        while True:
            if intend is not None:
                await intend()
            try:
                return await self._live.use(self._integration, method, insist=True, used=self._used)
            except Transient as error:
                busy = error.reason == "rate_limited"
                if intend is not None and not busy:
                    raise
                if error.retry_after_s is not None and error.retry_after_s > LONGEST_WAIT_S:
                    raise PutOffError(error, error.retry_after_s) from error
                if failures >= len(BACKOFF_S) or waits >= MOST_WAITS:
                    raise
                wait_s = max(BACKOFF_S[failures], error.retry_after_s or 0.0)
                # Being asked to slow down is no failure: the provider answers.
                failures, waits = failures + (not busy), waits + 1
                await self._before_wait()
                await self._clock.sleep(wait_s)

    def is_current(self, tx: Transaction) -> bool:
        """Whether the credentials that were used last are those that there are, and nobody has connected anew since."""
        row = tx.row(READ_LIVE, id=self._integration.id)
        return row is not None and self._used.version in (0, row[-1])


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{max(1, round(seconds / 60))} min"
