"""The journal (IntegrationLog) that a team reads, and the usage that is counted as it happens."""

from typing import Any, Literal

import orjson
import peewee

from koko_integrations.clock import DAY_MS, HOUR_MS
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.ids import new_id
from koko_integrations.metrics.counting import count_run
from koko_integrations.models import IntegrationLog, IntegrationUsage

Action = Literal["sync", "import", "export", "notify", "webhook"]
Outcome = Literal["success", "failed", "partial"]

_INSERT_LOG = Statement(
    IntegrationLog.insert(
        {
            IntegrationLog.id: param("id"),
            IntegrationLog.integration_id: param("integration_id"),
            IntegrationLog.action: param("action"),
            IntegrationLog.status: param("status"),
            IntegrationLog.details: param("details"),
            IntegrationLog.created_at: param("now"),
        }
    )
)
_ADD_CALLS = Statement(
    IntegrationUsage.insert(
        {
            IntegrationUsage.integration_id: param("integration_id"),
            IntegrationUsage.hour_at: param("hour_at"),
            IntegrationUsage.syncs: 0,
            IntegrationUsage.api_calls: param("api_calls"),
        }
    ).on_conflict(
        conflict_target=[IntegrationUsage.integration_id, IntegrationUsage.hour_at],
        update={IntegrationUsage.api_calls: IntegrationUsage.api_calls + peewee.EXCLUDED.api_calls},
    )
)
_ADD_SYNC = Statement(
    IntegrationUsage.insert(
        {
            IntegrationUsage.integration_id: param("integration_id"),
            IntegrationUsage.hour_at: param("hour_at"),
            IntegrationUsage.syncs: 1,
            IntegrationUsage.api_calls: 0,
        }
    ).on_conflict(
        conflict_target=[IntegrationUsage.integration_id, IntegrationUsage.hour_at],
        update={IntegrationUsage.syncs: IntegrationUsage.syncs + 1},
    )
)
SUM_TODAY = Statement(
    IntegrationUsage.select(
        peewee.fn.COALESCE(peewee.fn.SUM(IntegrationUsage.syncs), 0),
        peewee.fn.COALESCE(peewee.fn.SUM(IntegrationUsage.api_calls), 0),
    ).where((IntegrationUsage.integration_id == param("integration_id")) & (IntegrationUsage.hour_at >= param("since")))
)


def start_of_day(now_ms: int) -> int:
    """The UTC day's first millisecond."""
    return now_ms - now_ms % DAY_MS


def write_entry(
    tx: Transaction, integration_id: str, action: Action, status: Outcome, details: dict[str, Any], now_ms: int
) -> None:
    """The entry of a run that has ended: what was synced, imported, exported, told or sent. It counts in the metrics.

    `details` may have `itemsProcessed`, `itemsFailed`, `errors` (texts) and `duration` (ms).
    """
    _insert(tx, integration_id, action, status, details, now_ms)
    count_run(tx, integration_id, action, status, details, now_ms)


def write_news(tx: Transaction, integration_id: str, status: Outcome, details: dict[str, Any], now_ms: int) -> None:
    """An entry that tells what became of the integration itself, by the `event` in `details`: no run, not counted."""
    _insert(tx, integration_id, "notify", status, details, now_ms)


def write_evaluation(
    tx: Transaction, integration_id: str, action: Action, details: dict[str, Any], now_ms: int
) -> None:
    """An entry that tells why nothing was to be done about an event: no run, not counted."""
    _insert(tx, integration_id, action, "success", details, now_ms)


def _insert(
    tx: Transaction, integration_id: str, action: Action, status: Outcome, details: dict[str, Any], now_ms: int
) -> None:
    tx.change(
        _INSERT_LOG,
        id=new_id("log"),
        integration_id=integration_id,
        action=action,
        status=status,
        details=orjson.dumps(details).decode(),
        now=now_ms,
    )


def count_calls(tx: Transaction, integration_id: str, api_calls: int, now_ms: int) -> None:
    """Adds requests that were sent to the provider to the current hour."""
    if api_calls:
        tx.change(_ADD_CALLS, integration_id=integration_id, hour_at=now_ms - now_ms % HOUR_MS, api_calls=api_calls)


def count_sync(tx: Transaction, integration_id: str, now_ms: int) -> None:
    """Adds a sync that has ended to the current hour."""
    tx.change(_ADD_SYNC, integration_id=integration_id, hour_at=now_ms - now_ms % HOUR_MS)
