"""Asking a provider for what must be done once: what its refusals mean for an action."""

from collections.abc import Callable
from typing import TypeVar

from koko_integrations.clock import Clock
from koko_integrations.connections.credentials import READ_LIVE, lost, set_error
from koko_integrations.connections.live import LiveConnections, Used
from koko_integrations.database import Database, Transaction
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls, write_entry
from koko_integrations.triggers.actions.action import NOTHING_WAS_DONE, Outcome, failed
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused, ProviderError, Transient
from providers.kit.http import counting_calls

T = TypeVar("T")
WAIT_S = 15.0


class Asker:
    """Calls methods of providers, counted."""

    def __init__(self, clock: Clock, database: Database, live: LiveConnections) -> None:
        self._clock = clock
        self._database = database
        self._live = live

    async def ask(self, integration: Integration, method: Callable[[Connection], T]) -> T:
        """As LiveConnections.use, which raises ProviderError; the connection is marked as lost when the provider
        refuses the credentials that it still has."""
        used = Used(0)
        refused: CredentialsRefused | None = None
        with counting_calls() as usage:
            try:
                return await self._live.use(integration, method, used=used)
            except CredentialsRefused as error:
                refused = error
                raise
            finally:
                said = None if refused is None else refused.explained
                calls = usage.calls
                await self._database.write(lambda tx: self._note(tx, integration.id, used.version, calls, said))

    def _note(self, tx: Transaction, integration_id: str, version: int, calls: int, refusal: str | None) -> None:
        now = self._clock.now_ms()
        count_calls(tx, integration_id, calls, now)
        if refusal is None:
            return
        row = tx.row(READ_LIVE, id=integration_id)
        # Not one that somebody has connected anew meanwhile.
        if row is not None and row[-1] == version and set_error(tx, integration_id, now):
            write_entry(tx, integration_id, "notify", "failed", lost(refusal), now)


def outcome_of(error: ProviderError) -> Outcome:
    """Tried again only where it is certain that nothing was done."""
    if isinstance(error, Transient) and error.reason in NOTHING_WAS_DONE:
        return Outcome(
            status="later", result={"reason": error.explained}, wait_s=max(1.0, error.retry_after_s or WAIT_S)
        )
    if isinstance(error, Transient):
        return failed(f"{error.explained}. It may have been done all the same, and is not repeated")
    return failed(error.explained)
