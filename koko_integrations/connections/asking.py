"""Asking a provider outside of jobs: counted, and believed when it refuses."""

from collections.abc import Callable
from typing import TypeVar

from koko_integrations.clock import Clock
from koko_integrations.connections.credentials import lost, note_check, set_error
from koko_integrations.connections.live import LiveConnections, Used
from koko_integrations.database import Database, Transaction
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls, write_news
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused
from providers.kit.http import counting_calls

T = TypeVar("T")


class Asker:
    """Calls methods of integrations' providers."""

    def __init__(self, clock: Clock, database: Database, live: LiveConnections) -> None:
        self._clock = clock
        self._database = database
        self._live = live

    async def ask(self, integration: Integration, method: Callable[[Connection], T]) -> T:
        """As LiveConnections.use, with the calls counted, and the connection marked as lost when the provider refuses
        the credentials that it still has. Raises ProviderError."""
        used = Used(integration.credential_version)
        refused: CredentialsRefused | None = None
        with counting_calls() as usage:
            try:
                return await self._live.use(integration, method, used=used)
            except CredentialsRefused as error:
                refused = error
                raise
            finally:
                said = None if refused is None else refused.explained
                await self._database.write(lambda tx: self._note(tx, integration.id, used.version, usage.calls, said))

    def _note(self, tx: Transaction, integration_id: str, version: int, calls: int, refusal: str | None) -> None:
        now = self._clock.now_ms()
        count_calls(tx, integration_id, calls, now)
        if refusal is None or not note_check(tx, integration_id, version, refusal, now):
            return
        if set_error(tx, integration_id, now):
            write_news(tx, integration_id, "failed", lost(refusal), now)
