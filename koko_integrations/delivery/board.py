"""Deliveries as a team sees them, and sent again by hand."""

from functools import partial
from typing import Any

import orjson

from koko_integrations.clock import DAY_MS, Clock
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.delivery import ledger
from koko_integrations.delivery.drain import Drain
from koko_integrations.errors import BadRequest, Conflict, PreconditionFailed
from koko_integrations.event_types import is_subscribed
from koko_integrations.integration import Integration
from koko_integrations.models import Delivery, Endpoint, Event
from koko_integrations.paging import Cursor, after, newest_first
from koko_integrations.rpc.wire import iso, present

KEPT_MS = 30 * DAY_MS
EVENTS_AT_ONCE = 1000

_COLUMNS = (
    Delivery.id,
    Delivery.endpoint_id,
    Delivery.event_id,
    Delivery.event_type,
    Delivery.status,
    Delivery.attempts,
    Delivery.due_at,
    Delivery.created_at,
    Delivery.finished_at,
)
_MINE = Delivery.integration_id == param("integration_id")


def _page(*conditions: Any) -> Statement:
    query = Delivery.select(*_COLUMNS).where(_MINE & after(Delivery.created_at, Delivery.id))
    return Statement(newest_first(query.where(*conditions) if conditions else query, Delivery.created_at, Delivery.id))


_PAGES = {
    (False, False): _page(),
    (True, False): _page(Delivery.status == param("status")),
    (False, True): _page(Delivery.event_type == param("event")),
    (True, True): _page(Delivery.status == param("status"), Delivery.event_type == param("event")),
}
_FIND = Statement(Delivery.select(*_COLUMNS).where((Delivery.id == param("id")) & _MINE))
_IS_ON = Endpoint.off_at.is_null() & (Endpoint.sealed.is_null(False) | (Endpoint.kind == "channel"))
_ENDPOINTS = Statement(
    Endpoint.select(Endpoint.id, Endpoint.kind, Endpoint.events, Endpoint.created_at).where(
        (Endpoint.integration_id == param("integration_id")) & _IS_ON
    )
)
_AGAIN = {
    Delivery.status: "pending",
    Delivery.tries: 0,
    Delivery.due_at: param("now"),
    Delivery.finished_at: None,
}
_SEND_AGAIN = Statement(Delivery.update(_AGAIN).where((Delivery.id == param("id")) & (Delivery.status != "pending")))
_RECOVER_FAILED = Statement(
    Delivery.update(_AGAIN).where(
        (Delivery.endpoint_id == param("endpoint_id"))
        & (Delivery.status == "failed")
        & (Delivery.created_at >= param("since"))
    )
)
_MISSED = Statement(
    Event.select(Event.id, Event.type, Event.received_at)
    .where(
        (Event.team_id == param("team_id"))
        & (Event.received_at >= param("since"))
        & ((Event.received_at > param("since")) | (Event.id > param("after")))
    )
    .order_by(Event.received_at, Event.id)
    .limit(EVENTS_AT_ONCE)
)
_HAS = Statement(
    Delivery.select(Delivery.id).where(
        (Delivery.endpoint_id == param("endpoint_id")) & (Delivery.event_id == param("event_id"))
    )
)


class DeliveryBoard:
    """Answers about deliveries."""

    def __init__(self, clock: Clock, database: Database, drain: Drain) -> None:
        self._clock = clock
        self._database = database
        self._drain = drain

    async def page(
        self, integration_id: str, *, status: str | None, event: str | None, limit: int, cursor: Cursor
    ) -> tuple[list[dict[str, Any]], Cursor | None]:
        """A page, newest first, and where the next begins."""
        statement = _PAGES[status is not None, event is not None]
        rows = await self._database.read(
            statement,
            integration_id=integration_id,
            status=status,
            event=event,
            limit=limit + 1,
            **cursor.arguments(),
        )
        shown = rows[:limit]
        following = Cursor(shown[-1][7], shown[-1][0]) if len(rows) > limit else None
        return [_to_wire(row) for row in shown], following

    async def redeliver(self, integration: Integration, delivery_id: str) -> dict[str, Any]:
        """Sends one again, now, with seven attempts ahead of it. Raises Conflict while it still waits, and
        PreconditionFailed where there is nowhere to send to."""

        def again(tx: Transaction) -> dict[str, Any]:
            now = self._clock.now_ms()
            find = partial(tx.row, _FIND, id=delivery_id, integration_id=integration.id)
            row = find()
            assert row is not None, "the caller has been admitted by it"
            if row[1] not in {found[0] for found in tx.rows(_ENDPOINTS, integration_id=integration.id)}:
                raise PreconditionFailed("There is nothing connected any more that this could be sent to")
            if not tx.change(_SEND_AGAIN, id=delivery_id, now=now):
                raise Conflict("This delivery waits for its next attempt already")
            ledger.hurry(tx, row[1], now)
            row = find()
            assert row is not None, "it was there a moment ago"
            return _to_wire(row)

        answer = await self._database.write(again)
        self._drain.wake()
        return answer

    async def recover(self, integration: Integration, since: int) -> int:
        """Sends again what failed since then, and sends what was published while a webhook was off. Returns how many
        deliveries that makes. Raises BadRequest and PreconditionFailed."""
        now = self._clock.now_ms()
        if not now - KEPT_MS <= since <= now:
            raise BadRequest.field("since", "Expected a time of the last 30 days: that is how long events are kept")
        rows = await self._database.read(_ENDPOINTS, integration_id=integration.id)
        if not rows:
            raise PreconditionFailed("There is nothing connected that events could be sent to")
        count = 0
        for endpoint_id, kind, events_json, created_at in rows:
            count += await self._database.write(
                partial(self._recover_failed, endpoint_id=endpoint_id, since=since, now=now)
            )
            if kind == "webhook":
                count += await self._recover_missed(
                    integration, endpoint_id, orjson.loads(events_json), max(since, created_at), now
                )
        self._drain.wake()
        return count

    def _recover_failed(self, tx: Transaction, endpoint_id: str, since: int, now: int) -> int:
        count = tx.change(_RECOVER_FAILED, endpoint_id=endpoint_id, since=since, now=now)
        if count:
            ledger.hurry(tx, endpoint_id, now)
        return count

    async def _recover_missed(
        self, integration: Integration, endpoint_id: str, asked: list[str], since: int, now: int
    ) -> int:
        count, last_id = 0, ""
        while rows := await self._database.read(_MISSED, team_id=integration.team_id, since=since, after=last_id):
            wanted = [(event_id, event_type) for event_id, event_type, _ in rows if is_subscribed(asked, event_type)]
            count += await self._database.write(
                partial(self._add_missed, integration=integration, endpoint_id=endpoint_id, events=wanted, now=now)
            )
            last_id, since = rows[-1][0], rows[-1][2]
        return count

    def _add_missed(
        self, tx: Transaction, integration: Integration, endpoint_id: str, events: list[tuple[str, str]], now: int
    ) -> int:
        missing = [
            ledger.Addition(endpoint_id, integration.id, event_id, event_type)
            for event_id, event_type in events
            if tx.row(_HAS, endpoint_id=endpoint_id, event_id=event_id) is None
        ]
        if missing:
            ledger.add(tx, integration.team_id, missing, now)
            ledger.hurry(tx, endpoint_id, now)
        return len(missing)


def _to_wire(row: tuple[Any, ...]) -> dict[str, Any]:
    delivery_id, endpoint_id, event_id, event_type, status, attempts_json, due_at, created_at, finished_at = row
    return present(
        id=delivery_id,
        webhookId=endpoint_id,
        eventId=event_id,
        event=event_type,
        status=status,
        attempts=orjson.Fragment(attempts_json),
        nextAttemptAt=iso(due_at) if status == "pending" else None,
        createdAt=iso(created_at),
        finishedAt=None if finished_at is None else iso(finished_at),
    )
