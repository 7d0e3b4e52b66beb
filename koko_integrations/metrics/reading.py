"""`integration.getMetrics`: a period's runs, as a chart shows them."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.database.facade import Row
from koko_integrations.metrics import latency
from koko_integrations.metrics.failures import most_frequent
from koko_integrations.metrics.spans import PERIODS, begin_of
from koko_integrations.models import IntegrationMetric, IntegrationUsage
from koko_integrations.rpc.wire import iso, present

SHARES = (0.5, 0.95)

_RUNS = Statement(
    IntegrationMetric.select(
        IntegrationMetric.begins_at,
        IntegrationMetric.action,
        IntegrationMetric.succeeded,
        IntegrationMetric.partial,
        IntegrationMetric.failed,
        IntegrationMetric.items,
        IntegrationMetric.latencies,
    ).where(
        (IntegrationMetric.integration_id == param("integration_id"))
        & (IntegrationMetric.span_ms == param("span_ms"))
        & (IntegrationMetric.begins_at >= param("since"))
    )
)
_CALLS = Statement(
    IntegrationUsage.select(IntegrationUsage.hour_at, IntegrationUsage.api_calls).where(
        (IntegrationUsage.integration_id == param("integration_id")) & (IntegrationUsage.hour_at >= param("since"))
    )
)


@dataclass(slots=True)
class Sums:
    """Runs, added up."""

    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    items: int = 0
    latencies: latency.Counts = field(default_factory=dict)

    def add(self, succeeded: int, partial: int, failed: int, items: int, latencies: latency.Counts) -> None:
        self.succeeded += succeeded
        self.partial += partial
        self.failed += failed
        self.items += items
        latency.add(self.latencies, latencies)

    @property
    def runs(self) -> int:
        return self.succeeded + self.partial + self.failed

    def to_wire(self, **more: Any) -> dict[str, Any]:
        p50, p95 = latency.percentiles(self.latencies, SHARES) or (None, None)
        counts = {"runs": self.runs, "succeeded": self.succeeded, "partial": self.partial, "failed": self.failed}
        return present(**counts, items=self.items, latencyP50=p50, latencyP95=p95, **more)

    def with_rate(self, **more: Any) -> dict[str, Any]:
        """The same, and which share of the runs succeeded."""
        return self.to_wire(successRate=round(self.succeeded / self.runs, 4) if self.runs else None, **more)


class MetricsReader:
    """Reads what was counted; the journal itself is not looked at."""

    def __init__(self, clock: Clock, database: Database) -> None:
        self._clock = clock
        self._database = database

    async def read(self, integration_id: str, period_name: str) -> dict[str, Any]:
        """getMetrics' response, for one of PERIODS."""
        period = PERIODS[period_name]
        begins = period.begins(self._clock.now_ms())
        asked = {"integration_id": integration_id, "since": begins[0]}
        rows = await self._database.read(_RUNS, span_ms=period.span_ms, **asked)
        calls = dict.fromkeys(begins, 0)
        for hour_at, api_calls in await self._database.read(_CALLS, **asked):
            at = begin_of(hour_at, period.span_ms)
            # A clock of another process may be ahead.
            if at in calls:
                calls[at] += api_calls
        series, actions, totals = _add_up(rows, begins)
        return {
            "totals": totals.with_rate(apiCalls=sum(calls.values())),
            "series": [{"at": iso(at), **series[at].to_wire(apiCalls=calls[at])} for at in begins],
            "byAction": {action: actions[action].with_rate() for action in sorted(actions)},
            "byError": await most_frequent(self._database, integration_id, period.span_ms, begins[0]),
        }


def _add_up(rows: list[Row], begins: range) -> tuple[dict[int, Sums], dict[str, Sums], Sums]:
    """By time, by action, and all in all."""
    series = {at: Sums() for at in begins}
    actions: dict[str, Sums] = {}
    totals = Sums()
    for at, action, succeeded, partial, failed, items, text in rows:
        if at in series:
            latencies = orjson.loads(text)
            for sums in (series[at], actions.setdefault(action, Sums())):
                sums.add(succeeded, partial, failed, items, latencies)
    for sums in actions.values():
        totals.add(sums.succeeded, sums.partial, sums.failed, sums.items, sums.latencies)
    return series, actions, totals
