"""Posting to an integration's channel: in the thread of the video, counted, and believed when it is refused."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakValueDictionary

from koko_integrations.clock import Clock
from koko_integrations.connections.credentials import lost, note_check, set_error
from koko_integrations.connections.live import LiveConnections, Used
from koko_integrations.database import Database, Transaction
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls, write_news
from koko_integrations.notifications.threads import Place, begin_thread, find_thread
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused, Missing
from providers.kit.http import counting_calls
from providers.kit.notices import Notice, Notifies, Posted

T = TypeVar("T")


class ChannelPoster:
    """Posts notices."""

    def __init__(self, clock: Clock, database: Database, live: LiveConnections) -> None:
        self._clock = clock
        self._database = database
        self._live = live
        self._turns: WeakValueDictionary[Place, asyncio.Lock] = WeakValueDictionary()

    async def post(
        self, integration: Integration, provider: Notifies, notice: Notice, video_id: str, channel_id: str | None
    ) -> Posted:
        """Posts in the thread that the video has in the channel. The first message begins it, and so does, once, one
        that finds it gone. Raises ProviderError."""
        place = (integration.id, channel_id or "", video_id)
        # One after the other: two that begin at once would begin two threads.
        async with self._turns.setdefault(place, asyncio.Lock()):
            thread = await find_thread(self._database, place)
            if thread is not None:
                try:
                    return await self._post(integration, provider, notice, channel_id, thread)
                except Missing:
                    # The channel may be what is missing: the next attempt tells.
                    pass
            posted = await self.post_alone(integration, provider, notice, channel_id)
            if (begun := posted.thread) is not None:
                now = self._clock.now_ms()
                await self._database.write(lambda tx: begin_thread(tx, place, begun, gone=thread, now=now))
        return posted

    async def post_alone(
        self, integration: Integration, provider: Notifies, notice: Notice, channel_id: str | None
    ) -> Posted:
        """Posts outside of threads. Raises ProviderError."""
        return await self._post(integration, provider, notice, channel_id, None)

    async def _post(
        self, integration: Integration, provider: Notifies, notice: Notice, channel_id: str | None, thread: str | None
    ) -> Posted:
        def post(connection: Connection) -> Posted:
            return provider.post(connection, notice, channel_id=channel_id, thread=thread)

        return await self.use(integration, post)

    async def use(self, integration: Integration, method: Callable[[Connection], T]) -> T:
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
