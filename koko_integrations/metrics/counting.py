"""Counting runs as the journal is written: one upsert of an hour and a day, and one more for how long it took."""

from collections.abc import Mapping
from typing import Any

import peewee

from koko_integrations.clock import DAY_MS, HOUR_MS
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.metrics import latency
from koko_integrations.metrics.failures import count_failures
from koko_integrations.metrics.spans import begin_of
from koko_integrations.models import IntegrationMetric as Row

_COLUMNS = {"success": "succeeded", "partial": "partial", "failed": "failed"}


def _row(span_ms: int, begins_at: str, latencies: Any, counts: Mapping[peewee.Field, Any]) -> dict[peewee.Field, Any]:
    return {
        Row.integration_id: param("integration_id"),
        Row.span_ms: span_ms,
        Row.begins_at: param(begins_at),
        Row.action: param("action"),
        Row.latencies: latencies,
        **counts,
    }


_KEY = [Row.integration_id, Row.span_ms, Row.begins_at, Row.action]
_GIVEN: dict[peewee.Field, Any] = {
    column: param(column.name) for column in (Row.succeeded, Row.partial, Row.failed, Row.items)
}
# The rows stay locked until the transaction ends: nobody else changes the durations that are returned.
_COUNT = Statement(
    Row.insert_many([_row(HOUR_MS, "hour_at", "", _GIVEN), _row(DAY_MS, "day_at", "", _GIVEN)])
    .on_conflict(
        conflict_target=_KEY, update={column: column + getattr(peewee.EXCLUDED, column.name) for column in _GIVEN}
    )
    .returning(Row.span_ms, Row.latencies)
)
# Both rows in one statement, by the key of each, which an update with OR would not use.
_SET_LATENCIES = Statement(
    Row.insert_many(
        [_row(HOUR_MS, "hour_at", param("hour_latencies"), {}), _row(DAY_MS, "day_at", param("day_latencies"), {})]
    ).on_conflict(conflict_target=_KEY, update={Row.latencies: peewee.EXCLUDED.latencies})
)


def count_run(
    tx: Transaction, integration_id: str, action: str, status: str, details: Mapping[str, Any], now_ms: int
) -> None:
    """Counts a run that has ended. Of its details: `itemsProcessed`, `duration` in ms, `errors`.

    A transaction that counts runs of several integrations goes by their ids, as it does for whatever else it locks.
    """
    outcome = {column: int(word == status) for word, column in _COLUMNS.items()}
    place = {
        "integration_id": integration_id,
        "action": action,
        "hour_at": begin_of(now_ms, HOUR_MS),
        "day_at": begin_of(now_ms, DAY_MS),
    }
    found: dict[int, str] = dict(tx.rows(_COUNT, items=details.get("itemsProcessed", 0), **place, **outcome))
    if (duration := details.get("duration")) is not None:
        more = latency.one(duration)
        hour, day = (latency.dump(latency.load(found[span_ms]) + more) for span_ms in (HOUR_MS, DAY_MS))
        tx.change(_SET_LATENCIES, hour_latencies=hour, day_latencies=day, **place)
    count_failures(tx, integration_id, details.get("errors", ()), now_ms)
