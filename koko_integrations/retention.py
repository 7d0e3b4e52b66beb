"""What is kept, and for how long: the journal and what was counted of it, ended jobs, what was deleted at providers
and what they told us, events and deliveries."""

from typing import Any

import peewee

from koko_integrations.clock import DAY_MS, HOUR_MS, Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.jobs.store import DELETE_FINISHED
from koko_integrations.metrics.spans import SPANS
from koko_integrations.models import (
    Delivery,
    Endpoint,
    Event,
    InboundMessage,
    IntegrationLog,
    SyncedItem,
    ToolRequest,
    TriggerTask,
    TriggerTurn,
)
from koko_integrations.models import IntegrationFailure as Failure
from koko_integrations.models import IntegrationMetric as Metric
from koko_integrations.models import IntegrationUsage as Usage

AT_ONCE = 500
EVENT_DAYS = 30
"""koko.md: deliveries are kept 30 days."""
HOURS_KEPT_DAYS = 8
"""No chart shows hours for longer than a week."""
MESSAGE_DAYS = 30
"""For so long a message that comes again is known."""

_DELETE_LOGS = Statement(
    IntegrationLog.delete().where(
        IntegrationLog.id.in_(
            IntegrationLog.select(IntegrationLog.id)
            .where(IntegrationLog.created_at < param("before"))
            .order_by(IntegrationLog.created_at)
            .limit(AT_ONCE)
        )
    )
)
# What was deleted at a provider.
_DELETE_ITEMS = Statement(
    SyncedItem.delete().where(
        peewee.Tuple(SyncedItem.integration_id, SyncedItem.entity, SyncedItem.external_id).in_(
            SyncedItem.select(SyncedItem.integration_id, SyncedItem.entity, SyncedItem.external_id)
            .where(SyncedItem.deleted_at < param("before"))
            .limit(AT_ONCE)
        )
    )
)
# Those that wait are never too old.
_DELETE_MESSAGES = Statement(
    InboundMessage.delete().where(
        peewee.Tuple(InboundMessage.integration_id, InboundMessage.message_key).in_(
            InboundMessage.select(InboundMessage.integration_id, InboundMessage.message_key)
            .where((InboundMessage.received_at < param("before")) & InboundMessage.processed_at.is_null(False))
            .limit(AT_ONCE)
        )
    )
)

# What waits is not old: see GIVE_UP_OVERDUE.
_DELETE_DELIVERIES = Statement(
    Delivery.delete().where(
        Delivery.id.in_(
            Delivery.select(Delivery.id)
            .where((Delivery.created_at < param("before")) & (Delivery.status != "pending"))
            .order_by(Delivery.created_at)
            .limit(AT_ONCE)
        )
    )
)
# With their runs.
_DELETE_TURNS = Statement(
    TriggerTurn.delete().where(
        peewee.Tuple(TriggerTurn.integration_id, TriggerTurn.event_id).in_(
            TriggerTurn.select(TriggerTurn.integration_id, TriggerTurn.event_id)
            .where(TriggerTurn.created_at < param("before"))
            .order_by(TriggerTurn.created_at)
            .limit(AT_ONCE)
        )
    )
)
_DELETE_TASKS = Statement(
    TriggerTask.delete().where(
        peewee.Tuple(TriggerTask.integration_id, TriggerTask.koko_id, TriggerTask.external_id).in_(
            TriggerTask.select(TriggerTask.integration_id, TriggerTask.koko_id, TriggerTask.external_id)
            .where(TriggerTask.created_at < param("before"))
            .order_by(TriggerTask.created_at)
            .limit(AT_ONCE)
        )
    )
)
_OF_EVENT = Delivery.select(Delivery.id).where((Delivery.team_id == Event.team_id) & (Delivery.event_id == Event.id))
_DELETE_EVENTS = Statement(
    Event.delete().where(
        peewee.Tuple(Event.team_id, Event.id).in_(
            Event.select(Event.team_id, Event.id)
            .where((Event.received_at < param("before")) & ~peewee.fn.EXISTS(_OF_EVENT))
            .order_by(Event.received_at)
            .limit(AT_ONCE)
        )
    )
)
_LEFT = Delivery.select(Delivery.id).where(Delivery.endpoint_id == Endpoint.id)
_DELETE_HOOKS = Statement(
    Endpoint.delete().where(
        Endpoint.id.in_(
            Endpoint.select(Endpoint.id)
            .where((Endpoint.kind == "hook") & (Endpoint.off_at < param("before")) & ~peewee.fn.EXISTS(_LEFT))
            .limit(AT_ONCE)
        )
    )
)


def _delete_begun(begins_at: peewee.Field, *others: peewee.Field, only: Any = None) -> Statement:
    """Of a table with this key, which begins with a time: what begins too early."""
    model, key = begins_at.model, (begins_at, *others)
    is_old = begins_at < param("before")
    old = model.select(*key).where(is_old if only is None else only & is_old).order_by(begins_at).limit(AT_ONCE)
    return Statement(model.delete().where(peewee.Tuple(*key).in_(old)))


_DELETE_COUNTED = {
    span_ms: (
        _delete_begun(
            Metric.begins_at, Metric.integration_id, Metric.span_ms, Metric.action, only=Metric.span_ms == span_ms
        ),
        _delete_begun(
            Failure.begins_at, Failure.integration_id, Failure.span_ms, Failure.error, only=Failure.span_ms == span_ms
        ),
    )
    for span_ms in SPANS
}
_DELETE_USAGE = _delete_begun(Usage.hour_at, Usage.integration_id)
_DELETE_REQUESTS = _delete_begun(ToolRequest.created_at, ToolRequest.integration_id, ToolRequest.request_id)


class Retention:
    """Deletes what is too old, a little at a time."""

    def __init__(self, clock: Clock, database: Database, log_days: int, job_days: int) -> None:
        self._clock = clock
        self._database = database
        self._log_days = log_days
        self._job_days = job_days

    async def apply(self) -> int:
        """Returns how many rows were deleted."""
        days = {
            _DELETE_LOGS: self._log_days,
            DELETE_FINISHED: self._job_days,
            _DELETE_ITEMS: self._job_days,
            _DELETE_DELIVERIES: EVENT_DAYS,
            _DELETE_TURNS: EVENT_DAYS,
            _DELETE_EVENTS: EVENT_DAYS,
            _DELETE_TASKS: self._log_days,
            _DELETE_HOOKS: EVENT_DAYS,
            _DELETE_REQUESTS: EVENT_DAYS,
            _DELETE_MESSAGES: MESSAGE_DAYS,
        }
        days |= dict.fromkeys((*_DELETE_COUNTED[DAY_MS], _DELETE_USAGE), self._log_days)
        days |= dict.fromkeys(_DELETE_COUNTED[HOUR_MS], min(self._log_days, HOURS_KEPT_DAYS))
        return sum([await self._delete(statement, kept) for statement, kept in days.items()])

    async def _delete(self, statement: Statement, days: int) -> int:
        before = self._clock.now_ms() - days * DAY_MS
        deleted = 0
        while True:
            count = await self._database.write(lambda tx: tx.change(statement, before=before))
            deleted += count
            if count < AT_ONCE:
                return deleted
