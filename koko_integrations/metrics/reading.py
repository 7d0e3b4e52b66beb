"""`integration.getMetrics`: a period's runs, as a chart shows them."""

from dataclasses import dataclass
from typing import Any

import peewee

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.database.facade import Row
from koko_integrations.metrics import latency
from koko_integrations.metrics.failures import most_frequent
from koko_integrations.metrics.spans import PERIODS
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
# By number of the hour or day: both databases drop what is left over when they divide.
_CALLS = Statement(
    IntegrationUsage.select(
        (IntegrationUsage.hour_at / param("span_ms")).alias("number"), peewee.fn.SUM(IntegrationUsage.api_calls)
    )
    .where((IntegrationUsage.integration_id == param("integration_id")) & (IntegrationUsage.hour_at >= param("since")))
    .group_by(peewee.SQL("number"))
)


@dataclass(slots=True)
class Sums:
    """Runs, added up."""

    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    items: int = 0
    latencies: int = 0

    def add(self, succeeded: int, partial: int, failed: int, items: int, latencies: int) -> None:
        self.succeeded += succeeded
        self.partial += partial
        self.failed += failed
        self.items += items
        self.latencies += latencies

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
        asked = {"integration_id": integration_id, "span_ms": period.span_ms, "since": begins[0]}
        found = {number * period.span_ms: int(sum_) for number, sum_ in await self._database.read(_CALLS, **asked)}
        calls = {at: found.get(at, 0) for at in begins}
        series, actions, totals = _add_up(await self._database.read(_RUNS, **asked), begins)
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
    # What another process counted may be ahead of our clock.
    for at, action, succeeded, partial, failed, items, text in rows:
        if at in series:
            latencies = latency.load(text)
            for sums in (series[at], actions.setdefault(action, Sums())):
                sums.add(succeeded, partial, failed, items, latencies)
    for sums in actions.values():
        totals.add(sums.succeeded, sums.partial, sums.failed, sums.items, sums.latencies)
    return series, actions, totals
