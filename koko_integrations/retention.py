"""What is kept, and for how long: the journal, ended jobs, what was deleted at providers, events and deliveries."""

import peewee

from koko_integrations.clock import DAY_MS, Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.jobs.store import DELETE_FINISHED
from koko_integrations.models import Delivery, Endpoint, Event, IntegrationLog, SyncedItem, TriggerTask, TriggerTurn

AT_ONCE = 500
EVENT_DAYS = 30
"""koko.md: deliveries are kept 30 days."""

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
        }
        return sum([await self._delete(statement, kept) for statement, kept in days.items()])

    async def _delete(self, statement: Statement, days: int) -> int:
        before = self._clock.now_ms() - days * DAY_MS
        deleted = 0
        while True:
            count = await self._database.write(lambda tx: tx.change(statement, before=before))
            deleted += count
            if count < AT_ONCE:
                return deleted
