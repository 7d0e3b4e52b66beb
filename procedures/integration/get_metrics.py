"""integration.getMetrics"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.metrics.spans import PERIOD_DEFAULT, PERIODS
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Number, Output, RecordOf, Text, Timestamp
from koko_integrations.rpc.procedure import query


class GetMetricsInput(Input):
    integrationId = Id(required=True)
    period = Choice(tuple(PERIODS), load_default=PERIOD_DEFAULT)


class Runs(Output):
    """`latencyP50` and `latencyP95` are milliseconds, and absent where no run says how long it took."""

    runs = Number(whole=True, required=True)
    succeeded = Number(whole=True, required=True)
    # A schema has a `partial` of its own.
    some_failed = Number(whole=True, required=True, data_key="partial")
    failed = Number(whole=True, required=True)
    items = Number(whole=True, required=True)
    latencyP50 = Number(whole=True)
    latencyP95 = Number(whole=True)


class Action(Runs):
    successRate = Number(minimum=0, maximum=1)


class Totals(Action):
    apiCalls = Number(whole=True, required=True)


class Point(Runs):
    at = Timestamp(required=True)
    apiCalls = Number(whole=True, required=True)


class Failure(Output):
    error = Text(required=True)
    count = Number(whole=True, required=True)
    lastAt = Timestamp(required=True)


class GetMetricsOutput(Output):
    totals = Nested(Totals(), required=True)
    series = ListOf(Nested(Point()), required=True)
    byAction = RecordOf(Nested(Action()), required=True)
    byError = ListOf(Nested(Failure()), required=True)


@query(GetMetricsInput, GetMetricsOutput, IntegrationAccess("admin"))
async def get_metrics(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Tells how an integration's runs went: by hour for 24h and 7d, by day for 30d and 90d (UTC)."""
    return await call.app.metrics.read(call.integration.id, params["period"])
