"""What is counted is what the journal holds."""

import asyncio
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from koko_integrations.app import App
from tests.metrics.counted import DAY, HOUR, PERIODS, Counted, Entry, exact, is_close, recount

ENTRIES = st.lists(
    st.builds(
        Entry,
        ago_ms=st.one_of(st.integers(0, 100 * DAY), st.integers(0, 2 * HOUR)),
        action=st.sampled_from(("sync", "import", "export", "notify", "webhook")),
        status=st.sampled_from(("success", "partial", "failed")),
        items=st.one_of(st.none(), st.integers(0, 10**9)),
        duration=st.one_of(st.none(), st.integers(0, 50), st.integers(0, 10**8)),
        errors=st.lists(st.sampled_from(("Gone", "Refused", "“A.mov”: Too large", "“B.mov”: Too large")), max_size=3),
    ),
    max_size=40,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(entries=ENTRIES, now=st.integers(0, 2 * DAY))
def test_sums_are_those_of_the_journal(one: Counted, entries: list[Entry], now: int) -> None:
    for table in ("integration_log", "integration_metric", "integration_failure"):
        one.service.rows.query(f"DELETE FROM {table}")
    one.service.clock.now = 1_763_000_000_000 + now
    one.write(*entries)
    for period, (span, points) in PERIODS.items():
        found, journal = one.metrics(period), one.journal(period)
        assert_same(found["totals"], journal)
        assert len(found["series"]) == points
        ends = one.service.clock.now - one.service.clock.now % span
        for number, point in enumerate(reversed(found["series"])):
            begins = ends - number * span
            assert_same(point, [entry for entry in journal if begins <= entry[3] < begins + span])
        assert set(found["byAction"]) == {entry[0] for entry in journal}
        for action, sums in found["byAction"].items():
            assert_same(sums, [entry for entry in journal if entry[0] == action])
        assert {error["error"]: error["count"] for error in found["byError"]} == failures_in(journal)


def assert_same(found: dict[str, Any], entries: list[tuple[str, str, dict[str, Any], int]]) -> None:
    expected = recount(entries)
    assert {name: found[name] for name in expected} == expected
    durations = [details["duration"] for _, _, details, _ in entries if "duration" in details]
    for name, share in (("latencyP50", 0.5), ("latencyP95", 0.95)):
        if durations:
            assert is_close(found[name], exact(durations, share)), (found[name], sorted(durations))
        else:
            assert name not in found


def failures_in(entries: list[tuple[str, str, dict[str, Any], int]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for _, _, details, _ in entries:
        for error in {message.rpartition(": ")[2] for message in details.get("errors", ())}:
            counts[error] = counts.get(error, 0) + 1
    return counts


def test_writers_at_the_same_time(one: Counted) -> None:
    """Each in a transaction of its own, on as many connections as there are."""
    entries = [Entry(action=("sync", "webhook")[n % 2], duration=n, items=1, errors=["Gone"]) for n in range(200)]

    async def write_all(app: App) -> None:
        await asyncio.gather(*(app.database.write(partial(one.write_in, entry=entry)) for entry in entries))

    one.service.run(write_all)
    for period in PERIODS:
        found = one.metrics(period)
        assert (found["totals"]["runs"], found["totals"]["items"]) == (200, 200)
        assert {action: sums["runs"] for action, sums in found["byAction"].items()} == {"sync": 100, "webhook": 100}
        assert is_close(found["totals"]["latencyP50"], 99)
        assert [(error["error"], error["count"]) for error in found["byError"]] == [("Gone", 200)]
