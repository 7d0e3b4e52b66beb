"""Counting runs as the journal is written: one upsert of an hour and a day, and one more for how long it took."""

from collections.abc import Mapping
from typing import Any

import orjson
import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.metrics import latency
from koko_integrations.metrics.failures import count_failures
from koko_integrations.metrics.spans import SPANS, begin_of
from koko_integrations.models import IntegrationMetric as Row
from koko_integrations.rpc.wire import dump_text

_COLUMNS = {"success": "succeeded", "partial": "partial", "failed": "failed"}
_COUNTED = (Row.succeeded, Row.partial, Row.failed, Row.items)

# The rows stay locked until the transaction ends: nobody else changes the durations that are returned.
_COUNT = Statement(
    Row.insert_many(
        [
            {
                Row.integration_id: param("integration_id"),
                Row.span_ms: span_ms,
                Row.begins_at: param(f"begins_at_{span_ms}"),
                Row.action: param("action"),
                **{column: param(column.name) for column in _COUNTED},
                Row.latencies: "{}",
            }
            for span_ms in SPANS
        ]
    )
    .on_conflict(
        conflict_target=[Row.integration_id, Row.span_ms, Row.begins_at, Row.action],
        update={column: column + getattr(peewee.EXCLUDED, column.name) for column in _COUNTED},
    )
    .returning(Row.span_ms, Row.begins_at, Row.latencies)
)
_SET_LATENCIES = Statement(
    Row.update({Row.latencies: param("latencies")}).where(
        (Row.integration_id == param("integration_id"))
        & (Row.span_ms == param("span_ms"))
        & (Row.begins_at == param("begins_at"))
        & (Row.action == param("action"))
    )
)


def count_run(
    tx: Transaction, integration_id: str, action: str, status: str, details: Mapping[str, Any], now_ms: int
) -> None:
    """Counts a run that has ended. Of its details: `itemsProcessed`, `duration` in ms, `errors`.

    A transaction that counts runs of several integrations goes by their ids, as it does for whatever else it locks.
    """
    outcome = {column: int(word == status) for word, column in _COLUMNS.items()}
    begins = {f"begins_at_{span_ms}": begin_of(now_ms, span_ms) for span_ms in SPANS}
    items = details.get("itemsProcessed", 0)
    found = tx.rows(_COUNT, integration_id=integration_id, action=action, items=items, **outcome, **begins)
    if (duration := details.get("duration")) is not None:
        more = {latency.range_of(duration): 1}
        tx.change_many(
            _SET_LATENCIES,
            [
                {
                    "integration_id": integration_id,
                    "span_ms": span_ms,
                    "begins_at": begins_at,
                    "action": action,
                    "latencies": _plus(latencies, more),
                }
                for span_ms, begins_at, latencies in found
            ],
        )
    count_failures(tx, integration_id, details.get("errors", ()), now_ms)


def _plus(latencies: str, more: Mapping[str, int]) -> str:
    counts: latency.Counts = orjson.loads(latencies)
    latency.add(counts, more)
    return dump_text(counts)
