"""The contract that every provider keeps, one row of the table each, against its stand-in over real HTTP.

Connect, prove, renew, revoke; then 401, 403, 429, 5xx, HTML for JSON, empty and mistyped answers.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from koko_integrations.registry import find_provider_classes
from providers.kit.base import CallsKoko, ConnectsByKeys, ConnectsByOAuth, Revokes
from sandbox.kit.oauth import AuthorizationServer
from sandbox.kit.stand_in import StandIn
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import consent, finish, start
from tests.service import RpcError, Service, running_service, sandboxed


@dataclass(frozen=True)
class Case:
    """One provider: where its stand-in is, which paths matter, and what its OAuth is like."""

    slug: str
    stand_in: Callable[[Sandbox], StandIn]
    server: Callable[[Sandbox], AuthorizationServer]
    account: str
    token_path: str
    whoami_path: str
    pkce: bool
    basic: bool
    json: bool
    scopes: tuple[str, ...]
    renews: bool = True
    keeps_refresh_token: bool = False
    refresh_path: str | None = None
    revokes: bool = True


CASES = [
    Case("slack", lambda s: s.slack, lambda s: s.slack.oauth, "Sandbox Workspace", "/api/oauth.v2.access",
         "/api/auth.test", pkce=False, basic=True, json=False,
         scopes=("chat:write", "channels:read", "links:read", "links:write")),
    Case("teams", lambda s: s.microsoft, lambda s: s.microsoft.oauth, "Ada Admin", "/organizations/oauth2/v2.0/token",
         "/v1.0/me", pkce=True, basic=False, json=False, revokes=False,
         scopes=("User.Read", "Team.ReadBasic.All", "Channel.ReadBasic.All", "ChannelMessage.Send")),
    Case("onedrive", lambda s: s.microsoft, lambda s: s.microsoft.oauth, "Ada Admin", "/common/oauth2/v2.0/token",
         "/v1.0/me", pkce=True, basic=False, json=False, revokes=False,
         scopes=("User.Read", "Files.Read", "Files.ReadWrite")),
    Case("discord", lambda s: s.discord, lambda s: s.discord.oauth, "Koko", "/api/oauth2/token", "",
         pkce=False, basic=True, json=False, scopes=(), renews=False),
    Case("asana", lambda s: s.asana, lambda s: s.asana.oauth, "Ada Admin", "/-/oauth_token", "/api/1.0/users/me",
         pkce=True, basic=False, json=False, keeps_refresh_token=True,
         scopes=("workspaces:read", "projects:read", "tasks:read", "tasks:write", "stories:read", "stories:write",
                 "attachments:read", "custom_fields:read", "webhooks:read", "webhooks:write", "webhooks:delete")),
    Case("monday", lambda s: s.monday, lambda s: s.monday.oauth, "Sandbox Account", "/oauth_ms/oauth/token", "/v2",
         pkce=True, basic=False, json=True, scopes=("me:read", "account:read", "boards:read", "boards:write",
                                                    "updates:read", "updates:write", "assets:read", "webhooks:write")),
    Case("jira", lambda s: s.atlassian, lambda s: s.atlassian.jira, "sandbox", "/oauth/token",
         "/oauth/token/accessible-resources", pkce=False, basic=False, json=True, revokes=False,
         scopes=("read:jira-user", "read:jira-work", "write:jira-work", "manage:jira-webhook")),
    Case("notion", lambda s: s.notion, lambda s: s.notion.oauth, "Sandbox Workspace", "/v1/oauth/token", "/v1/users/me",
         pkce=False, basic=True, json=True, scopes=()),
    Case("trello", lambda s: s.atlassian, lambda s: s.atlassian.trello, "Ada Admin", "/oauth/token", "/1/members/me",
         pkce=True, basic=False, json=True, revokes=False,
         scopes=("read:member:trello", "offline_access", "read:board:trello", "write:board:trello")),
    Case("dropbox", lambda s: s.dropbox, lambda s: s.dropbox.oauth, "Ada Admin", "/oauth2/token",
         "/2/users/get_current_account", pkce=True, basic=False, json=False, keeps_refresh_token=True,
         scopes=("account_info.read", "files.metadata.read", "files.content.read", "files.content.write")),
    Case("google_drive", lambda s: s.google, lambda s: s.google.oauth, "ada@sandbox.example", "/token",
         "/drive/v3/about", pkce=True, basic=False, json=False, keeps_refresh_token=True,
         scopes=("https://www.googleapis.com/auth/drive.readonly", "https://www.googleapis.com/auth/drive.file")),
    Case("figma", lambda s: s.figma, lambda s: s.figma.oauth, "Ada Admin", "/v1/oauth/token", "/v1/me",
         pkce=False, basic=True, json=False, revokes=False, keeps_refresh_token=True, refresh_path="/v1/oauth/refresh",
         scopes=("file_content:read", "file_metadata:read", "file_comments:read", "webhooks:write")),
]  # fmt: skip

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.slug)
renewing = pytest.mark.parametrize("case", [c for c in CASES if c.renews], ids=lambda case: case.slug)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Providers do not know the database: one is enough."""
    url: str = request.getfixturevalue("sqlite_url")
    return url


@pytest.fixture(autouse=True)
def rotating_slack(sandbox: Sandbox) -> None:
    sandbox.slack.rotate_tokens(on=True)


def connect(service: Service, people: People, case: Case) -> dict[str, str]:
    first = start(service, people.admin, case.slug)
    done = finish(service, people.admin, consent(first["authUrl"]), case.slug)
    return {"integrationId": done["integration"]["id"]}


def test_the_table_is_complete() -> None:
    by_oauth = {found.manifest.slug for found in find_provider_classes() if issubclass(found, ConnectsByOAuth)}
    assert {case.slug for case in CASES} == by_oauth - {"premiere", "aftereffects"}


@pytest.mark.parametrize("slug", ["premiere", "aftereffects"])
def test_adobe_proves_who_connects_and_koko_issues_the_key(
    service: Service, people: People, sandbox: Sandbox, slug: str
) -> None:
    callback = consent(start(service, people.admin, slug)["authUrl"])
    done = finish(service, people.admin, callback, slug)
    assert done["integration"]["status"] == "connected"
    assert done["apiKey"].startswith("koko_")
    row = service.rows.query("SELECT access_token, refresh_token, scope FROM integration")[0]
    assert row == (None, None, "[]"), "nothing of Adobe's is kept"
    assert '"name":"Ada Admin"' in service.rows.query("SELECT account FROM integration_connection")[0][0]
    target = {"integrationId": done["integration"]["id"]}
    status = service.call("integration.getStatus", target, token=done["apiKey"])
    assert status["health"]["status"] == "healthy"
    assert service.call("integration.test", target, token=people.admin)["success"]
    assert service.call("integration.disconnect", target, token=people.admin)["revoked"]
    with pytest.raises(RpcError) as refused:
        service.call("integration.getStatus", target, token=done["apiKey"])
    assert refused.value.code == "UNAUTHORIZED"
    with pytest.raises(RpcError) as refused:
        finish(service, people.admin, consent(start(service, people.admin, slug)["authUrl"]), slug, authCode="wrong")
    assert refused.value.code == "BAD_REQUEST"
    assert service.rows.query("SELECT COUNT(*) FROM api_key") == [(0,)]


def test_panels_without_an_adobe_app_get_their_key_at_once(sqlite_url: str, sandbox: Sandbox) -> None:
    settings = dataclasses.replace(sandboxed(sqlite_url, sandbox), provider_apps={})
    with running_service(settings) as service:
        people = People(service)
        done = service.call("integration.connect", {"teamId": TEAM, "provider": "premiere"}, token=people.admin)
        assert done["integration"]["status"] == "connected"
        assert done["apiKey"]


def test_every_provider_but_custom_can_be_connected() -> None:
    for found in find_provider_classes():
        assert issubclass(found, ConnectsByOAuth | ConnectsByKeys | CallsKoko) or found.manifest.slug == "custom"
        assert issubclass(found, Revokes | CallsKoko) or found.manifest.removal_hint or found.manifest.slug == "custom"


@every
def test_connect(service: Service, people: People, sandbox: Sandbox, case: Case) -> None:
    first = start(service, people.admin, case.slug)
    query = parse_qs(urlsplit(first["authUrl"]).query)
    assert ("code_challenge" in query) is case.pkce
    assert query.get("code_challenge_method") == (["S256"] if case.pkce else None)
    integration = finish(service, people.admin, consent(first["authUrl"]), case.slug)["integration"]
    assert integration["status"] == "connected"
    assert tuple(integration["scope"]) == case.scopes
    request = case.stand_in(sandbox).requests_to(case.token_path)[0]
    assert request.headers.get("authorization", "").startswith("Basic ") is case.basic
    assert ("client_secret" in request.data) is not case.basic
    assert ("application/json" in request.headers["content-type"]) is case.json
    assert ("code_verifier" in request.data) is case.pkce
    row = service.rows.query("SELECT account FROM integration_connection")[0][0]
    assert f'"name":"{case.account}"' in row
    status = service.call("integration.getStatus", {"integrationId": integration["id"]}, token=people.member)
    assert status["health"]["status"] == "healthy", status["health"]
    tested = service.call("integration.test", {"integrationId": integration["id"]}, token=people.admin)
    assert (tested["success"], tested.get("errors")) == (True, None)


@every
def test_disconnect(service: Service, people: People, sandbox: Sandbox, case: Case) -> None:
    target = connect(service, people, case)
    done = service.call("integration.disconnect", target, token=people.admin)
    assert done["success"]
    assert done["revoked"] is case.revokes
    if case.revokes and case.renews:
        server = case.server(sandbox)
        assert all(server.find_live(token.access) is None for token in server.tokens)
    elif not case.revokes:
        assert "revoke" in done["reason"]
        assert done["advice"]
    log = service.rows.query("SELECT details FROM integration_log")[0][0]
    assert f'"revoked":{"true" if case.revokes else "false"}' in log


@renewing
def test_renewal(service: Service, people: People, sandbox: Sandbox, case: Case) -> None:
    target = connect(service, people, case)
    server, stand_in = case.server(sandbox), case.stand_in(sandbox)
    stand_in.seen.clear()
    first = server.tokens[0]
    first.expires_at_s = 0
    tested = service.call("integration.test", target, token=people.admin)
    assert tested["success"], tested
    path = case.refresh_path or case.token_path
    assert len(stand_in.requests_to(path)) == 1
    assert stand_in.requests_to(path)[0].data["refresh_token"] == first.refresh
    # And once more: with the rotated refresh token, or the one that stays.
    server.tokens[-1].expires_at_s = 0
    assert service.call("integration.test", target, token=people.admin)["success"]
    used = stand_in.requests_to(path)[1].data["refresh_token"]
    assert (used == first.refresh) is case.keeps_refresh_token


@renewing
def test_consent_that_was_withdrawn(service: Service, people: People, sandbox: Sandbox, case: Case) -> None:
    target = connect(service, people, case)
    for token in case.server(sandbox).tokens:
        token.revoked = True
    tested = service.call("integration.test", target, token=people.admin)
    assert not tested["success"]
    status = service.call("integration.getStatus", target, token=people.member)
    assert (status["integration"]["status"], status["health"]["status"]) == ("error", "down")
    again = start(service, people.admin, case.slug)
    done = finish(service, people.admin, consent(again["authUrl"]), case.slug)["integration"]
    assert (done["id"], done["status"]) == (target["integrationId"], "connected")


@every
def test_wrong_code_and_wrong_app(service: Service, people: People, sandbox: Sandbox, case: Case) -> None:
    callback = consent(start(service, people.admin, case.slug)["authUrl"])
    with pytest.raises(RpcError) as refused:
        finish(service, people.admin, callback, case.slug, authCode="wrong")
    assert refused.value.code == "BAD_REQUEST"
    assert "connect again" in refused.value.message or "connect Slack again" in refused.value.message
    server = case.server(sandbox)
    kept, server.client_secret = server.client_secret, "changed-at-the-provider"
    try:
        callback = consent(start(service, people.admin, case.slug)["authUrl"])
        with pytest.raises(RpcError) as refused:
            finish(service, people.admin, callback, case.slug)
    finally:
        server.client_secret = kept
    assert "Koko's app" in refused.value.message
    assert service.rows.query("SELECT COUNT(*) FROM integration") == [(0,)]


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"status": 429, "headers": {"Retry-After": "40"}}, "connected"),
    ({"status": 500, "body": b"<html>", "times": 3}, "connected"),
    ({"status": 503, "times": 3}, "connected"),
    ({"body": b"<html>Welcome</html>"}, "connected"),
    ({"body": b""}, "connected"),
    ({"body": b"{}"}, "connected"),
    ({"body": b"[1]"}, "connected"),
    ({"body": b"null"}, "connected"),
    ({"status": 302, "headers": {"Location": "https://elsewhere.example/"}}, "connected"),
]


@pytest.mark.parametrize(("fault", "status"), FAULTS, ids=lambda value: str(value)[:40])
@renewing
def test_a_provider_that_misbehaves(
    service: Service, people: People, sandbox: Sandbox, case: Case, fault: dict[str, Any], status: str
) -> None:
    target = connect(service, people, case)
    case.stand_in(sandbox).fail(case.whoami_path, **fault)
    tested = service.call("integration.test", target, token=people.admin)
    assert not tested["success"]
    assert "elsewhere" not in str(tested)
    found = service.call("integration.getStatus", target, token=people.member)
    assert found["integration"]["status"] == status
    assert found["health"]["status"] == "degraded"
    assert service.call("integration.test", target, token=people.admin)["success"]


def test_jira_with_several_sites(service: Service, people: People, sandbox: Sandbox) -> None:
    from sandbox.atlassian import SITES

    sandbox.atlassian.sites = SITES
    first = start(service, people.admin, "jira", config={"cloudId": SITES[1]["id"]})
    done = finish(service, people.admin, consent(first["authUrl"]), "jira")["integration"]
    assert done["config"]["siteUrl"] == "https://studio.atlassian.net"
    assert [site["name"] for site in done["config"]["sites"]] == ["sandbox", "studio"]
    # The site that was chosen goes away.
    sandbox.atlassian.sites = SITES[:1]
    tested = service.call("integration.test", {"integrationId": done["id"]}, token=people.admin)
    assert "no access to the chosen Jira site" in tested["errors"][0]


def test_jira_without_a_site(service: Service, people: People, sandbox: Sandbox) -> None:
    sandbox.atlassian.sites = []
    callback = consent(start(service, people.admin, "jira")["authUrl"])
    with pytest.raises(RpcError) as refused:
        finish(service, people.admin, callback, "jira")
    assert "has no Jira site" in refused.value.message


def test_a_scope_that_was_unticked(service: Service, people: People, sandbox: Sandbox) -> None:
    """Google's consent page lets people do that."""
    auth_url = start(service, people.admin, "google_drive")["authUrl"]
    readonly = "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdrive.readonly+"
    assert readonly in auth_url
    done = finish(service, people.admin, consent(auth_url.replace(readonly, "")), "google_drive")["integration"]
    status = service.call("integration.getStatus", {"integrationId": done["id"]}, token=people.member)
    assert status["health"]["status"] == "degraded"
    assert status["health"]["issues"][0].startswith("File sync is off")


def test_verifiers_are_sealed_while_they_wait(service: Service, people: People, sandbox: Sandbox) -> None:
    auth_url = start(service, people.admin, "dropbox")["authUrl"]
    verifier = service.rows.query("SELECT code_verifier FROM pending_connection")[0][0]
    assert verifier.startswith("v1.k1.")
    state = parse_qs(urlsplit(auth_url).query)["state"][0]
    assert state not in str(service.rows.query("SELECT * FROM pending_connection"))


def test_asking_for_what_is_missing(service: Service, people: People, sandbox: Sandbox) -> None:
    """A connected integration that misses scopes may be consented to again; it stays connected meanwhile."""
    readonly = "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdrive.readonly+"
    first = start(service, people.admin, "google_drive")["authUrl"]
    narrow = finish(service, people.admin, consent(first.replace(readonly, "")), "google_drive")["integration"]
    again = start(service, people.admin, "google_drive")
    assert again["integration"]["status"] == "connected"
    assert again["integration"]["id"] == narrow["id"]
    asked = parse_qs(urlsplit(again["authUrl"]).query)["scope"][0].split()
    assert asked == [f"https://www.googleapis.com/auth/{name}" for name in ("drive.readonly", "drive.file")]
    # Giving up on the way changes nothing.
    with pytest.raises(RpcError):
        finish(service, people.admin, consent(again["authUrl"]), "google_drive", authCode="wrong")
    target = {"integrationId": narrow["id"]}
    assert service.call("integration.test", target, token=people.admin)["success"]
    again = start(service, people.admin, "google_drive")
    whole = finish(service, people.admin, consent(again["authUrl"]), "google_drive")["integration"]
    assert whole["id"] == narrow["id"]
    assert len(whole["scope"]) == 2
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["health"]["status"] == "healthy"
    with pytest.raises(RpcError) as refused:
        start(service, people.admin, "google_drive")
    assert refused.value.code == "CONFLICT"
