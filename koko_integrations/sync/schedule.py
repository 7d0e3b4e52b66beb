"""Auto-sync: once a minute, what is due becomes jobs, spread over the minute. Slots that were missed while nobody was
there to see them are made up for by one run, however many they were."""

from typing import Any

import orjson
import peewee

from koko_integrations.clock import DAY_MS, Clock
from koko_integrations.connections.auto_sync import next_slot, spread, syncs_by_itself
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.ids import new_id
from koko_integrations.jobs import store
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.sync.estimate import estimate_ms

AT_ONCE = 200
STARTS_PER_S = 20
LONGEST_SPREAD_MS = 50_000

_DUE = Statement(
    IntegrationConnection.select(
        IntegrationConnection.integration_id,
        IntegrationConnection.next_sync_at,
        IntegrationConnection.last_full_sync_at,
        IntegrationConnection.next_allowed_at,
        Row.config,
        Row.status,
    )
    .join(Row, on=(Row.id == IntegrationConnection.integration_id))
    .where(IntegrationConnection.next_sync_at <= param("now"))
    .order_by(IntegrationConnection.next_sync_at)
    .limit(AT_ONCE)
)
_COUNT_DUE = Statement(
    IntegrationConnection.select(peewee.fn.COUNT(IntegrationConnection.integration_id)).where(
        IntegrationConnection.next_sync_at <= param("now")
    )
)
_MOVE_ON = Statement(
    IntegrationConnection.update({IntegrationConnection.next_sync_at: param("following")}).where(
        (IntegrationConnection.integration_id == param("id")) & (IntegrationConnection.next_sync_at == param("was"))
    )
)


class Scheduler:
    """Any number of processes may ask at once: each slot is taken by one."""

    def __init__(self, clock: Clock, database: Database) -> None:
        self._clock = clock
        self._database = database

    async def schedule_due(self) -> int:
        """Makes jobs of what is due. Returns how many."""
        made = 0
        now = self._clock.now_ms()
        count = await self._database.read_one(_COUNT_DUE, now=now)
        span_ms = min(LONGEST_SPREAD_MS, 1000 * (count[0] if count else 0) // STARTS_PER_S)
        while rows := await self._database.read(_DUE, now=now):

            def take(tx: Transaction, rows: list[Any] = rows) -> int:
                return sum(self._take(tx, row, now, span_ms) for row in rows)

            made += await self._database.write(take)
        return made

    def _take(self, tx: Transaction, row: tuple[Any, ...], now: int, span_ms: int) -> bool:
        integration_id, due_at, last_full_at, allowed_at, config_json, status = row
        config = orjson.loads(config_json)
        # While the provider wants to be left alone, no slot is any use.
        waits = allowed_at is not None and allowed_at > now
        # A connection that is lost may be found to work again: it keeps its slots, and lets them pass.
        rests = status not in ("connected", "error")
        following = None if rests else next_slot(integration_id, config, allowed_at if waits else now)
        if not tx.change(_MOVE_ON, id=integration_id, was=due_at, following=following):
            return False
        if waits or status != "connected" or not syncs_by_itself(config):
            return False
        # What was deleted at a provider shows in a full pass; once a day is often enough for that.
        full = last_full_at is None or last_full_at <= now - DAY_MS
        request = {"syncType": "full" if full else "incremental"}
        _, is_new = store.create(
            tx,
            integration_id,
            "sync",
            request,
            cause="schedule",
            requested_by="schedule",
            request_id=new_id("sched"),
            estimated_ms=estimate_ms(tx.rows(store.RECENT_RUNS, integration_id=integration_id, kind="sync"), request),
            now=now,
            due_at=now + spread(integration_id, span_ms),
        )
        return is_new
