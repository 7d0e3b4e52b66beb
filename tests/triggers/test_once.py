"""At most once, in order, and what happens when something does not work."""

from typing import Any

import pytest

from koko_integrations.app import App
from sandbox.atlassian import SITES
from tests.delivery.receiver import Receiver
from tests.service import running_service
from tests.sync.team import VIDEO
from tests.triggers.studio import URGENT, Studio, condition, trigger

ISSUE = f"/ex/jira/{SITES[0]['id']}/rest/api/3/issue"


def test_several_triggers_in_their_order(studio: Studio, receiver: Receiver) -> None:
    studio.set(
        studio.zapier,
        *[
            trigger("webhook", {"url": receiver.url, "body": {"n": n}}, condition("n", "less_than", n))
            for n in range(9)
        ],
    )
    event_id = studio.react({"n": 4})
    assert [one.json()["n"] for one in receiver.received] == [5, 6, 7, 8]
    entry = studio.entry(event_id)
    assert (entry["status"], entry["action"]) == ("success", "webhook")
    told = entry["details"]["triggers"]
    assert [one["matches"] for one in told] == [False] * 5 + [True] * 4
    assert (entry["details"]["itemsProcessed"], entry["details"]["itemsFailed"]) == (4, 0)


def test_one_that_fails_keeps_no_other_from_its_turn(studio: Studio, receiver: Receiver) -> None:
    studio.set(
        studio.jira,
        trigger("create_task", {}),
        trigger("webhook", {"url": "http://127.0.0.1:9/"}),
        trigger("webhook", {"url": receiver.url}),
    )
    studio.sandbox.atlassian.fail(ISSUE, status=503)
    event_id = studio.react(studio.comment("x"))
    assert studio.runs(event_id) == ["failed", "failed", "succeeded"]
    entry = studio.entry(event_id)
    assert (entry["status"], entry["details"]["itemsFailed"]) == ("partial", 2)
    assert "It may have been done all the same, and is not repeated" in entry["details"]["errors"][0]
    assert studio.issues == {}
    studio.settle()
    assert studio.issues == {}, "it is not tried again"


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_being_asked_to_wait_is_being_told_that_nothing_was_done(studio: Studio, receiver: Receiver) -> None:
    studio.set(studio.jira, trigger("create_task", {}), trigger("webhook", {"url": receiver.url}))
    studio.sandbox.atlassian.fail(ISSUE, status=429, headers={"Retry-After": "60"})
    first = studio.react(studio.comment("x"))
    second = studio.react(studio.comment("y", "comment-2"))
    assert (studio.issues, receiver.received) == ({}, []), "what comes after it waits, too"
    assert studio.log(studio.jira, action="webhook") == []
    studio.service.clock.advance(s=61)
    studio.settle()
    assert sorted(issue.title for issue in studio.issues.values()) == ["x", "y"]
    assert (studio.runs(first), studio.runs(second)) == (["succeeded"] * 2, ["succeeded"] * 2)
    assert [one.json()["id"] for one in receiver.received] == [first, second]


def test_a_receiver_that_never_has_time(studio: Studio, receiver: Receiver) -> None:
    receiver.says(429, Retry_After="1")
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url}))
    event_id = studio.react(studio.comment("x"))
    for _ in range(12):
        studio.service.clock.advance(minutes=10)
        studio.settle()
    assert studio.runs(event_id) == ["failed"]
    assert studio.reason(event_id) == "HTTP 429"
    assert len(receiver.received) == 9
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1


@pytest.mark.parametrize(("status", "said"), [(500, "HTTP 500"), (302, "HTTP 302: redirects are not followed")])
def test_a_receiver_that_fails_is_not_asked_again(studio: Studio, receiver: Receiver, status: int, said: str) -> None:
    receiver.says(status, Location="http://127.0.0.1/")
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url}))
    event_id = studio.react(studio.comment("x"))
    studio.service.clock.advance(days=1)
    studio.settle()
    assert (studio.reason(event_id), len(receiver.received)) == (said, 1)


def test_what_was_begun_by_a_process_that_is_gone(studio: Studio, receiver: Receiver) -> None:
    """Another takes the lane when the lease has lapsed: what was started has failed, what was not is done."""
    stored, _ = studio.set(studio.zapier, *[trigger("webhook", {"url": receiver.url})] * 2)
    rows, now = studio.service.rows, studio.service.clock.now
    # Somebody else has the lane, so that the event waits.
    rows.query("UPDATE trigger_lane SET lease_holder = 'gone', lease_until = ?", now + 10_000)
    event_id = studio.publish(studio.comment("x"))
    begun = {"trigger_id": stored["id"], "event_id": event_id, "integration_id": studio.zapier}
    rows.insert("trigger_run", **begun, position=0, subject=VIDEO, status="started", started_at=now)
    studio.service.clock.advance(s=11)
    studio.settle()
    assert (studio.runs(event_id), len(receiver.received)) == (["failed", "succeeded"], 1)
    assert "may have been done, and is not repeated" in studio.story(event_id)["errors"][0]


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_two_processes_do_not_do_the_same(studio: Studio, receiver: Receiver) -> None:
    studio.set(studio.zapier, *[trigger("webhook", {"url": receiver.url})] * 3)
    with running_service(studio.service.settings, studio.service.clock, worker=False) as other:

        async def wake(app: App) -> None:
            app.automation.wake()

        events = []
        for number in range(20):
            events.append(studio.publish({"video": {"id": f"v{number}"}, "n": number}))
            other.run(wake)
        studio.settle()
    sent = [one.json()["id"] for one in receiver.received]
    assert sorted(sent) == sorted(events * 3)
    assert sent == [event for event in events for _ in range(3)], "and all in order"


def test_a_trigger_that_is_changed_before_its_turn(studio: Studio, receiver: Receiver) -> None:
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url}))
    studio.service.rows.query("UPDATE trigger_lane SET lease_until = ?", studio.service.clock.now + 10_000)
    event_id = studio.publish(studio.comment("x"))
    studio.set(studio.zapier)
    studio.service.clock.advance(s=11)
    studio.settle()
    assert (studio.runs(event_id), receiver.received) == (["failed"], [])
    assert studio.reason(event_id).startswith("The trigger was removed")


def test_a_connection_that_is_lost(studio: Studio) -> None:
    studio.set(studio.jira, trigger("create_task", {}, URGENT))
    studio.service.rows.query("UPDATE integration SET status = 'error' WHERE id = ?", studio.jira)
    event_id = studio.react(studio.comment("urgent"))
    assert (studio.runs(event_id), studio.reason(event_id)) == (["failed"], "Jira is not connected; connect it")


def test_a_loop_is_broken(studio: Studio, receiver: Receiver) -> None:
    """A receiver that comments in Koko whenever it is told of a comment."""
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url}))
    said: dict[str, Any] = {"comment": {"id": "c", "videoId": VIDEO, "content": "told"}}
    events = [studio.publish(said) for _ in range(25)]
    studio.settle()
    assert len(receiver.received) == 20
    assert [studio.runs(one) for one in events[-5:]] == [["skipped"]] * 5
    entry = studio.entry(events[-1])
    assert entry["status"] == "failed"
    assert "looks like a loop" in entry["details"]["errors"][0]
    studio.react({"comment": {"id": "d", "videoId": "another"}})
    assert len(receiver.received) == 21, "of another video it is told all the same"
    studio.service.clock.advance(minutes=9)
    studio.react(said)
    assert len(receiver.received) == 21, "it has not been quiet for long enough"
    studio.service.clock.advance(minutes=11)
    studio.react(said)
    assert len(receiver.received) == 22


def test_what_an_integration_has_done_itself_sets_it_off_no_more(studio: Studio) -> None:
    studio.set(studio.jira, trigger("create_task", {}))
    data = studio.comment("made by the sync")
    event_id = studio.react(data, actorId=f"integration:{studio.jira}")
    assert (studio.runs(event_id), studio.issues) == ([], {})
    [told] = studio.story(event_id)["triggers"]
    assert (told["matches"], told["skipped"]) == (True, "The integration has done this itself")
    [shown] = studio.rehearse(studio.jira, event_id)
    assert (shown["matches"], shown["wouldRun"]) == (True, False)
    studio.service.rows.insert(
        "sync_link",
        integration_id=studio.jira,
        koko_id="comment-2",
        entity="comments",
        container="10000",
        external_id="1",
        origin="external",
        state="linked",
        attempted_at=0,
    )
    event_id = studio.react(studio.comment("said in Jira", "comment-2"))
    assert (studio.runs(event_id), studio.issues) == ([], {})


def test_many_triggers_are_told_of_in_one_entry(studio: Studio, receiver: Receiver) -> None:
    hit = trigger("webhook", {"url": receiver.url}, condition("n", "equals", 1))
    miss = trigger("webhook", {"url": receiver.url}, condition("n", "equals", 2))
    studio.set(studio.zapier, *[miss] * 120, hit)
    details = studio.story(studio.react({"n": 1}))
    assert (len(details["triggers"]), details["notShown"]) == (50, 71)
    assert details["triggers"][-1]["outcome"] == "succeeded"
    assert studio.story(studio.react({"n": 3}))["notShown"] == 71


def test_old_turns_are_forgotten(studio: Studio, receiver: Receiver) -> None:
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url}))
    studio.react(studio.comment("x"))
    studio.service.clock.advance(days=31)
    studio.service.run(lambda app: app.retention.apply())
    for table in ("trigger_turn", "trigger_run", "event"):
        assert studio.service.rows.query(f"SELECT COUNT(*) FROM {table}") == [(0,)], table
