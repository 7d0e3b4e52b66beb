"""integration.getMetrics: edges of hours, days and periods, what counts as a run, and who may ask."""

from typing import Any

import pytest

from koko_integrations.database import Transaction
from koko_integrations.journal import write_entry
from tests.conftest import TEAM
from tests.metrics.counted import DAY, HOUR, Counted, Entry
from tests.service import RpcError

NOON = 1_763_035_200_000
"""2025-11-13T12:00:00Z"""


@pytest.fixture(autouse=True)
def noon(one: Counted) -> None:
    one.service.clock.now = NOON


def test_nothing_yet(one: Counted) -> None:
    for period, points, first in (
        ("24h", 24, "2025-11-12T13:00:00Z"),
        ("7d", 168, "2025-11-06T13:00:00Z"),
        ("30d", 30, "2025-10-15T00:00:00Z"),
        ("90d", 90, "2025-08-16T00:00:00Z"),
    ):
        found = one.metrics(period)
        zeros = {"runs": 0, "succeeded": 0, "partial": 0, "failed": 0, "items": 0, "apiCalls": 0}
        assert found["totals"] == zeros
        assert (found["byAction"], found["byError"]) == ({}, [])
        assert len(found["series"]) == points
        assert found["series"][0] == {"at": first, **zeros}
        assert found["series"][-1]["at"] == ("2025-11-13T12:00:00Z" if points in (24, 168) else "2025-11-13T00:00:00Z")
    assert len(one.metrics()["series"]) == 168, "7d is what is shown unless told"


def test_edges(one: Counted) -> None:
    hours, days = 23 * HOUR, 29 * DAY + 12 * HOUR
    one.write(Entry(0), Entry(1), Entry(HOUR), Entry(HOUR + 1))
    one.write(Entry(hours), Entry(hours + 1), Entry(days), Entry(days + 1))
    assert one.shown("24h") == {
        "2025-11-12T13:00:00Z": 1,
        "2025-11-13T10:00:00Z": 1,
        "2025-11-13T11:00:00Z": 2,
        "2025-11-13T12:00:00Z": 1,
    }
    assert one.shown("30d") == {"2025-10-15T00:00:00Z": 1, "2025-11-12T00:00:00Z": 2, "2025-11-13T00:00:00Z": 4}
    assert one.shown("90d") == {"2025-10-14T00:00:00Z": 1, **one.shown("30d")}
    one.service.clock.advance(ms=HOUR - 1)
    assert len(one.shown("24h")) == 4
    one.service.clock.advance(ms=1)
    assert list(one.shown("24h")) == ["2025-11-13T10:00:00Z", "2025-11-13T11:00:00Z", "2025-11-13T12:00:00Z"]


def test_a_chart(one: Counted) -> None:
    one.write(
        Entry(0, "sync", "success", items=5, duration=1000),
        Entry(0, "sync", "partial", items=2, duration=3000, errors=["“Intro”: Not for you", "“Outro”: Not for you"]),
        Entry(HOUR, "import", "failed", duration=8000, errors=["Gone"]),
        Entry(HOUR, "webhook", "success"),
    )
    found = one.metrics("24h")
    assert found["totals"] == {
        "runs": 4,
        "succeeded": 2,
        "partial": 1,
        "failed": 1,
        "items": 7,
        "apiCalls": 0,
        "successRate": 0.5,
        "latencyP50": pytest.approx(3000, rel=0.05),
        "latencyP95": pytest.approx(8000, rel=0.05),
    }
    assert found["byAction"]["webhook"] == {
        "runs": 1,
        "succeeded": 1,
        "partial": 0,
        "failed": 0,
        "items": 0,
        "successRate": 1,
    }
    assert found["byAction"]["sync"]["latencyP50"] == pytest.approx(1000, rel=0.05)
    assert found["byError"] == [
        {"error": "Gone", "count": 1, "lastAt": "2025-11-13T11:00:00Z"},
        {"error": "Not for you", "count": 1, "lastAt": "2025-11-13T12:00:00Z"},
    ]


def test_requests_to_the_provider(one: Counted) -> None:
    for ago, calls in ((0, 5), (HOUR, 7), (DAY, 11), (89 * DAY + 12 * HOUR, 13), (90 * DAY, 17)):
        one.service.rows.insert(
            "integration_usage", integration_id=one.target, hour_at=NOON - ago, syncs=0, api_calls=calls
        )
    assert one.metrics("24h")["totals"]["apiCalls"] == 12
    assert one.metrics("7d")["totals"]["apiCalls"] == 23
    found = one.metrics("90d")
    assert found["totals"]["apiCalls"] == 36
    assert [point["apiCalls"] for point in found["series"]] == [13, *[0] * 87, 11, 12]


def test_what_was_not_committed_does_not_count(one: Counted) -> None:
    def fail(tx: Transaction) -> None:
        write_entry(tx, one.target, "sync", "failed", {"duration": 1, "errors": ["Gone"]}, NOON)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        one.service.run(lambda app: app.database.write(fail))
    assert one.metrics("24h")["totals"]["runs"] == 0
    assert one.metrics("24h")["byError"] == []


def test_news_is_no_run_and_reconnecting_forgets_nothing(one: Counted) -> None:
    one.write(Entry())
    call = one.service.call
    call("integration.disconnect", {"integrationId": one.target}, token=one.people.admin)
    assert one.metrics()["totals"]["runs"] == 1, "what is in the journal of it is news"
    again = call("integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=one.people.admin)
    assert again["integration"]["id"] == one.target
    one.write(Entry())
    assert one.metrics()["totals"]["runs"] == 2
    logs = call("integration.getLogs", {"integrationId": one.target}, token=one.people.admin)["logs"]
    assert [entry["details"]["event"] for entry in logs if entry["action"] == "notify"] == ["disconnected"]


def test_another_integration_counts_for_itself(one: Counted) -> None:
    asked: dict[str, Any] = {"teamId": TEAM, "provider": "make"}
    other = one.service.call("integration.connect", asked, token=one.people.admin)["integration"]["id"]
    one.write(Entry())
    assert Counted(one.service, one.people, other).metrics()["totals"]["runs"] == 0


@pytest.mark.parametrize("period", ["", "1d", "365d", 7, None])
def test_a_period_that_does_not_exist(one: Counted, period: Any) -> None:
    asked = {"integrationId": one.target, "period": period}
    with pytest.raises(RpcError) as refused:
        one.service.call("integration.getMetrics", asked, token=one.people.admin)
    assert refused.value.code == "BAD_REQUEST"
    assert "period" in refused.value.fields
