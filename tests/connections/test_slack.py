"""Slack by OAuth, end to end through the real endpoint: the API document's three steps and every way they fail."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from koko_integrations.housekeeping import expire_pending
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import Callback, connect, consent, finish, start
from tests.service import PUBLIC_URL, REDIRECT_URI, RpcError, Service

TOKEN_PATH = "/api/oauth.v2.access"


def refused(service: Service, token: str, callback: Callback, **changes: Any) -> RpcError:
    with pytest.raises(RpcError) as error:
        finish(service, token, callback, **changes)
    return error.value


def assert_nothing_stored(service: Service) -> None:
    rows = service.rows.query("SELECT access_token, refresh_token, status FROM integration WHERE status <> 'pending'")
    assert all(row == (None, None, "disconnected") for row in rows), rows


def test_three_steps(service: Service, people: People, sandbox: Sandbox) -> None:
    first = start(service, people.admin, config={"channelId": "C1", "notifyOn": ["comment"]})
    pending = first["integration"]
    assert pending["status"] == "pending"
    assert "connectedAt" not in pending
    query = parse_qs(urlsplit(first["authUrl"]).query)
    assert query["scope"] == ["chat:write,channels:read,links:read,links:write"]
    assert query["redirect_uri"] == [REDIRECT_URI]
    assert len(query["state"][0]) >= 43
    assert "code_challenge" not in query

    callback = consent(first["authUrl"])
    assert callback.state == query["state"][0]
    integration = finish(service, people.admin, callback)["integration"]
    assert integration == {
        "id": pending["id"],
        "teamId": TEAM,
        "provider": "slack",
        "providerName": "Slack",
        "providerIcon": f"{PUBLIC_URL}/icons/slack.svg",
        "category": "communication",
        "status": "connected",
        "connectedBy": "admin",
        "connectedAt": "2025-11-13T02:13:20Z",
        "config": {
            "channelId": "C1",
            "notifyOn": ["comment"],
            "notifications": {"onComment": True, "onApproval": False, "onUpload": False},
        },
        "scope": ["chat:write", "channels:read", "links:read", "links:write"],
        "createdAt": "2025-11-13T02:13:20Z",
        "updatedAt": "2025-11-13T02:13:20Z",
    }
    exchange = sandbox.slack.requests_to(TOKEN_PATH)
    assert len(exchange) == 1
    assert exchange[0].headers["authorization"].startswith("Basic ")
    assert "client_secret" not in exchange[0].data

    listed = service.call("integration.list", {"teamId": TEAM, "status": "connected"}, token=people.member)
    assert [(entry["provider"], entry["status"]) for entry in listed["integrations"]] == [("slack", "connected")]


def test_status_test_and_disconnect(service: Service, people: People, sandbox: Sandbox) -> None:
    target = {"integrationId": connect(service, people.admin)["id"]}
    service.clock.advance(minutes=5, ms=250)
    tested = service.call("integration.test", target, token=people.admin)
    assert tested["success"]
    assert tested["permissions"] == ["chat:write", "channels:read", "links:read", "links:write"]
    assert tested["latency"] >= 0
    status = service.call("integration.getStatus", target, token=people.member)
    unused = ["Choose a channel (channelId) to get notifications"]
    assert status["health"] == {"status": "healthy", "lastCheck": "2025-11-13T02:18:20.250Z", "issues": unused}
    # The code exchange, and auth.test twice.
    assert status["usage"] == {"syncsToday": 0, "apiCallsToday": 3}
    service.clock.advance(days=1)
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["usage"]["apiCallsToday"] == 0

    live = sandbox.slack.oauth.find_live
    token = sandbox.slack.oauth.tokens[0].access
    assert live(token) is not None
    assert service.call("integration.disconnect", target, token=people.admin) == {"success": True, "revoked": True}
    assert live(token) is None
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["integration"]["status"] == "disconnected"
    assert status["integration"]["scope"] == []
    assert status["health"]["status"] == "down"
    assert_nothing_stored(service)
    logs = service.rows.query("SELECT action, status, details FROM integration_log")
    assert logs == [("notify", "success", '{"event":"disconnected","revoked":true}')]
    with pytest.raises(RpcError) as error:
        service.call("integration.test", target, token=people.admin)
    assert error.value.code == "PRECONDITION_FAILED"


def test_disconnecting_twice_is_not_an_error(service: Service, people: People, sandbox: Sandbox) -> None:
    target = {"integrationId": connect(service, people.admin)["id"]}
    service.call("integration.disconnect", target, token=people.admin)
    again = service.call("integration.disconnect", target, token=people.admin)
    assert again == {"success": True, "revoked": False, "reason": "it was not connected"}
    assert len(sandbox.slack.requests_to("/api/auth.revoke")) == 1


def test_disconnect_without_revoking(service: Service, people: People, sandbox: Sandbox) -> None:
    target = {"integrationId": connect(service, people.admin)["id"]}
    done = service.call("integration.disconnect", target | {"revokeAccess": False}, token=people.admin)
    assert (done["success"], done["revoked"]) == (True, False)
    assert not sandbox.slack.requests_to("/api/auth.revoke")
    assert_nothing_stored(service)


@pytest.mark.parametrize(
    ("fault", "revoked"),
    [
        ({"status": 500}, False),
        ({"status": 200, "body": b"<html>"}, False),
        ({"status": 200, "body": b'{"ok":false,"error":"ratelimited"}'}, False),
        ({"status": 200, "body": b'{"ok":false,"error":"token_revoked"}'}, True),
    ],
)
def test_disconnect_wipes_whatever_slack_says(
    service: Service, people: People, sandbox: Sandbox, fault: dict[str, Any], revoked: bool
) -> None:
    target = {"integrationId": connect(service, people.admin)["id"]}
    sandbox.slack.fail("/api/auth.revoke", **fault)
    done = service.call("integration.disconnect", target, token=people.admin)
    assert (done["success"], done["revoked"]) == (True, revoked)
    assert done["reason"]
    assert_nothing_stored(service)


def test_reconnect_in_place_keeps_id_and_config(service: Service, people: People) -> None:
    first = start(service, people.admin, config={"channelId": "C1", "autoSync": True})
    before = finish(service, people.admin, consent(first["authUrl"]))["integration"]
    service.call("integration.disconnect", {"integrationId": before["id"]}, token=people.admin)
    service.clock.advance(days=3)
    again = start(service, people.owner, config={"channelId": "C2"})
    assert again["integration"]["id"] == before["id"]
    after = finish(service, people.owner, consent(again["authUrl"]))["integration"]
    assert after["id"] == before["id"]
    assert after["createdAt"] == before["createdAt"]
    assert after["connectedBy"] == "owner"
    assert after["config"] == {"channelId": "C2", "autoSync": True}


def test_connecting_twice_is_a_conflict(service: Service, people: People, sandbox: Sandbox) -> None:
    connect(service, people.admin)
    with pytest.raises(RpcError) as error:
        start(service, people.owner)
    assert (error.value.code, error.value.number) == ("CONFLICT", -32009)
    assert len(sandbox.slack.requests_to(TOKEN_PATH)) == 1


def test_state_may_be_left_out(service: Service, people: People) -> None:
    start(service, people.admin)
    callback = consent(start(service, people.admin)["authUrl"])
    integration = finish(service, people.admin, callback, state=None)["integration"]
    assert integration["status"] == "connected"


def test_redirect_uri_may_be_left_out_with_the_state(service: Service, people: People) -> None:
    callback = consent(start(service, people.admin)["authUrl"])
    assert finish(service, people.admin, callback, redirectUri=None)["integration"]["status"] == "connected"


def test_redirect_uris_are_an_exact_list(service: Service, people: People, sandbox: Sandbox) -> None:
    for uri in (REDIRECT_URI + "/", REDIRECT_URI + "?x=1", "https://evil.example/integrations/callback"):
        with pytest.raises(RpcError) as error:
            start(service, people.admin, redirectUri=uri)
        assert error.value.code == "BAD_REQUEST"
        assert list(error.value.fields) == ["redirectUri"]
    with pytest.raises(RpcError) as error:
        service.call("integration.connect", {"teamId": TEAM, "provider": "slack"}, token=people.admin)
    assert list(error.value.fields) == ["redirectUri"]
    assert service.rows.query("SELECT COUNT(*) FROM integration") == [(0,)]


STATE_FAULTS = ["wrong", "foreign user", "foreign team", "foreign provider", "used", "expired"]


@pytest.mark.parametrize("fault", STATE_FAULTS)
@pytest.mark.parametrize("named", [True, False], ids=["by state", "newest"])
def test_state_that_does_not_count(service: Service, people: People, sandbox: Sandbox, fault: str, named: bool) -> None:
    callback = consent(start(service, people.admin)["authUrl"])
    token = people.admin
    changes: dict[str, Any] = {} if named else {"state": None}
    if fault == "wrong":
        changes = {"state": "A" * 43}
    elif fault == "foreign user":
        token = people.owner
    elif fault == "foreign team":
        token, changes = people.stranger, changes | {"teamId": "team-2"}
    elif fault == "foreign provider":
        changes = changes | {"provider": "make"}
        token = people.admin
    elif fault == "used":
        finish(service, people.admin, callback)
        target = service.rows.query("SELECT id FROM integration")[0][0]
        service.call("integration.disconnect", {"integrationId": target}, token=people.admin)
    else:
        service.clock.advance(minutes=10)
    calls = len(sandbox.slack.requests_to(TOKEN_PATH))
    if fault == "foreign provider":
        # A provider without OAuth has no use for a code; it must not take Slack's.
        service.call("integration.connect", {"teamId": TEAM, "provider": "make"}, token=token)
    else:
        error = refused(service, token, callback, **changes)
        assert error.code == "BAD_REQUEST"
        assert list(error.fields) in (["state"], ["authCode"])
    assert len(sandbox.slack.requests_to(TOKEN_PATH)) == calls
    if fault in ("wrong", "foreign user", "foreign team", "foreign provider"):
        # Nobody else can use up the rightful owner's state.
        assert finish(service, people.admin, callback)["integration"]["status"] == "connected"


def test_state_of_another_redirect_uri(service: Service, people: People, sandbox: Sandbox) -> None:
    callback = consent(start(service, people.admin)["authUrl"])
    assert refused(service, people.admin, callback, redirectUri="https://other.example/cb").code == "BAD_REQUEST"
    assert not sandbox.slack.requests_to(TOKEN_PATH)


def test_user_says_no(service: Service, people: People) -> None:
    callback = consent(start(service, people.admin)["authUrl"], "deny")
    assert (callback.code, callback.error) == (None, "access_denied")
    listed = service.call("integration.list", {"teamId": TEAM}, token=people.member)["integrations"]
    assert next(entry for entry in listed if entry["provider"] == "slack")["status"] == "pending"


TOKEN_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"body": b'{"ok":false,"error":"invalid_code"}'}, "BAD_REQUEST"),
    ({"body": b'{"ok":false,"error":"code_already_used"}'}, "BAD_REQUEST"),
    ({"body": b'{"ok":false,"error":"bad_redirect_uri"}'}, "BAD_REQUEST"),
    ({"body": b'{"ok":false,"error":"bad_client_secret"}'}, "BAD_REQUEST"),
    ({"body": b'{"ok":false,"error":"ratelimited"}', "headers": {"Retry-After": "7"}}, "TIMEOUT"),
    ({"status": 429, "headers": {"Retry-After": "7"}}, "TIMEOUT"),
    ({"status": 503}, "TIMEOUT"),
    ({"status": 502, "body": b"<html>Bad gateway</html>"}, "TIMEOUT"),
    ({"body": b"<html>hello</html>"}, "UNPROCESSABLE_CONTENT"),
    ({"body": b""}, "UNPROCESSABLE_CONTENT"),
    ({"body": b"[]"}, "UNPROCESSABLE_CONTENT"),
    ({"body": b'{"ok":true}'}, "UNPROCESSABLE_CONTENT"),
    ({"body": b'{"ok":"yes","access_token":"x"}'}, "UNPROCESSABLE_CONTENT"),
    ({"body": b'{"ok":true,"access_token":5}'}, "UNPROCESSABLE_CONTENT"),
    ({"body": b'{"ok":true,"access_token":"x","expires_in":"soon"}'}, "UNPROCESSABLE_CONTENT"),
    ({"body": b'{"ok":true,"access_token":"x","refresh_token":{}}'}, "UNPROCESSABLE_CONTENT"),
    ({"body": b'{"ok":true,"pad":"' + b"x" * (9 * 1024 * 1024) + b'"}'}, "UNPROCESSABLE_CONTENT"),
    ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/elsewhere"}}, "UNPROCESSABLE_CONTENT"),
]


@pytest.mark.parametrize(("fault", "code"), TOKEN_FAULTS, ids=lambda value: str(value)[:60])
def test_token_endpoint_misbehaves(
    service: Service, people: People, sandbox: Sandbox, fault: dict[str, Any], code: str
) -> None:
    callback = consent(start(service, people.admin)["authUrl"])
    sandbox.slack.fail(TOKEN_PATH, **fault)
    error = refused(service, people.admin, callback)
    assert error.code == code
    assert "Slack" in error.message
    assert len(sandbox.slack.requests_to(TOKEN_PATH)) == 1, "a code is never sent twice"
    if code == "TIMEOUT" and "Retry-After" in fault.get("headers", {}):
        assert error.data["retryAfter"] == 7
    assert service.rows.query("SELECT COUNT(*) FROM integration") == [(0,)]
    assert connect(service, people.admin)["status"] == "connected"


def test_wrong_code(service: Service, people: People, sandbox: Sandbox) -> None:
    callback = consent(start(service, people.admin)["authUrl"])
    error = refused(service, people.admin, callback, authCode="not-the-code")
    assert error.code == "BAD_REQUEST"
    assert error.data["reason"] == "invalid_code"
    assert "not-the-code" not in error.message
    assert service.rows.query("SELECT COUNT(*) FROM integration") == [(0,)]


def test_token_that_does_not_work_is_not_stored(service: Service, people: People, sandbox: Sandbox) -> None:
    callback = consent(start(service, people.admin)["authUrl"])
    sandbox.slack.fail("/api/auth.test", body=b'{"ok":false,"error":"account_inactive"}')
    assert refused(service, people.admin, callback).data["reason"] == "account_inactive"
    assert service.rows.query("SELECT COUNT(*) FROM integration") == [(0,)]


def test_failed_reconnect_leaves_the_error_status(service: Service, people: People, sandbox: Sandbox) -> None:
    integration = connect(service, people.admin)
    sandbox.slack.oauth.tokens[0].revoked = True
    target = {"integrationId": integration["id"]}
    tested = service.call("integration.test", target, token=people.admin)
    assert not tested["success"]
    assert "token_revoked" in tested["errors"][0]
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["integration"]["status"] == "error"
    assert status["health"]["status"] == "down"
    assert status["health"]["issues"] == tested["errors"]
    service.call("integration.test", target, token=people.admin)
    told = [row[0] for row in service.rows.query("SELECT details FROM integration_log")]
    assert len(told) == 1, "the team is told once"
    assert "connection lost" in told[0]

    callback = consent(start(service, people.admin)["authUrl"])
    refused(service, people.admin, callback, authCode="wrong")
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["integration"]["status"] == "error"
    assert connect(service, people.admin)["id"] == integration["id"]
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["health"]["status"] == "healthy"


def test_slack_being_down_does_not_break_the_connection(service: Service, people: People, sandbox: Sandbox) -> None:
    target = {"integrationId": connect(service, people.admin)["id"]}
    sandbox.slack.fail("/api/auth.test", status=503, times=3)
    tested = service.call("integration.test", target, token=people.admin)
    assert not tested["success"]
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["integration"]["status"] == "connected"
    assert status["health"]["status"] == "degraded"
    assert status["health"]["issues"] == [*tested["errors"], "Choose a channel (channelId) to get notifications"]
    assert service.call("integration.test", target, token=people.admin)["success"]
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["health"]["status"] == "healthy"


def test_recovery_is_noticed(service: Service, people: People, sandbox: Sandbox) -> None:
    target = {"integrationId": connect(service, people.admin)["id"]}
    token = sandbox.slack.oauth.tokens[0]
    token.revoked = True
    assert not service.call("integration.test", target, token=people.admin)["success"]
    token.revoked = False
    assert service.call("integration.test", target, token=people.admin)["success"]
    status = service.call("integration.getStatus", target, token=people.member)
    assert (status["integration"]["status"], status["health"]["status"]) == ("connected", "healthy")
    told = [row[0] for row in service.rows.query("SELECT details FROM integration_log ORDER BY created_at, status")]
    assert "connection lost" in told[0]
    assert "connection recovered" in told[1]


def test_narrower_scopes_are_said(service: Service, people: People, sandbox: Sandbox) -> None:
    target = {"integrationId": connect(service, people.admin)["id"]}
    sandbox.slack.oauth.tokens[0].scopes = ("channels:read",)
    tested = service.call("integration.test", target, token=people.admin)
    assert tested["permissions"] == ["channels:read"]
    assert "Comment notifications needs chat:write" in tested["errors"][0]
    status = service.call("integration.getStatus", target, token=people.member)
    assert status["health"]["status"] == "degraded"
    assert status["integration"]["scope"] == ["channels:read"]
    assert len([issue for issue in status["health"]["issues"] if "chat:write was not granted" in issue]) == 3


def test_hanging_revoke_does_not_keep_the_credentials(
    service: Service, people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("koko_integrations.connections.disconnect.REVOKE_TIMEOUT_S", 0.3)
    target = {"integrationId": connect(service, people.admin)["id"]}
    release = Event()
    sandbox.slack.fail("/api/auth.revoke", body=b'{"ok":true}', hang=release)
    try:
        done = service.call("integration.disconnect", target, token=people.admin)
    finally:
        release.set()
    assert done == {"success": True, "revoked": False, "reason": "Slack did not answer in time"}
    assert_nothing_stored(service)


def test_user_who_never_comes_back(service: Service, people: People) -> None:
    start(service, people.admin)
    service.clock.advance(minutes=10)
    assert service.run(expire_pending) == 1
    assert service.rows.query("SELECT COUNT(*) FROM integration") == [(0,)]
    assert service.rows.query("SELECT COUNT(*) FROM pending_connection") == [(0,)]


def test_an_old_answer_does_not_spoil_a_new_connection(service: Service, people: People, sandbox: Sandbox) -> None:
    """A test that hangs while the team disconnects and connects again is about the old token."""
    target = {"integrationId": connect(service, people.admin)["id"]}
    release = Event()
    sandbox.slack.seen.clear()
    sandbox.slack.fail("/api/auth.test", body=b'{"ok":false,"error":"token_revoked"}', hang=release)
    with ThreadPoolExecutor(1) as threads:
        testing = threads.submit(service.call, "integration.test", target, token=people.admin)
        while not sandbox.slack.requests_to("/api/auth.test"):
            pass
        service.call("integration.disconnect", target, token=people.admin)
        connect(service, people.admin)
        release.set()
        assert not testing.result(20)["success"]
    status = service.call("integration.getStatus", target, token=people.member)
    assert (status["integration"]["status"], status["health"]["status"]) == ("connected", "healthy")
