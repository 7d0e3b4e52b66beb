"""What holds at the address whatever the provider: who may send, how often, and what happens without a database."""

import io
import json
import sqlite3
from typing import Any

import pytest

from koko_integrations.database.sqlite import SqliteDatabase
from koko_integrations.inbound.peer import find_peer
from koko_integrations.settings import load_settings
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM
from tests.connections.consent import consent, finish, start
from tests.inbound.cases import (
    Sent,
    asana,
    dropbox,
    figma,
    google_drive,
    jira,
    koko,
    monday,
    notion,
    slack,
    teams,
    trello,
)
from tests.inbound.hall import CUSTOM_SECRET, PUBLIC_URL, Hall, opened
from tests.service import RpcError, Service, running_service, sandboxed
from tests.sync.team import clock_of_today
from tests.test_settings import GOOD

HOME = "203.0.113.0/24"
OTHERS = (jira, trello, notion, dropbox, google_drive, teams, figma)
PROOFS = {"Authorization", "X-Trello-Webhook", "X-Goog-Channel-Token"}
PROXIES = {"KOKO_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8"}


def test_methods_and_paths(hall: Hall) -> None:
    sent = asana(hall, 0)
    client = hall.client()
    assert client.put(sent.path, content=sent.body).status_code == 405
    assert client.get(sent.path).status_code == 401, "a GET is heard: some providers shake hands by it"
    assert client.head(sent.path).status_code == 401
    for path in ("/webhooks/asana/app", "/webhooks/nobody/app", "/webhooks/s3/app", f"{sent.path}x"):
        assert client.post(path, content=sent.body, headers=sent.headers).status_code in (404, 410), path
    assert hall.messages(str(sent.target)) == []


def test_several_teams_of_one_account(hall: Hall) -> None:
    """An app's address is told of an account, whoever has connected it."""
    sent = slack(hall, 0)
    params = {"teamId": "team-2"}
    other = connect_for(hall, hall.people.stranger, params)
    assert hall.send(sent.path, sent.body, sent.headers).status_code == 200
    assert len(hall.messages(str(sent.target))) == len(hall.messages(other)) == 1
    hall.service.call("integration.disconnect", {"integrationId": other}, token=hall.people.stranger)
    body = hall.sandbox.slack.events.wrapped({"type": "channel_archive", "channel": "C000000001"})
    assert hall.send(sent.path, body, hall.sandbox.slack.events.signed(body)).status_code == 200
    assert len(hall.messages(str(sent.target))) == 2
    assert len(hall.messages(other)) == 1


def connect_for(hall: Hall, token: str, params: dict[str, Any]) -> str:

    callback = consent(start(hall.service, token, "slack", **params)["authUrl"])
    return str(finish(hall.service, token, callback, "slack", **params)["integration"]["id"])


@pytest.mark.parametrize(
    ("connected", "forwarded", "found"),
    [
        ("198.51.100.9", [], "198.51.100.9"),
        ("198.51.100.9", ["203.0.113.7"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.7, 198.51.100.9, 10.2.2.2"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.7", "198.51.100.9,10.2.2.2"], "198.51.100.9"),
        ("10.0.0.1", ["10.3.3.3"], "10.3.3.3"),
        ("10.0.0.1", ["203.0.113.7, somebody"], None),
        ("10.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("fd00::1", ["[2001:db8::5]:443"], "2001:db8::5"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("unix", ["203.0.113.7"], None),
        (None, ["203.0.113.7"], None),
    ],
)
def test_the_sender_behind_proxies(connected: str | None, forwarded: list[str], found: str | None) -> None:
    """What the sender itself may have written is not believed."""
    trusted = load_settings(GOOD | PROXIES).trusted_proxies
    peer = find_peer(connected, forwarded, trusted)
    assert (None if peer is None else str(peer)) == found


@pytest.mark.parametrize("make", [asana, monday, koko, slack, notion, jira, trello], ids=lambda one: one.__name__)
def test_allowed_ips(hall: Hall, make: Any) -> None:
    sent = make(hall, 0)
    shown = hall.configure(sent.target, allowedIps=[HOME, "2001:db8::1"])
    assert shown["config"]["allowedIps"] == [HOME, "2001:db8::1/128"]
    spoofed = {**sent.headers, "X-Forwarded-For": "203.0.113.7"}
    for peer in ("198.51.100.9", "2001:db8::2", "not-an-address"):
        assert hall.send(sent.path, sent.body, spoofed, peer=peer).status_code == 403
    assert hall.messages(sent.target) == []
    assert hall.send(sent.path, sent.body, sent.headers, peer="203.0.113.200").status_code == 200
    hall.configure(sent.target, allowedIps=[])
    assert hall.send(sent.path, sent.body, sent.headers, peer="198.51.100.9").status_code == 200
    assert len(hall.messages(sent.target)) == 1


def test_behind_a_trusted_proxy(sqlite_url: str, sandbox: Sandbox) -> None:
    proxies = load_settings(GOOD | PROXIES).trusted_proxies
    settings = sandboxed(sqlite_url, sandbox, public_url=PUBLIC_URL, trusted_proxies=proxies)
    with running_service(settings, clock_of_today()) as service, opened(service, sandbox) as hall:
        sent = koko(hall, 0)
        hall.configure(str(sent.target), allowedIps=[HOME])
        for said, status in (("203.0.113.7", 200), ("198.51.100.9", 403), ("203.0.113.7, 198.51.100.9", 403)):
            answer = hall.send(sent.path, sent.body, {**sent.headers, "X-Forwarded-For": said}, peer="10.1.2.3")
            assert answer.status_code == status, said


@pytest.mark.parametrize("wrong", ["10.0.0.0/33", "10.0.0.5/8", "somewhere", "", 7, "10.0.0.1-10.0.0.9"], ids=str)
def test_allowed_ips_are_checked(hall: Hall, wrong: Any) -> None:
    target, _ = hall.custom()
    with pytest.raises(RpcError) as refused:
        hall.configure(target, allowedIps=[HOME, wrong])
    assert list(refused.value.fields) == ["config.allowedIps.1"]
    with pytest.raises(RpcError) as refused:
        hall.configure(target, allowedIps=[HOME] * 51)
    assert list(refused.value.fields) == ["config.allowedIps"]


def test_who_sends_nothing_needs_no_list(hall: Hall) -> None:
    made = hall.service.call("integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=hall.people.admin)
    with pytest.raises(RpcError, match="sends Koko no webhooks"):
        hall.configure(made["integration"]["id"], allowedIps=[HOME])


def test_a_hundred_a_minute(hall: Hall) -> None:
    """Counted for each address by itself; what is over is told when to come again."""
    sent, other = koko(hall, 0), koko(hall, 0)
    for _ in range(100):
        assert hall.send(sent.path, sent.body, sent.headers).status_code == 200
    answer = hall.send(sent.path, sent.body, sent.headers)
    wait_s = int(answer.headers["retry-after"])
    assert (answer.status_code, 0 < wait_s <= 60) == (429, True)
    assert hall.send(other.path, other.body, other.headers).status_code == 200
    hall.advance(s=wait_s)
    assert hall.send(sent.path, sent.body, sent.headers).status_code == 200


def test_forged_messages_use_up_nothing_of_an_apps_address(hall: Hall) -> None:
    """Which everybody can guess."""
    sent = slack(hall, 0)
    for _ in range(101):
        assert hall.send(sent.path, sent.body + b" ", sent.headers).status_code == 401
    assert hall.send(sent.path, sent.body, sent.headers).status_code == 200


def test_without_a_database(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken, so the provider sends it again."""
    sent = asana(hall, 0)

    async def away(*_: Any, **__: Any) -> Any:
        raise sqlite3.OperationalError("database is locked")

    for broken in ("write", "read"):
        with monkeypatch.context() as patched:
            patched.setattr(SqliteDatabase, broken, away)
            answer = hall.send(sent.path, sent.body, sent.headers)
            assert (answer.status_code, answer.content) == (503, b"")
            assert "retry-after" in answer.headers
    assert hall.messages(str(sent.target)) == []
    assert hall.send(sent.path, sent.body, sent.headers).status_code == 200
    assert len(hall.messages(str(sent.target))) == 1


def test_what_nobody_takes_comes_again(hall: Hall) -> None:
    """The stand-ins are as patient as the providers: nothing is lost while the service is away."""
    target = hall.mapped("asana", "1400")
    hall.away = True
    task = hall.sandbox.asana.work.of("1400")[0]
    hall.sandbox.asana.work.change(task.id, title="While nobody listened")
    hall.away = False
    hall.wait(lambda: hall.messages(target), "it does not come again")


def test_canaries(sqlite_url: str, sandbox: Sandbox, log_text: io.BytesIO) -> None:
    """Neither bodies nor signatures, secrets or addresses are logged, counted or shown."""
    with (
        running_service(sandboxed(sqlite_url, sandbox, public_url=PUBLIC_URL), clock_of_today()) as service,
        opened(service, sandbox) as hall,
    ):
        made: list[Sent] = [make(hall, 0) for make in (asana, monday, slack, koko, *OTHERS)]
        answers = []
        for sent in made:
            for body in (sent.body, b'{"canary-body": 1}', b"canary-no-json"):
                answers.append(hall.send(sent.path, body, sent.headers).text)
        hall.process()
        status = [hall.status(str(sent.target)) for sent in made]
        webhooks = list(sandbox.asana.hooks.webhooks.values())
        secrets = [CUSTOM_SECRET, webhooks[0].secret, sandbox.slack.events.signing_secret]
        secrets += [sent.path.split("/")[-1] for sent in made if not sent.path.endswith("/app")]
        secrets += [value for sent in made for name, value in sent.headers.items() if "ignature" in name]
        secrets += ["canary-body", "canary-no-json", sandbox.notion.portal.token]
        secrets += [value for sent in made for name, value in sent.headers.items() if name in PROOFS]
        secrets += [json.loads(sent.body)["passcode"] for sent in made if sent.path.startswith("/webhooks/figma")]
        secrets += [one.asked["clientState"] for one in sandbox.microsoft.subscriptions.live()]
        everywhere = {
            "logs": log_text.getvalue().decode(),
            "answers": "".join(answers),
            "status": repr(status),
            "metrics": service.client.get("/metrics").text,
            "reprs": repr(service.app),
        }
        assert "webhook refused" in everywhere["logs"]
        sealed = repr(service.rows.query("SELECT sealed FROM inbound_address UNION ALL SELECT sealed FROM inbound_app"))
        for secret in secrets:
            assert secret not in sealed
            for place, text in everywhere.items():
                assert secret not in text, (place, secret[:12])


def test_outcomes_are_counted(hall: Hall, service: Service) -> None:
    sent = koko(hall, 0)
    hall.send(sent.path, sent.body, sent.headers)
    hall.send(sent.path, sent.body + b" ", sent.headers)
    text = service.client.get("/metrics").text
    for outcome in ("accepted", "forged"):
        assert f'koko_inbound_requests_total{{outcome="{outcome}",provider="custom"}}' in text
