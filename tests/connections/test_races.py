"""Two at once: one wins, one is told."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import consent, start
from tests.connections.test_s3 import CONFIG
from tests.service import REDIRECT_URI, RpcError, Service


def outcomes(service: Service, calls: list[tuple[str, dict[str, Any]]]) -> list[str]:
    def call(given: tuple[str, dict[str, Any]]) -> str:
        token, params = given
        try:
            return str(service.call("integration.connect", params, token=token)["integration"]["status"])
        except RpcError as error:
            return error.code

    with ThreadPoolExecutor(len(calls)) as threads:
        return sorted(threads.map(call, calls))


def test_two_connects_by_keys(service: Service, people: People) -> None:
    params = {"teamId": TEAM, "provider": "s3", "config": CONFIG}
    assert outcomes(service, [(people.admin, params), (people.owner, params)]) == ["CONFLICT", "connected"]
    assert service.rows.query("SELECT status FROM integration") == [("connected",)]


def test_two_connects_by_consent(service: Service, people: People, sandbox: Sandbox) -> None:
    calls = []
    for token in (people.admin, people.owner):
        callback = consent(start(service, token)["authUrl"])
        params = {
            "teamId": TEAM,
            "provider": "slack",
            "authCode": callback.code,
            "state": callback.state,
            "redirectUri": REDIRECT_URI,
        }
        calls.append((token, params))
    refused, connected = outcomes(service, calls)
    # Whoever comes when the other one has finished finds that what they began has been put away.
    assert refused in ("CONFLICT", "BAD_REQUEST")
    assert connected == "connected"
    assert service.rows.query("SELECT status FROM integration") == [("connected",)]
    assert service.rows.query("SELECT COUNT(*) FROM pending_connection") == [(0,)]


def test_one_state_used_twice_at_once(service: Service, people: People, sandbox: Sandbox) -> None:
    callback = consent(start(service, people.admin)["authUrl"])
    params = {
        "teamId": TEAM,
        "provider": "slack",
        "authCode": callback.code,
        "state": callback.state,
        "redirectUri": REDIRECT_URI,
    }
    assert outcomes(service, [(people.admin, params)] * 4) == ["BAD_REQUEST"] * 3 + ["connected"]
    assert len(sandbox.slack.requests_to("/api/oauth.v2.access")) == 1


def test_eight_first_connects_make_one_row(service: Service, people: People) -> None:
    params = {"teamId": TEAM, "provider": "zapier"}
    found = outcomes(service, [(people.admin, params)] * 8)
    assert found == ["CONFLICT"] * 7 + ["connected"]
    assert service.rows.query("SELECT COUNT(*) FROM integration") == [(1,)]
    assert service.rows.query("SELECT COUNT(*) FROM api_key") == [(1,)]
