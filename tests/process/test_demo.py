"""`make run`'s command, as a newcomer has it: everything it prints works when it is pasted."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.process.running import as_checkout, free_port, running


@dataclass
class Demo:
    """A running demo: what it printed, and a way to call it."""

    process: subprocess.Popen[str]
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def find(self, pattern: str) -> str:
        found = re.search(pattern, self.text, re.M)
        assert found is not None, self.text
        return found[1]

    @property
    def url(self) -> str:
        return self.find(r"serving on (\S+)")

    def call(self, method: str, user: str = "user_admin", **params: Any) -> Any:
        token = self.find(rf"^{user}\s+Bearer (\S+)")
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = requests.post(f"{self.url}/rpc", json=body, headers={"authorization": f"Bearer {token}"}, timeout=30)
        return answer.json()


def start(process: subprocess.Popen[str]) -> Demo:
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "Stop with" not in lines[-1]:
        line = process.stdout.readline()
        assert line, f"it ended early: {lines} {process.stderr.read() if process.stderr else ''}"
        lines.append(line.rstrip("\n"))
    return Demo(process, lines)


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    chosen = {"KOKO_PORT": str(free_port())}
    if request.param == "postgres":
        chosen["KOKO_DATABASE_URL"] = request.getfixturevalue("empty_postgres_url")
    return chosen


@pytest.fixture
def demo(tmp_path: Path, settings: dict[str, str]) -> Iterator[Demo]:
    with running(as_checkout(tmp_path), "demo", **settings) as process:
        yield start(process)


def test_the_curl_line(demo: Demo) -> None:
    line = next(line for line in demo.lines if line.startswith("curl"))
    _, _, url, *options = shlex.split(line)
    headers = dict(options[i + 1].split(": ", 1) for i, option in enumerate(options) if option == "-H")
    answer = requests.post(url, data=options[options.index("-d") + 1], headers=headers, timeout=30).json()
    assert len(answer["result"]["integrations"]) == 18


def test_first_connection_and_back(demo: Demo) -> None:
    """The README's way: list, connect by the consent page, status, test, disconnect."""
    redirect_uri = demo.find(r"Redirect URI for OAuth: (\S+)")
    ask = {"teamId": "team_demo", "provider": "slack", "redirectUri": redirect_uri}
    auth_url = demo.call("integration.connect", **ask)["result"]["authUrl"]
    page = requests.get(auth_url, timeout=10)
    assert "Koko asks for access" in page.text
    answer = requests.post(auth_url, data={"decision": "allow"}, allow_redirects=False, timeout=10)
    callback = answer.headers["location"]
    assert requests.get(callback, timeout=10).status_code == 200
    query = dict(pair.split("=", 1) for pair in callback.partition("?")[2].split("&"))
    done = demo.call("integration.connect", **ask, authCode=query["code"], state=query["state"])["result"]
    target = done["integration"]["id"]
    assert done["integration"]["status"] == "connected"
    status = demo.call("integration.getStatus", user="user_member", integrationId=target)["result"]
    assert status["health"]["status"] == "healthy"
    tested = demo.call("integration.test", integrationId=target)["result"]
    assert tested["success"]
    assert tested["permissions"] == ["chat:write", "channels:read", "links:read", "links:write"]
    assert demo.call("integration.disconnect", user="user_member", integrationId=target)["error"]["code"] == -32003
    assert demo.call("integration.disconnect", integrationId=target)["result"] == {"success": True, "revoked": True}
    origin = auth_url.partition("/oauth")[0]
    seen = requests.get(f"{origin}/_sandbox/seen", timeout=10).json()
    assert [request["path"] for request in seen][-1] == "/api/auth.revoke"


def test_s3_of_the_sandbox(demo: Demo) -> None:
    from sandbox.s3 import BUCKET, KEYS

    key, secret = next(iter(KEYS.items()))
    config = {"accessKeyId": key, "secretAccessKey": secret, "bucket": BUCKET, "region": "us-east-1"}
    done = demo.call("integration.connect", teamId="team_demo", provider="s3", config=config)
    assert done["result"]["integration"]["status"] == "connected"


def test_a_second_start_finds_its_data(tmp_path: Path, settings: dict[str, str]) -> None:
    folder = as_checkout(tmp_path)
    for expected in ("result", "error"):
        with running(folder, "demo", **settings) as process:
            demo = start(process)
            answer = demo.call("integration.connect", teamId="team_demo", provider="zapier")
            assert expected in answer
    secrets = tmp_path / "var" / "demo.json"
    assert secrets.stat().st_mode & 0o077 == 0
    assert set(json.loads(secrets.read_text())) == {"KOKO_AUTH_SECRET", "KOKO_ENCRYPTION_KEYS", "KOKO_SERVICE_KEYS"}


def test_real_client_ids_leave_the_sandbox_out(tmp_path: Path) -> None:
    real = {"KOKO_PROVIDER_SLACK_CLIENT_ID": "real-id", "KOKO_PROVIDER_SLACK_CLIENT_SECRET": "real-secret"}
    with running(as_checkout(tmp_path), "demo", KOKO_PORT=str(free_port()), **real) as process:
        demo = start(process)
        redirect_uri = demo.find(r"Redirect URI for OAuth: (\S+)")
        ask = {"teamId": "team_demo", "provider": "slack", "redirectUri": redirect_uri}
        auth_url = demo.call("integration.connect", **ask)["result"]["authUrl"]
        assert auth_url.startswith("https://slack.com/oauth/v2/authorize?")
        assert "client_id=real-id" in auth_url


def test_without_a_checkout_there_is_no_sandbox(tmp_path: Path) -> None:
    with running(tmp_path, "demo", KOKO_PORT=str(free_port())) as process:
        demo = start(process)
        assert "browser" not in demo.text
        answer = demo.call("integration.connect", teamId="team_demo", provider="slack")
        assert answer["error"]["data"]["code"] == "PRECONDITION_FAILED"


def test_nothing_is_left_running(tmp_path: Path) -> None:
    with running(as_checkout(tmp_path), "demo", KOKO_PORT=str(free_port())) as process:
        demo = start(process)
        client = demo.find(r"Redirect URI for OAuth: (http://127.0.0.1:\d+)")
        url = demo.url
        assert requests.get(client, timeout=5).status_code == 200
    for gone in (client, url):
        with pytest.raises(requests.ConnectionError):
            requests.get(gone, timeout=5)
