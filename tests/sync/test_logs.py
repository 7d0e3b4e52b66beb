"""integration.getLogs: filters, pages, and what an entry tells."""

import json
from typing import Any

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import RpcError, Service
from tests.sync.team import PROJECT, Team, join


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    joined = join(service, people, sandbox, "asana")
    joined.configure(projectMapping={PROJECT: "1400"})
    return joined


def write(team: Team, number: int, action: str = "sync", status: str = "success", at: int | None = None) -> None:
    team.service.rows.insert(
        "integration_log",
        id=f"log_{number:04}",
        integration_id=team.target,
        action=action,
        status=status,
        details=json.dumps({"number": number}),
        created_at=team.service.clock.now + number if at is None else at,
    )


def pages(team: Team, **params: Any) -> list[list[int]]:
    found: list[list[int]] = []
    cursor: dict[str, str] = {}
    while True:
        asked = {"integrationId": team.target, **params, **cursor}
        page = team.service.call("integration.getLogs", asked, token=team.people.admin)
        found.append([entry["details"]["number"] for entry in page["logs"]])
        if "nextCursor" not in page:
            return found
        cursor = {"cursor": page["nextCursor"]}


def test_pages_newest_first_whatever_is_written_meanwhile(team: Team) -> None:
    for number in range(45):
        # Several in the same millisecond.
        write(team, number, at=team.service.clock.now + number // 7)
    assert [len(page) for page in pages(team)] == [20, 20, 5]
    assert [number for page in pages(team, limit=7) for number in page] == list(range(44, -1, -1))
    first = team.service.call(
        "integration.getLogs", {"integrationId": team.target, "limit": 5}, token=team.people.admin
    )
    write(team, 999)
    second = team.service.call(
        "integration.getLogs",
        {"integrationId": team.target, "limit": 5, "cursor": first["nextCursor"]},
        token=team.people.admin,
    )
    assert [entry["details"]["number"] for entry in second["logs"]] == [39, 38, 37, 36, 35]


def test_filters(team: Team) -> None:
    for number in range(12):
        action = ("sync", "notify", "import")[number % 3]
        write(team, number, action, ("success", "failed")[number % 2])
    assert pages(team, action="notify") == [[10, 7, 4, 1]]
    assert pages(team, status="failed", limit=4) == [[11, 9, 7, 5], [3, 1]]
    assert pages(team, action="sync", status="failed") == [[9, 3]]
    assert pages(team, action="export") == [[]]


def test_bad_cursors(team: Team) -> None:
    for cursor in ("", "x", "MTI=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OmE=", "LTE6YQ==", "ä"):
        params = {"integrationId": team.target, "cursor": cursor}
        with pytest.raises(RpcError) as refused:
            team.service.call("integration.getLogs", params, token=team.people.admin)
        assert refused.value.code == "BAD_REQUEST"
        assert "cursor" in refused.value.fields


def test_an_entry_tells_the_story_of_its_run(team: Team) -> None:
    team.koko.comment("comment-1", "Words")
    job = team.sync("full")
    (entry,) = team.logs()
    assert (entry["integrationId"], entry["action"], entry["status"]) == (team.target, "sync", "success")
    details = entry["details"]
    assert (details["jobId"], details["syncType"], details["cause"]) == (job["id"], "full", "manual")
    assert details["itemsProcessed"] == 2 + 250 + 3 + 2 + 1
    assert details["itemsFailed"] == 0
    assert details["duration"] >= 0
    assert details["entities"]["tasks"]["pushed"] == 1
    integration = team.integration()
    assert (integration["lastSyncStatus"], integration["lastSyncAt"]) == ("success", job["finishedAt"])
    status = team.service.call("integration.getStatus", {"integrationId": team.target}, token=team.people.admin)
    assert status["usage"]["syncsToday"] == 1
    assert status["usage"]["apiCallsToday"] > 500
    assert status["usage"]["lastSync"] == job["finishedAt"]
