"""integration.list: the catalogue of 18, merged with the team's rows."""

import pytest

from koko_integrations.contract import CONNECTABLE
from tests.conftest import TEAM, People
from tests.connections.consent import connect
from tests.service import RpcError, Service

ALL = {*CONNECTABLE, "custom"}


def test_all_eighteen(service: Service, people: People) -> None:
    entries = service.call("integration.list", {"teamId": TEAM}, token=people.member)["integrations"]
    assert {entry["provider"] for entry in entries} == ALL
    assert len(entries) == 18
    assert {entry["status"] for entry in entries} == {"disconnected"}
    for entry in entries:
        assert entry["description"]
        assert entry["features"]
        assert "connectedAt" not in entry
        assert "integrationId" not in entry


def test_the_documents_example(service: Service, people: People) -> None:
    connect(service, people.admin)
    entries = service.call("integration.list", {"teamId": TEAM, "category": "communication"}, token=people.member)
    by_provider = {entry["provider"]: entry for entry in entries["integrations"]}
    assert set(by_provider) == {"slack", "teams", "discord"}
    slack = by_provider["slack"]
    assert slack["description"] == "Get notifications in Slack when videos are uploaded or commented on"
    assert slack["features"] == ["Comment notifications", "Upload alerts", "Approval requests", "Link previews"]
    assert slack["status"] == "connected"
    assert slack["connectedAt"] == "2025-11-13T02:13:20Z"
    teams = by_provider["teams"]
    assert teams["description"] == "Send notifications to Microsoft Teams channels"
    assert teams["features"] == ["Comment notifications", "Upload alerts"]


@pytest.mark.parametrize("status", ["connected", "disconnected", "all"])
def test_status_filter(service: Service, people: People, status: str) -> None:
    connect(service, people.admin)
    params = {"teamId": TEAM, "status": status}
    entries = service.call("integration.list", params, token=people.member)["integrations"]
    expected = {"connected": {"slack"}, "disconnected": ALL - {"slack"}, "all": ALL}[status]
    assert {entry["provider"] for entry in entries} == expected


def test_other_teams_rows_do_not_show(service: Service, people: People) -> None:
    connect(service, people.admin)
    entries = service.call("integration.list", {"teamId": "team-2"}, token=people.stranger)["integrations"]
    assert {entry["status"] for entry in entries} == {"disconnected"}


def test_several_connections_of_one_provider_are_a_line_each(service: Service, people: People) -> None:
    for number, status in enumerate(("connected", "connected", "disconnected")):
        service.rows.insert(
            "integration",
            id=f"int_{number}",
            team_id=TEAM,
            provider="custom",
            provider_name=f"Hook {number}",
            category="automation",
            status=status,
            connected_at=1000 + number,
            created_at=number,
            updated_at=0,
        )
    params = {"teamId": TEAM, "category": "automation"}
    entries = service.call("integration.list", params, token=people.member)["integrations"]
    hooks = [(entry["providerName"], entry["status"]) for entry in entries if entry["provider"] == "custom"]
    assert hooks == [("Hook 1", "connected"), ("Hook 0", "connected")]


def test_custom_is_not_for_connect(service: Service, people: People) -> None:
    with pytest.raises(RpcError) as refused:
        service.call("integration.connect", {"teamId": TEAM, "provider": "custom"}, token=people.admin)
    assert list(refused.value.fields) == ["provider"]
