"""What is kept, and for how long: the journal and what was counted of it, ended jobs, what was deleted at providers."""

import peewee

from koko_integrations.clock import DAY_MS, Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.jobs.store import DELETE_FINISHED
from koko_integrations.models import IntegrationFailure as Failure
from koko_integrations.models import IntegrationLog, SyncedItem
from koko_integrations.models import IntegrationMetric as Metric
from koko_integrations.models import IntegrationUsage as Usage

AT_ONCE = 500

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


def _delete_counted(begins_at: peewee.Field, *others: peewee.Field) -> Statement:
    """Of a table whose rows are hours and days, with this key: what begins too early."""
    model, key = begins_at.model, (begins_at, *others)
    old = model.select(*key).where(begins_at < param("before")).order_by(begins_at).limit(AT_ONCE)
    return Statement(model.delete().where(peewee.Tuple(*key).in_(old)))


_COUNTED = (
    _delete_counted(Metric.begins_at, Metric.integration_id, Metric.span_ms, Metric.action),
    _delete_counted(Failure.begins_at, Failure.integration_id, Failure.span_ms, Failure.error),
    _delete_counted(Usage.hour_at, Usage.integration_id),
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
        days = {_DELETE_LOGS: self._log_days, DELETE_FINISHED: self._job_days, _DELETE_ITEMS: self._job_days}
        days |= dict.fromkeys(_COUNTED, self._log_days)
        return sum([await self._delete(statement, kept) for statement, kept in days.items()])

    async def _delete(self, statement: Statement, days: int) -> int:
        before = self._clock.now_ms() - days * DAY_MS
        deleted = 0
        while True:
            count = await self._database.write(lambda tx: tx.change(statement, before=before))
            deleted += count
            if count < AT_ONCE:
                return deleted
