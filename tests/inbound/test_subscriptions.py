"""Webhooks are asked for when something is connected or mapped, renewed before they lapse, and removed."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from koko_integrations.app import App
from koko_integrations.clock import DAY_MS
from providers.asana import Asana
from providers.kit.connection import Connection
from providers.kit.errors import Missing
from providers.kit.inbound import Address, Subscription
from sandbox.stand_ins import Sandbox
from tests.connections.consent import connect
from tests.inbound.hall import PUBLIC_URL, Hall, opened
from tests.service import Service, running_service, sandboxed
from tests.sync.team import PROJECT, clock_of_today

BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


def targets(hall: Hall) -> list[str]:
    """What Asana sends about, and where to, once for each."""
    webhooks = hall.sandbox.asana.hooks.webhooks.values()
    assert len({one.target for one in webhooks}) == len(webhooks)
    return sorted(one.resource for one in webhooks)


def addresses(hall: Hall) -> set[str]:
    return {row[0] for row in hall.service.rows.query("SELECT id FROM inbound_address")}


@BOTH
def test_they_follow_the_mapping(hall: Hall) -> None:
    target = hall.mapped("asana", "1400")
    assert targets(hall) == ["1400"]
    (webhook,) = hall.sandbox.asana.hooks.webhooks.values()
    assert webhook.target == PUBLIC_URL + hall.path(target)
    assert len(webhook.target.rpartition("/")[2]) == 32, "192 random bits"
    hall.koko.add_project("proj-2")
    hall.configure(target, projectMapping={PROJECT: "1400", "proj-2": "1401"})
    hall.wait(lambda: targets(hall) == ["1400", "1401"], "the second project is not subscribed")
    assert webhook.gid in hall.sandbox.asana.hooks.webhooks, "the first one stays as it is"
    hall.configure(target, projectMapping={"proj-2": "1401"})
    hall.wait(lambda: targets(hall) == ["1401"], "the first project is still subscribed")
    hall.wait(lambda: len(addresses(hall)) == 1, "its address is still there")
    answer = hall.client().post(webhook.target.removeprefix(PUBLIC_URL))
    assert answer.status_code == 410, "which makes Asana stop"
    hall.reconcile()
    assert targets(hall) == ["1401"]
    assert hall.status(target)["health"]["status"] == "healthy"


@BOTH
def test_the_handshake_comes_while_it_is_being_asked_for(hall: Hall) -> None:
    """Twice as many as there are, at the same time: nothing waits for anything else."""
    hall.mapped("asana", "1400")
    secrets_kept = hall.service.rows.query("SELECT sealed FROM inbound_address")
    (webhook,) = hall.sandbox.asana.hooks.webhooks.values()
    assert webhook.secret not in str(secrets_kept)
    stranger = hall.client().post(webhook.target.removeprefix(PUBLIC_URL), headers={"X-Hook-Secret": "mine"})
    assert stranger.status_code == 401, "an address has one secret"
    hall.sandbox.asana.hooks.beat()
    last = "SELECT last_received_at FROM inbound_address WHERE last_received_at IS NOT NULL"
    hall.wait(lambda: hall.service.rows.query(last), "the heartbeat was not heard")


@pytest.mark.parametrize("revoke", [True, False])
@BOTH
def test_disconnecting_removes_them(hall: Hall, revoke: bool) -> None:
    """While there are credentials to do it with."""
    target = hall.mapped("asana", "1400")
    params = {"integrationId": target, "revokeAccess": revoke}
    hall.service.call("integration.disconnect", params, token=hall.people.admin)
    assert targets(hall) == []
    assert addresses(hall) == set()
    seen = [one.path for one in hall.sandbox.asana.seen if one.method == "DELETE" or "revoke" in one.path]
    assert [path.split("/")[-2] for path in seen] == ["webhooks", "-"][: len(seen)]
    assert len(seen) == 1 + revoke


def test_disconnecting_does_not_wait_for_ever(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that does not answer keeps its subscription, and nobody connected."""
    monkeypatch.setattr("koko_integrations.inbound.subscriptions.LEAVE_TIMEOUT_S", 0.2)
    target = hall.mapped("asana", "1400")
    (webhook,) = hall.sandbox.asana.hooks.webhooks.values()
    held = threading.Event()
    hall.sandbox.asana.fail(f"/api/1.0/webhooks/{webhook.gid}", status=500, times=5, hang=held)
    done = hall.service.call("integration.disconnect", {"integrationId": target}, token=hall.people.admin)
    held.set()
    assert done["success"]
    assert addresses(hall) == set()


def test_a_connection_anew_is_subscribed_anew(hall: Hall) -> None:
    """Whoever consents again may have taken Koko's rights away in between."""
    target = hall.mapped("asana", "1400")
    before = addresses(hall)
    hall.service.rows.query("UPDATE integration SET status = 'error' WHERE id = ?", target)
    hall.advance(minutes=5)
    assert str(connect(hall.service, hall.people.admin, "asana")["id"]) == target
    hall.wait(lambda: addresses(hall) != before and hall.subscribed(target), "it is not subscribed anew")
    assert targets(hall) == ["1400"]
    assert addresses(hall).isdisjoint(before)


def test_a_failure_is_shown_and_tried_again_ever_less_often(hall: Hall) -> None:
    hall.away = True
    hall.koko.furnish()
    target = hall.connect("asana")
    hall.configure(target, projectMapping={PROJECT: "1400"})
    error = "SELECT error FROM inbound_address WHERE error IS NOT NULL"
    hall.wait(lambda: hall.service.rows.query(error), "nothing has failed")
    health = hall.status(target)["health"]
    assert health["status"] == "degraded"
    assert "does not tell Koko of changes" in health["issues"][0]
    assert hall.status(target)["integration"]["status"] == "connected"
    params = {"integrationId": target}
    hall.service.call("integration.sync", params, token=hall.people.admin)
    hall.service.run(lambda _: hall.service.engine.idle())
    assert hall.jobs(target)[0][1] == "succeeded", "syncing goes on"
    tried = []
    for _ in range(40):
        hall.sandbox.asana.seen.clear()
        hall.advance(minutes=5)
        hall.reconcile()
        tried.append(len(hall.sandbox.asana.requests_to("/api/1.0/webhooks")))
    assert tried[0] == 1
    assert tried[-12:].count(1) == 1, "once an hour in the end"
    hall.away = False
    hall.advance(minutes=61)
    hall.reconcile()
    assert targets(hall) == ["1400"]
    assert hall.status(target)["health"]["status"] == "healthy"


@pytest.fixture
def expiring(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Asana's subscriptions last ten days from now on; what was asked of them."""
    asked: list[str] = []
    subscribe = Asana.subscribe

    def subscribe_for_a_while(self: Asana, connection: Connection, address: Address, target: str) -> Subscription:
        asked.append("subscribe")
        return replace(subscribe(self, connection, address, target), expires_at=clock.now + 10 * DAY_MS)

    def renew(
        self: Asana, connection: Connection, address: Address, target: str, subscription: Subscription
    ) -> Subscription:
        asked.append("renew")
        if "gone" in asked:
            asked.remove("gone")
            raise Missing("It is gone")
        return replace(subscription, expires_at=clock.now + 10 * DAY_MS, secrets={"fresh": "yes"})

    clock = clock_of_today()
    asked_clock = clock
    monkeypatch.setattr(Asana, "subscribe", subscribe_for_a_while)
    monkeypatch.setattr(Asana, "renew", renew)
    monkeypatch.setattr("tests.inbound.conftest.clock_of_today", lambda: asked_clock)
    return asked


@BOTH
def test_they_are_renewed_before_they_lapse(expiring: list[str], hall: Hall) -> None:
    target = hall.mapped("asana", "1400")
    before = addresses(hall)
    for days, asked in ((4, 0), (2, 1), (4, 1), (2, 2)):
        hall.advance(days=days)
        hall.reconcile()
        assert expiring.count("renew") == asked
    assert addresses(hall) == before
    # One that the provider has forgotten is made anew, at another address.
    expiring.append("gone")
    hall.advance(days=6)
    hall.reconcile()
    assert expiring.count("subscribe") == 2
    assert addresses(hall).isdisjoint(before)
    assert hall.status(target)["health"]["status"] == "healthy"


def test_one_process_renews(expiring: list[str], hall: Hall) -> None:
    hall.mapped("asana", "1400")
    hall.advance(days=6)

    async def all_at_once(app: App) -> None:
        await asyncio.gather(*(app.subscriptions.reconcile_due() for _ in range(5)))

    hall.service.run(all_at_once)
    assert expiring.count("renew") == 1


def test_one_that_lapses_is_looked_at_at_once(expiring: list[str], hall: Hall) -> None:
    """And everything is synced, as something may have been missed."""
    target = hall.mapped("asana", "1400")
    (address_id,) = addresses(hall)
    content = f'{{"kind":"lapsed","address":"{address_id}"}}'
    columns = {"integration_id": target, "message_key": "k", "content": content, "received_at": 1}
    hall.service.rows.insert("inbound_message", **columns)
    hall.wait(lambda: expiring.count("renew") == 1, "it is not renewed")
    hall.wait(lambda: hall.jobs(target), "nothing is synced")
    assert hall.jobs(target)[0][2] == {"syncType": "incremental"}


def test_what_a_dead_process_has_left(hall: Hall) -> None:
    """It was asked for, and whether it was made is not known: another address takes its place, and the first one is not
    heard any more."""
    target = hall.mapped("asana", "1400")
    before = hall.path(target)
    claimed = hall.service.clock.now + 100_000
    hall.service.rows.query("UPDATE inbound_address SET subscription_id = NULL, renew_at = ?", claimed)
    hall.reconcile()
    assert hall.path(target) == before, "whoever is at it may still be alive"
    hall.advance(s=101)
    hall.reconcile()
    assert len(hall.subscribed(target)) == 1
    assert hall.path(target) != before
    assert hall.client().post(before).status_code == 410


def test_what_was_connected_before_is_subscribed_at_the_start(sqlite_url: str, sandbox: Sandbox) -> None:
    """As after an upgrade, or once the service has an address; without one that can be reached nobody is asked."""
    clock = clock_of_today()
    away = sandboxed(sqlite_url, sandbox, public_url="http://127.0.0.2")
    with running_service(away, clock) as service, opened(service, sandbox) as hall:
        hall.koko.furnish()
        target = hall.connect("asana")
    clock.advance(minutes=30)
    with running_service(sandboxed(sqlite_url, sandbox), clock) as service:
        service.rows.query(
            "UPDATE integration SET config = ? WHERE id = ?", f'{{"projectMapping":{{"{PROJECT}":"1400"}}}}', target
        )
        service.run(lambda app: app.subscriptions.reconcile_due())
        assert sandbox.asana.requests_to("/api/1.0/webhooks") == []
        assert service.rows.query("SELECT COUNT(*) FROM inbound_address") == [(0,)]
    with running_service(sandboxed(sqlite_url, sandbox, public_url=PUBLIC_URL), clock) as service:
        hall.service = service
        failed = "SELECT id FROM inbound_address WHERE error IS NOT NULL"
        hall.wait(lambda: service.rows.query(failed), "nobody has asked at the start")
        hall.away = False
        hall.advance(minutes=5)
        hall.reconcile()
        hall.wait(lambda: hall.subscribed(target), "it is not subscribed")
        hall.close()
    assert targets(hall) == ["1400"]


def test_monday_signs_what_an_app_has_asked_for(hall: Hall, service: Service) -> None:
    target = hall.mapped("monday", "501")
    hooks = hall.sandbox.monday.account.hooks
    assert {one.event for one in hooks.webhooks.values()} >= {"create_item", "change_column_value", "create_update"}
    task = hall.sandbox.monday.work.of("501")[0]
    hall.sandbox.monday.work.change(task.id, title="Renamed there")
    hall.wait(lambda: hall.messages(target), "nothing has arrived")
    body = b'{"event": {"boardId": 501, "type": "create_item"}}'
    assert hall.send(hall.path(target), body, {}).status_code == 401
    service.call("integration.disconnect", {"integrationId": target}, token=hall.people.admin)
    assert hooks.webhooks == {}


def test_monday_with_a_personal_token(hall: Hall, service: Service) -> None:
    """Nothing is signed: the address is the proof."""
    hall.koko.furnish()
    params: dict[str, Any] = {"teamId": "team-1", "provider": "monday", "apiKey": "sandbox-monday-personal-api-token"}
    made = service.call("integration.connect", params, token=hall.people.admin)["integration"]
    target = str(made["id"])
    hall.configure(target, projectMapping={PROJECT: "501"})
    hall.wait(lambda: hall.subscribed(target), "it is not subscribed")
    task = hall.sandbox.monday.work.of("501")[0]
    hall.sandbox.monday.work.change(task.id, title="Renamed there")
    hall.wait(lambda: hall.messages(target), "nothing has arrived")


def test_jira_has_room_for_one_address(hall: Hall) -> None:
    """What is mapped now is told of at once: the webhook of what was mapped before makes room first."""
    target = hall.mapped("jira", "10000")
    hooks, work = hall.sandbox.atlassian.jira_api.webhooks, hall.sandbox.atlassian.jira_api.work
    before = hall.path(target)
    hall.koko.add_project("proj-2")
    hall.configure(target, projectMapping={PROJECT: "10000", "proj-2": "10001"})
    hall.wait(lambda: [one.projects for one in hooks.live()] == [{"10000", "10001"}], "it is not registered anew")
    hall.wait(lambda: hall.subscribed(target), "what is registered is not known")
    assert hall.path(target) != before
    assert [one.url for one in hooks.live()] == [PUBLIC_URL + hall.path(target)]
    assert hall.status(target)["health"]["status"] == "healthy"
    work.change(work.of("10001")[0].id, title="Renamed there")
    hall.wait(lambda: hall.messages(target), "nothing has arrived")


def test_discord_tries_a_bad_signature(hall: Hall) -> None:
    assert hall.sandbox.discord.events.enter_url(f"{PUBLIC_URL}/webhooks/discord/app")
    body = b'{"type": 1, "id": "1", "token": "t", "version": 1}'
    answer = hall.send("/webhooks/discord/app", body, hall.sandbox.discord.events.signed(body))
    assert (answer.status_code, answer.json()) == (200, {"type": 1})
