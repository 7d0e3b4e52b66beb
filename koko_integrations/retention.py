"""What is kept, and for how long: the journal, ended jobs, what was deleted at providers, and what they told us."""

import peewee

from koko_integrations.clock import DAY_MS, Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.jobs.store import DELETE_FINISHED
from koko_integrations.models import InboundMessage, IntegrationLog, SyncedItem

AT_ONCE = 500
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
            _DELETE_MESSAGES: MESSAGE_DAYS,
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
