"""`event.publish`: an event is stored with everything that follows from it, in one transaction, and then answered."""

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.delivery.drain import Drain
from koko_integrations.errors import BadRequest, Conflict, PayloadTooLarge
from koko_integrations.event_types import EVENT_TYPES, is_event_type
from koko_integrations.events.event import Event
from koko_integrations.events.recipients import Recipients
from koko_integrations.models import Event as Row
from koko_integrations.triggers.firing import fire
from koko_integrations.triggers.running import Automation

MAX_DATA_BYTES = 256 * 1024

_INSERT = Statement(
    Row.insert(
        {
            Row.team_id: param("team_id"),
            Row.id: param("id"),
            Row.type: param("type"),
            Row.project_id: param("project_id"),
            Row.actor_id: param("actor_id"),
            Row.data: param("data"),
            Row.content_hash: param("content_hash"),
            Row.occurred_at: param("occurred_at"),
            Row.received_at: param("now"),
        }
    ).on_conflict(conflict_target=[Row.team_id, Row.id], action="IGNORE")
)
_FIND_HASH = Statement(Row.select(Row.content_hash).where((Row.team_id == param("team_id")) & (Row.id == param("id"))))


class Publisher:
    """Takes events."""

    def __init__(
        self, clock: Clock, database: Database, recipients: Recipients, drain: Drain, automation: Automation
    ) -> None:
        self._clock = clock
        self._database = database
        self._recipients = recipients
        self._drain = drain
        self._automation = automation

    async def publish(self, event: Event) -> int | None:
        """How many deliveries there will be; None for an event that is there already: nothing is done twice.

        Raises BadRequest, PayloadTooLarge, and Conflict for another event under the same id.
        """
        if not is_event_type(event.type):
            raise BadRequest.field("type", f"Expected one of {', '.join(EVENT_TYPES)}, project.* or team.*")
        data = event.data_json
        if len(data.encode()) > MAX_DATA_BYTES:
            raise PayloadTooLarge(f"data: An event holds at most {MAX_DATA_BYTES} bytes")
        content_hash = event.content_hash

        def store(tx: Transaction) -> tuple[int | None, int]:
            now = self._clock.now_ms()
            if tx.change(
                _INSERT,
                team_id=event.team_id,
                id=event.id,
                type=event.type,
                project_id=event.project_id,
                actor_id=event.actor_id,
                data=data,
                content_hash=content_hash,
                occurred_at=event.occurred_at,
                now=now,
            ):
                return self._recipients.queue(tx, event, now), fire(tx, event.as_occasion(), now)
            known = tx.row(_FIND_HASH, team_id=event.team_id, id=event.id)
            if known is not None and known[0] != content_hash:
                raise Conflict("Another event has been published under this id; give each event an id of its own")
            return None, 0

        count, turns = await self._database.write(store)
        if count:
            self._drain.wake()
        if turns:
            self._automation.wake()
        return count
