"""Posting to an integration's channel: in the thread of the video, counted, and believed when it is refused."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakValueDictionary

from koko_integrations.clock import Clock
from koko_integrations.connections.asking import Asker
from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import Database
from koko_integrations.integration import Integration
from koko_integrations.notifications.threads import Place, begin_thread, find_thread
from providers.kit.connection import Connection
from providers.kit.errors import Missing
from providers.kit.notices import Notice, Notifies, Posted

T = TypeVar("T")


class ChannelPoster:
    """Posts notices."""

    def __init__(self, clock: Clock, database: Database, live: LiveConnections) -> None:
        self._clock = clock
        self._database = database
        self._asker = Asker(clock, database, live)
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

        return await self._asker.ask(integration, post)

    async def use(self, integration: Integration, method: Callable[[Connection], T]) -> T:
        """Anything else that a channel's provider does. Raises ProviderError."""
        return await self._asker.ask(integration, method)
