"""What follows from what providers tell: one sync for many changes, none missed, and an end to what was removed."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from koko_integrations.app import App
from koko_integrations.clock import DAY_MS
from koko_integrations.integration import Integration
from tests.inbound.cases import koko
from tests.inbound.hall import Hall

BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


def rename(hall: Hall, title: str, number: int = 0) -> str:
    """Somebody renames one of Asana's tasks; the task's id."""
    task_id = sorted(task.id for task in hall.sandbox.asana.work.of("1400"))[number]
    hall.sandbox.asana.work.change(task_id, title=title)
    return task_id


def title_of(hall: Hall, target: str, task_id: str) -> str:
    rows = hall.service.rows.query(
        "SELECT content FROM synced_item WHERE integration_id = ? AND external_id = ?", target, task_id
    )
    return str(rows[0][0]) if rows else ""


def arrived(hall: Hall, target: str, count: int) -> None:
    hall.wait(lambda: len(hall.messages(target)) >= count, "nothing has arrived")


@BOTH
def test_a_change_leads_to_a_sync(hall: Hall) -> None:
    """By itself: nobody asks for anything here but the provider."""
    target = hall.mapped("asana", "1400")
    task_id = rename(hall, "Renamed there")
    hall.wait(lambda: hall.jobs(target), "there is no job")
    ((cause, status, request),) = hall.jobs(target)
    assert (cause, status) == ("webhook", "queued")
    assert request == {"syncType": "incremental", "entities": ["tasks"]}
    hall.finish_jobs()
    assert "Renamed there" in title_of(hall, target, task_id)
    assert sorted(one["action"] for one in hall.logs(target)) == ["sync", "webhook"]
    (entry,) = hall.logs(target, action="webhook")
    assert (entry["status"], entry["details"]["messages"]) == ("success", 1)


@BOTH
def test_a_swarm_of_changes_is_one_sync(hall: Hall) -> None:
    target = hall.mapped("asana", "1400")
    tasks = [rename(hall, f"Title {number}", number) for number in range(20)]
    hall.sandbox.asana.work.comment(tasks[0], "Grace", "And a comment")
    arrived(hall, target, 21)
    hall.process()
    ((_, _, request),) = hall.jobs(target)
    assert set(request["entities"]) == {"tasks", "comments"}, "what has come later is looked at, too"
    hall.finish_jobs()
    assert all(f"Title {number}" in title_of(hall, target, task_id) for number, task_id in enumerate(tasks))
    assert all(done for _, done in hall.messages(target))
    assert len(hall.jobs(target)) == 1


@BOTH
def test_a_running_sync_gets_one_follow_up(hall: Hall) -> None:
    """What it has passed already it does not see."""
    target = hall.mapped("asana", "1400")
    held = threading.Event()
    fault = hall.sandbox.asana.fail("/api/1.0/tasks", method="GET", truthful=True, hang=held)
    params = {"integrationId": target, "syncType": "full"}
    hall.service.call("integration.sync", params, token=hall.people.admin)
    hall.wait(lambda: fault.times == 0, "the sync has not begun")
    tasks = [rename(hall, "Meanwhile", number) for number in range(3)]
    arrived(hall, target, 3)
    hall.process()
    assert [cause for cause, _, _ in hall.jobs(target)] == ["manual"]
    assert not any(done for _, done in hall.messages(target)), "they wait"
    held.set()
    hall.service.run(lambda _: hall.service.engine.idle())
    hall.wait(lambda: len(hall.jobs(target)) == 2, "there is no follow-up")
    hall.finish_jobs()
    assert sorted(job[:2] for job in hall.jobs(target)) == [("manual", "succeeded"), ("webhook", "succeeded")]
    assert all("Meanwhile" in title_of(hall, target, task_id) for task_id in tasks)
    assert all(done for _, done in hall.messages(target))


def test_a_sync_that_waits_is_joined(hall: Hall) -> None:
    """And looks at what it was not asked for; a dry run, which keeps nothing, is followed instead."""
    target = hall.mapped("asana", "1400")
    add = (
        "INSERT INTO job (id, integration_id, kind, status, active_key, cause, requested_by, request_id, request,"
        " created_at, due_at) VALUES (?, ?, 'sync', 'queued', ?, 'manual', 'admin', 'r', ?, 1, 9999999999999)"
    )
    hall.service.rows.query(add, "j1", target, f"sync:{target}", '{"syncType":"full","entities":["projects"]}')
    rename(hall, "One")
    hall.wait(lambda: hall.messages(target) and hall.messages(target)[0][1], "it is not worked with")
    assert hall.jobs(target)[0][2] == {"syncType": "full", "entities": ["projects", "tasks"]}
    hall.service.rows.query("UPDATE job SET request = ? WHERE id = 'j1'", '{"syncType":"full","dryRun":true}')
    rename(hall, "Two")
    arrived(hall, target, 2)
    hall.process()
    assert sorted(done for _, done in hall.messages(target)) == [False, True]


def test_a_provider_that_wants_to_be_left_alone(hall: Hall) -> None:
    target = hall.mapped("asana", "1400")
    until = hall.service.clock.now + 600_000
    hall.service.rows.query(
        "UPDATE integration_connection SET next_allowed_at = ? WHERE integration_id = ?", until, target
    )
    rename(hall, "Later")
    arrived(hall, target, 1)
    hall.process()
    assert hall.jobs(target) == []
    hall.advance(s=601)
    hall.process()
    assert [cause for cause, _, _ in hall.jobs(target)] == ["webhook"]


@BOTH
def test_what_was_received_before_a_crash_is_worked_with(hall: Hall) -> None:
    """Whichever process wakes up next."""
    target = hall.mapped("asana", "1400")
    content = '{"kind":"changed","entities":["tasks"]}'
    columns = {"integration_id": target, "message_key": "k", "content": content, "received_at": 1}
    hall.service.rows.insert("inbound_message", **columns)
    hall.wait(lambda: hall.jobs(target), "nobody has taken it up")


@BOTH
def test_two_processes_at_once(hall: Hall) -> None:
    target, _ = hall.custom()
    for number in range(50):
        content = '{"kind":"changed","details":{"type":"t","data":{}}}'
        columns = {"integration_id": target, "message_key": f"k{number}", "content": content, "received_at": number}
        hall.service.rows.insert("inbound_message", **columns)

    async def all_at_once(app: App) -> None:
        await asyncio.gather(*(app.inbox.process() for _ in range(4)))

    hall.service.run(all_at_once)
    assert len(hall.logs(target, action="webhook", limit=100)) == 50


def test_custom_messages_are_shown(hall: Hall) -> None:
    sent = koko(hall, 0)
    hall.send(sent.path, sent.body, sent.headers)
    hall.process()
    (entry,) = hall.logs(str(sent.target), action="webhook")
    details = entry["details"]
    assert (details["event"], details["type"], details["data"]["data"]) == ("received", "shot.approved", {"shot": 7})


@BOTH
def test_an_app_that_was_removed(hall: Hall) -> None:
    """The team is told once, though Slack tells of it twice; nothing is left of the credentials."""
    target = hall.connect("slack")
    assert hall.sandbox.slack.events.enter_url("https://hooks.koko.test/webhooks/slack/app")
    hall.advance(s=2)
    hall.sandbox.slack.uninstall()
    hall.wait(lambda: hall.status(target)["integration"]["status"] == "disconnected", "it is still connected")
    body = hall.sandbox.slack.events.wrapped({"type": "app_uninstalled"})
    assert hall.send("/webhooks/slack/app", body, hall.sandbox.slack.events.signed(body)).status_code == 200
    hall.process()
    (entry,) = hall.logs(target, action="notify")
    assert entry["details"]["event"] == "disconnected"
    rows = hall.service.rows.query("SELECT access_token, refresh_token FROM integration WHERE id = ?", target)
    assert rows == [(None, None)]


def test_an_old_revocation_does_not_end_a_new_connection(hall: Hall) -> None:
    """Slack tells of the token that we have revoked ourselves, when we have a new one already."""
    target = hall.connect("slack")
    assert hall.sandbox.slack.events.enter_url("https://hooks.koko.test/webhooks/slack/app")
    events = hall.sandbox.slack.events
    body = events.wrapped({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0SANDBOX"]}})
    hall.advance(s=5)
    hall.service.call("integration.disconnect", {"integrationId": target}, token=hall.people.admin)
    assert hall.connect("slack") == target
    assert hall.send("/webhooks/slack/app", body, events.signed(body)).status_code == 200
    hall.process()
    assert hall.status(target)["integration"]["status"] == "connected"


def test_what_slack_tells(hall: Hall) -> None:
    """Channels are looked at; a link is shown; what does not concern us is taken and forgotten."""
    shown: list[tuple[str, Mapping[str, Any]]] = []

    async def show(integration: Integration, details: Mapping[str, Any]) -> None:
        shown.append((integration.id, details))

    target = hall.connect("slack")
    hall.service.app.inbox.__dict__["_on_link_shared"] = show
    events = hall.sandbox.slack.events
    assert events.enter_url("https://hooks.koko.test/webhooks/slack/app")
    hall.sandbox.slack.share_link("C000000000", "https://app.koko.test/videos/v1")
    hall.wait(lambda: shown, "the link is not shown")
    assert shown[0][0] == target
    assert shown[0][1]["links"] == [{"url": "https://app.koko.test/videos/v1", "domain": "app.koko.test"}]
    hall.sandbox.slack.add_channel("brand-new")
    hall.wait(lambda: hall.jobs(target), "the channels are not looked at")
    assert hall.jobs(target)[0][2] == {"syncType": "incremental", "entities": ["projects"]}
    for event in ({"type": "message"}, {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}):
        body = events.wrapped(event)
        assert hall.send("/webhooks/slack/app", body, events.signed(body)).status_code == 200
    assert len(hall.messages(target)) == 2


def test_what_cannot_be_worked_with_is_given_up(hall: Hall) -> None:
    """And told of; the others are not kept waiting."""

    async def fail(*_: Any) -> None:
        raise RuntimeError("unforeseen")

    target = hall.connect("slack")
    hall.service.app.inbox.__dict__["_on_link_shared"] = fail
    assert hall.sandbox.slack.events.enter_url("https://hooks.koko.test/webhooks/slack/app")
    hall.sandbox.slack.share_link("C000000000", "https://app.koko.test/videos/v1")
    hall.sandbox.slack.add_channel("brand-new")
    arrived(hall, target, 2)
    hall.wait(lambda: all(done for _, done in hall.messages(target)), "they wait for ever")
    assert sorted(entry["status"] for entry in hall.logs(target, action="webhook")) == ["failed", "success"]
    assert len(hall.jobs(target)) == 1


def test_messages_are_known_for_thirty_days(hall: Hall) -> None:
    target, _ = hall.custom()
    now = hall.service.clock.now
    for key, age_days, processed in (("new", 29, 1), ("old", 31, 1), ("waiting", 31, None)):
        columns = {"message_key": key, "content": '{"kind":"link_shared"}', "processed_at": processed}
        received = now - age_days * DAY_MS
        hall.service.rows.insert("inbound_message", integration_id=target, received_at=received, **columns)
    hall.service.run(lambda app: app.retention.apply())
    left = {key for (key,) in hall.service.rows.query("SELECT message_key FROM inbound_message")}
    assert left == {"new", "waiting"}
