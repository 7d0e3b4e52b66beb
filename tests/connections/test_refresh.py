"""Tokens that expire: renewed ahead of time, on a refusal, once however many ask, and what happens when that fails.

Slack with token rotation is the hard case: twelve hours, and every refresh token works once.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from sandbox.slack import SlackStandIn
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.connections.consent import connect, consent, finish, start
from tests.service import Service, running_service, sandboxed

TOKEN_PATH = "/api/oauth.v2.access"
HOURS_12 = 12 * 60


@pytest.fixture
def slack(sandbox: Sandbox) -> SlackStandIn:
    sandbox.slack.rotate_tokens(on=True)
    return sandbox.slack


@pytest.fixture
def target(service: Service, people: People, slack: SlackStandIn) -> dict[str, str]:
    """A connected Slack with rotation, and no token request on the record."""
    found = {"integrationId": str(connect(service, people.admin)["id"])}
    slack.seen.clear()
    return found


def pass_time(service: Service, sandbox: Sandbox, minutes: int) -> None:
    """On both sides."""
    service.clock.advance(minutes=minutes)
    sandbox.clock.ahead_s += minutes * 60


def status_of(service: Service, people: People, target: dict[str, str]) -> tuple[str, str, list[str]]:
    status = service.call("integration.getStatus", target, token=people.member)
    return status["integration"]["status"], status["health"]["status"], status["health"].get("issues", [])


def test_an_expired_token_is_renewed_when_it_is_needed(
    service: Service, people: People, sandbox: Sandbox, slack: SlackStandIn, target: dict[str, str]
) -> None:
    before = service.rows.query("SELECT access_token, refresh_token, token_expires_at FROM integration")[0]
    pass_time(service, sandbox, HOURS_12)
    assert service.call("integration.test", target, token=people.admin)["success"]
    assert len(slack.requests_to(TOKEN_PATH)) == 1
    request = slack.requests_to(TOKEN_PATH)[0]
    assert request.data["grant_type"] == "refresh_token"
    assert "redirect_uri" not in request.data
    after = service.rows.query("SELECT access_token, refresh_token, token_expires_at FROM integration")[0]
    assert all(old != new for old, new in zip(before, after, strict=True))
    assert after[2] == service.clock.now + 43_200_000
    assert status_of(service, people, target)[:2] == ("connected", "healthy")
    # And again with the rotated token.
    pass_time(service, sandbox, HOURS_12)
    assert service.call("integration.test", target, token=people.admin)["success"]


def test_tokens_are_renewed_ahead_of_time(
    service: Service, people: People, sandbox: Sandbox, slack: SlackStandIn, target: dict[str, str]
) -> None:
    pass_time(service, sandbox, HOURS_12 - 16)
    assert service.run(lambda app: app.live.renew_due()) == 0
    pass_time(service, sandbox, 5)
    assert service.run(lambda app: app.live.renew_due()) == 1
    assert len(slack.requests_to(TOKEN_PATH)) == 1
    assert service.run(lambda app: app.live.renew_due()) == 0
    pass_time(service, sandbox, 60)
    assert service.call("integration.test", target, token=people.admin)["success"]
    assert len(slack.requests_to(TOKEN_PATH)) == 1


def test_a_refused_token_is_renewed_once_and_the_call_repeated(
    service: Service, people: People, slack: SlackStandIn, target: dict[str, str]
) -> None:
    # Slack's clock is ahead of ours: the token has expired there and not here.
    slack.oauth.tokens[0].expires_at_s = 0
    tested = service.call("integration.test", target, token=people.admin)
    assert tested["success"]
    assert [seen.path for seen in slack.seen] == ["/api/auth.test", TOKEN_PATH, "/api/auth.test"]


def test_many_callers_cause_one_token_request(
    service: Service, people: People, sandbox: Sandbox, slack: SlackStandIn, target: dict[str, str]
) -> None:
    """Two services on one database, as two processes are."""
    pass_time(service, sandbox, HOURS_12)
    settings = sandboxed(service.settings.database_url, sandbox)
    with running_service(settings, service.clock, worker=False) as other:

        def call(number: int) -> bool:
            chosen = service if number % 2 else other
            return bool(chosen.call("integration.test", target, token=people.admin)["success"])

        with ThreadPoolExecutor(20) as threads:
            assert all(threads.map(call, range(20)))
    assert len(slack.requests_to(TOKEN_PATH)) == 1


def test_a_revoked_refresh_token_is_told_once(
    service: Service, people: People, sandbox: Sandbox, slack: SlackStandIn, target: dict[str, str]
) -> None:
    slack.oauth.revoke(slack.oauth.tokens[0].access)
    pass_time(service, sandbox, HOURS_12 - 5)
    for _ in range(3):
        service.run(lambda app: app.live.renew_due())
        pass_time(service, sandbox, 60)
    assert len(slack.requests_to(TOKEN_PATH)) == 1
    assert not service.call("integration.test", target, token=people.admin)["success"]
    status, health, issues = status_of(service, people, target)
    assert (status, health) == ("error", "down")
    assert "invalid_code" in issues[0] or "invalid_refresh_token" in issues[0]
    told = service.rows.query("SELECT action, status, details FROM integration_log")
    assert [row[:2] for row in told] == [("notify", "failed")]
    assert "connection lost" in told[0][2]
    # A reconnect mends it, in place.
    assert connect(service, people.admin)["id"] == target["integrationId"]
    assert status_of(service, people, target)[:2] == ("connected", "healthy")


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429, "headers": {"Retry-After": "30"}}])
def test_slack_being_down_does_not_cost_the_connection(
    service: Service,
    people: People,
    sandbox: Sandbox,
    slack: SlackStandIn,
    target: dict[str, str],
    fault: dict[str, Any],
) -> None:
    slack.fail(TOKEN_PATH, times=2, **fault)
    pass_time(service, sandbox, HOURS_12 - 5)
    service.run(lambda app: app.live.renew_due())
    status, health, issues = status_of(service, people, target)
    assert (status, health) == ("connected", "degraded")
    assert "did not renew the token" in issues[0]
    # Backed off: not again at once, again after a while, and later each time.
    assert service.run(lambda app: app.live.renew_due()) == 0
    pass_time(service, sandbox, 2)
    assert service.run(lambda app: app.live.renew_due()) == 1
    pass_time(service, sandbox, 2)
    assert service.run(lambda app: app.live.renew_due()) == 0
    pass_time(service, sandbox, 2)
    assert service.run(lambda app: app.live.renew_due()) == 1
    assert status_of(service, people, target)[:2] == ("connected", "healthy")
    assert len(slack.requests_to(TOKEN_PATH)) == 3


MALFORMED: list[dict[str, Any]] = [
    {"body": b"<html>Sign in</html>"},
    {"body": b""},
    {"body": b"null"},
    {"body": b"[]"},
    {"body": b'"ok"'},
    {"body": b"{"},
    {"body": b'{"ok":true}'},
    {"body": b'{"ok":true,"access_token":""}'},
    {"body": b'{"ok":true,"access_token":["x"]}'},
    {"body": b'{"ok":true,"access_token":"x","refresh_token":7}'},
    {"body": b'{"ok":true,"access_token":"x","expires_in":"soon"}'},
    {"body": b'{"ok":true,"access_token":"x","expires_in":-1}'},
    {"body": b'{"ok":true,"pad":"' + b"x" * (9 * 1024 * 1024) + b'"}'},
    {"status": 302, "headers": {"Location": "https://elsewhere.example/"}},
    {"status": 500, "body": b"<html>"},
    {"status": 502},
    {"status": 204},
]


@pytest.mark.parametrize("fault", MALFORMED, ids=lambda fault: str(fault)[:50])
def test_malformed_answers_keep_the_connection_and_its_tokens(
    service: Service,
    people: People,
    sandbox: Sandbox,
    slack: SlackStandIn,
    target: dict[str, str],
    fault: dict[str, Any],
) -> None:
    before = service.rows.query("SELECT access_token, refresh_token FROM integration")
    pass_time(service, sandbox, HOURS_12)
    slack.fail(TOKEN_PATH, **fault)
    tested = service.call("integration.test", target, token=people.admin)
    assert not tested["success"]
    assert len(slack.requests_to(TOKEN_PATH)) == 1, "a refresh token is never sent twice by itself"
    assert status_of(service, people, target)[:2] == ("connected", "degraded")
    assert service.rows.query("SELECT access_token, refresh_token FROM integration") == before
    assert service.call("integration.test", target, token=people.admin)["success"]


def test_disconnecting_while_the_token_is_being_renewed(
    service: Service, people: People, sandbox: Sandbox, slack: SlackStandIn, target: dict[str, str]
) -> None:
    pass_time(service, sandbox, HOURS_12)
    release = Event()
    slack.fail(TOKEN_PATH, hang=release, truthful=True)
    with ThreadPoolExecutor(2) as threads:
        testing = threads.submit(service.call, "integration.test", target, token=people.admin)
        while not slack.requests_to(TOKEN_PATH):
            pass
        done = threads.submit(
            service.call, "integration.disconnect", target | {"revokeAccess": False}, token=people.admin
        )
        assert done.result(20)["success"]
        release.set()
        assert not testing.result(20)["success"]
    assert service.rows.query("SELECT status, access_token, refresh_token FROM integration") == [
        ("disconnected", None, None)
    ]
    assert status_of(service, people, target)[0] == "disconnected"


def test_an_expired_token_is_renewed_to_be_revoked(
    service: Service, people: People, sandbox: Sandbox, slack: SlackStandIn, target: dict[str, str]
) -> None:
    pass_time(service, sandbox, HOURS_12)
    assert service.call("integration.disconnect", target, token=people.admin)["revoked"]
    assert [seen.path for seen in slack.seen] == [TOKEN_PATH, "/api/auth.revoke"]


def test_losing_the_rotated_pair_is_said_and_mended(
    service: Service, people: People, sandbox: Sandbox, slack: SlackStandIn
) -> None:
    """As after a kill between Slack's rotation and our commit: the old refresh token is spent, the new one unknown."""
    first = start(service, people.admin, config={"channelId": "C1"})
    integration = finish(service, people.admin, consent(first["authUrl"]))["integration"]
    target = {"integrationId": integration["id"]}
    slack.oauth.tokens[0].refresh_spent = True
    pass_time(service, sandbox, HOURS_12)
    assert not service.call("integration.test", target, token=people.admin)["success"]
    assert status_of(service, people, target)[:2] == ("error", "down")
    again = connect(service, people.admin)
    assert again["id"] == target["integrationId"]
    assert again["config"] == {"channelId": "C1"}
