"""Real syncs, imports and exports are counted as they end."""

from collections.abc import Iterator

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.metrics.counted import Counted
from tests.service import Service, running_service, sandboxed
from tests.sync.team import clock_of_today, join
from tests.transfers.exchange import exchange


@pytest.fixture
def service(sqlite_url: str, sandbox: Sandbox) -> Iterator[Service]:
    with running_service(sandboxed(sqlite_url, sandbox), clock_of_today()) as running:
        yield running


def test_syncs(service: Service, people: People, sandbox: Sandbox) -> None:
    team = join(service, people, sandbox, "slack")
    one = Counted(service, people, team.target)
    team.sync("full")
    (entry,) = team.logs(action="sync")
    totals = one.metrics("24h")["totals"]
    assert (totals["runs"], totals["succeeded"]) == (1, 1)
    assert totals["items"] == entry["details"]["itemsProcessed"] > 0
    assert totals["apiCalls"] > 0
    assert "latencyP50" in totals
    sandbox.slack.fail("/api/conversations.list", status=404)
    service.clock.advance(s=1)
    team.sync("full", dryRun=True)
    assert one.metrics("24h")["totals"]["runs"] == 1, "what would be done is not done"
    sandbox.slack.fail("/api/conversations.list", status=404)
    team.sync("full")
    found = one.metrics("24h")
    assert (found["byAction"]["sync"]["runs"], found["byAction"]["sync"]["failed"]) == (2, 1)
    assert [error["count"] for error in found["byError"]] == [1]


def test_imports_and_exports(service: Service, people: People, sandbox: Sandbox) -> None:
    dropbox = exchange(service, people, sandbox, "dropbox")
    one = Counted(service, people, dropbox.team.target)
    assert dropbox.take("/Empty/one.mov", "/Empty/two.mov")["status"] == "failed"
    found = one.metrics("24h")
    assert found["byAction"]["import"]["failed"] == 1
    (error,) = found["byError"]
    assert error["count"] == 1, "two files failed alike, in one run"
    assert "one.mov" not in error["error"]
    service.rows.insert(
        "asset",
        id="a",
        project_id="proj-1",
        uploaded_by="owner",
        name="A",
        original_file_name="a.mov",
        file_size=1,
        mime_type="video/quicktime",
        storage_key="gone",
        storage_url="gone",
    )
    dropbox.give("a")
    assert one.metrics("24h")["byAction"]["export"]["runs"] == 1
