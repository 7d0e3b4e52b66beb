"""integration.listResources: every page of what a team may choose from."""

from typing import Any

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import connect
from tests.service import RpcError, Service

CASES: list[tuple[str, str, list[tuple[str, str | None]]]] = [
    ("slack", "channels", [("general", None), ("reviews", None), ("dailies", None)]),
    ("teams", "channels", [("General", "Post"), ("Grading", "Post"), ("General", "Sound")]),
    ("asana", "workspaces", [("Sandbox Workspace", None)]),
    ("asana", "projects", [("Trailer", "Sandbox Workspace"), ("Feature film", "Sandbox Workspace")]),
    ("monday", "boards", [("Shots", None), ("Feature film", None)]),
    ("jira", "sites", [("sandbox", None)]),
    ("jira", "projects", [("Cut", None), ("Effects", None)]),
    ("trello", "boards", [("Dailies", None), ("Trailer", None)]),
    ("notion", "projects", [("Trailer", None), ("Feature film", None)]),
]


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("sqlite_url")
    return url


def list_them(service: Service, people: People, target: str, kind: str) -> list[dict[str, Any]]:
    params = {"integrationId": target, "kind": kind}
    found: list[dict[str, Any]] = service.call("integration.listResources", params, token=people.admin)["resources"]
    return found


@pytest.mark.parametrize(("slug", "kind", "expected"), CASES)
def test_all_pages(
    service: Service, people: People, sandbox: Sandbox, slug: str, kind: str, expected: list[tuple[str, str | None]]
) -> None:
    target = str(connect(service, people.admin, slug)["id"])
    found = list_them(service, people, target, kind)
    assert [(one["name"], one.get("parentName")) for one in found] == expected
    assert len({one["id"] for one in found}) == len(expected)


def test_kinds_that_a_provider_lacks(service: Service, people: People, sandbox: Sandbox) -> None:
    target = str(connect(service, people.admin, "jira")["id"])
    with pytest.raises(RpcError) as refused:
        list_them(service, people, target, "channels")
    assert refused.value.fields == {"kind": ["Jira has no channels; it has sites, projects, statuses, fields"]}
    target = str(connect(service, people.admin, "figma")["id"])
    with pytest.raises(RpcError) as refused:
        list_them(service, people, target, "projects")
    assert "none to choose from" in refused.value.message


def test_only_of_what_is_connected(service: Service, people: People, sandbox: Sandbox) -> None:
    target = str(connect(service, people.admin, "slack")["id"])
    service.call("integration.disconnect", {"integrationId": target}, token=people.admin)
    with pytest.raises(RpcError) as refused:
        list_them(service, people, target, "channels")
    assert refused.value.code == "PRECONDITION_FAILED"


def test_an_expired_token_is_renewed_on_the_way(service: Service, people: People, sandbox: Sandbox) -> None:
    target = str(connect(service, people.admin, "jira")["id"])
    sandbox.atlassian.jira.tokens[0].expires_at_s = 0
    assert len(list_them(service, people, target, "projects")) == 2


@pytest.mark.parametrize("body", [b'{"ok":true}', b'{"ok":true,"channels":{}}', b'{"ok":true,"channels":[5]}'])
def test_a_list_of_the_wrong_shape(service: Service, people: People, sandbox: Sandbox, body: bytes) -> None:
    target = str(connect(service, people.admin, "slack")["id"])
    sandbox.slack.fail("/api/conversations.list", body=body)
    with pytest.raises(RpcError) as refused:
        list_them(service, people, target, "channels")
    assert refused.value.code == "UNPROCESSABLE_CONTENT"


def test_a_next_page_that_leads_elsewhere(service: Service, people: People, sandbox: Sandbox) -> None:
    """A token must not follow a link out of the provider."""
    target = str(connect(service, people.admin, "teams")["id"])
    link = b'{"value":[],"@odata.nextLink":"https://evil.example/v1.0/me/joinedTeams"}'
    sandbox.microsoft.fail("/v1.0/me/joinedTeams", body=link)
    with pytest.raises(RpcError) as refused:
        list_them(service, people, target, "channels")
    assert refused.value.code == "UNPROCESSABLE_CONTENT"


def test_a_workflow_has_nothing_to_choose(service: Service, people: People) -> None:
    url = "https://prod-1.westeurope.logic.azure.com/workflows/x?sig=y"
    params = {"teamId": TEAM, "provider": "teams", "config": {"webhookUrl": url}}
    target = service.call("integration.connect", params, token=people.admin)["integration"]["id"]
    with pytest.raises(RpcError) as refused:
        list_them(service, people, target, "channels")
    assert "its own channel" in refused.value.message


def test_a_provider_that_does_not_answer_is_left_alone_for_a_while(
    service: Service, people: People, sandbox: Sandbox
) -> None:
    target = str(connect(service, people.admin, "slack")["id"])
    path = "/api/conversations.list"
    sandbox.slack.fail(path, status=503, times=100)
    for _ in range(5):
        with pytest.raises(RpcError, match="not answering properly"):
            list_them(service, people, target, "channels")
    asked = len(sandbox.slack.requests_to(path))
    with pytest.raises(RpcError, match="tries again") as refused:
        list_them(service, people, target, "channels")
    assert (refused.value.code, refused.value.data["retryAfter"]) == ("TIMEOUT", 30)
    assert len(sandbox.slack.requests_to(path)) == asked, "nobody waits for it"
    status = service.call("integration.getStatus", {"integrationId": target}, token=people.member)
    assert status["health"]["status"] == "degraded"
    assert status["health"]["issues"] == [
        "Slack has not been answering; Koko tries again in 30 s",
        "Choose a channel (channelId) to get notifications",
    ]
    # An admin who tests asks all the same, and a good answer ends the rest.
    assert service.call("integration.test", {"integrationId": target}, token=people.admin)["success"]
    status = service.call("integration.getStatus", {"integrationId": target}, token=people.member)
    assert status["health"]["status"] == "healthy"


def test_one_more_failure_after_the_rest_is_enough(service: Service, people: People, sandbox: Sandbox) -> None:
    target = str(connect(service, people.admin, "slack")["id"])
    path = "/api/conversations.list"
    sandbox.slack.fail(path, status=503, times=100)
    for _ in range(5):
        with pytest.raises(RpcError):
            list_them(service, people, target, "channels")
    service.clock.advance(s=30)
    asked = len(sandbox.slack.requests_to(path))
    for _ in range(3):
        with pytest.raises(RpcError):
            list_them(service, people, target, "channels")
    # One trial, with the client's own three attempts.
    assert len(sandbox.slack.requests_to(path)) == asked + 3
