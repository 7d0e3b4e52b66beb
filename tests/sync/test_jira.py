"""Jira beyond the contract: transitions, links to the frame, and what fails half way."""

import dataclasses
from typing import Any

import pytest

from providers.kit.connection import Credentials
from providers.kit.errors import CredentialsRefused, Missing, Rejected
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.sync.jira_talk import CUT, DONE, DRAFT, SCOPES, TEXT, URL, VFX, WONT_DO, Talk, talk_to
from tests.sync.team import PROJECT, join, moved


@pytest.fixture
def talk(sandbox: Sandbox) -> Talk:
    return talk_to(sandbox)


def test_what_is_written_is_what_is_read(talk: Talk) -> None:
    made = talk.create()
    assert (made.title, made.text, made.done, made.status_id) == ("Brighter, please", TEXT, False, "10010")
    assert made.url == f"https://sandbox.atlassian.net/browse/CUT-{made.id}"
    assert talk.items()[made.id] == made
    changed = talk.update(made.id, title="Brighter", text=TEXT.replace("warmer", "softer"))
    assert (changed.title, changed.text) == ("Brighter", TEXT.replace("warmer", "softer"))
    assert talk.items()[made.id] == changed
    said = talk.provider.create_comment(talk.connection, CUT, made.id, TEXT)
    assert (said.text, said.author, said.parent_id) == (TEXT, "Ada Admin", made.id)
    assert talk.items("comments")[said.id] == said
    better = talk.provider.update_comment(talk.connection, CUT, made.id, said.id, "Better")
    assert (better.id, better.text) == (said.id, "Better")
    assert talk.items("comments")[said.id] == better
    (created,) = talk.asked("/issue")
    assert created["fields"]["issuetype"] == {"id": "10101"}, "a task, no epic"


def test_what_is_gone(talk: Talk) -> None:
    made = talk.create()
    for comment_id in ("1", "x/../y"):
        with pytest.raises(Missing):
            talk.provider.update_comment(talk.connection, CUT, made.id, comment_id, "Better")
    talk.api.work.delete(made.id)
    for change in ({"title": "x"}, {"done": True}, {"text": TEXT}):
        with pytest.raises(Missing):
            talk.update(made.id, **change)
    with pytest.raises(Missing):
        talk.provider.create_comment(talk.connection, CUT, made.id, "Hello")


def test_statuses_of_all_types_once(talk: Talk) -> None:
    found = talk.provider.list_statuses(talk.connection, VFX)
    assert [(one.id, one.name, one.done) for one in found] == [
        ("10020", "To Do", False),
        ("10021", "Review", False),
        ("10022", "Review", False),
        ("100208", "Won't Do", True),
        ("100209", "Done", True),
    ]


def test_finishing_and_reopening(talk: Talk) -> None:
    made = talk.create(status_id="10012")
    assert (made.status_id, made.done) == ("10012", False)
    finished = talk.update(made.id, done=True)
    assert (finished.status_id, finished.done) == (DONE, True), "not by the transition that asks for a reason"
    assert talk.links(made.id) == [(URL, True)]
    moves = f"/issue/{made.id}/transitions"
    before = len(talk.asked(moves))
    assert talk.update(made.id, done=True, status_id=DONE).done
    assert talk.update(made.id, done=True).status_id == DONE
    assert len(talk.asked(moves)) == before, "it is done already"
    reopened = talk.update(made.id, done=False)
    assert (reopened.status_id, reopened.done) == ("10010", False)
    assert talk.links(made.id) == [(URL, False)]
    assert talk.update(made.id, done=True, status_id=WONT_DO).status_id == WONT_DO
    assert talk.create(done=True).status_id == DONE


def test_a_workflow_that_does_not_lead_there(talk: Talk) -> None:
    made = talk.create()
    talk.api.closed_to = {WONT_DO, DONE, "10012"}
    with pytest.raises(Rejected) as refused:
        talk.update(made.id, title="Another", done=True)
    assert refused.value.message == (
        "Jira offers no transition that finishes it from To Do; it offers: To In Progress (to In Progress)"
    )
    assert talk.items()[made.id].title == "Another", "the rest is done"
    with pytest.raises(Rejected, match="no transition to the status 100109 from To Do"):
        talk.update(made.id, done=True, status_id=DONE)
    talk.api.closed_to.add("10011")
    with pytest.raises(Rejected, match="offers: none"):
        talk.update(made.id, done=True)
    stuck = talk.create(done=True)
    assert (stuck.done, stuck.status_id) == (False, "10010"), "made all the same"
    assert talk.links(stuck.id) == [(URL, False)]


def test_the_link_to_the_frame_is_one_and_true(talk: Talk) -> None:
    made = talk.create(done=True)
    assert talk.links(made.id) == [(URL, True)]
    talk.update(made.id, text=TEXT + " ")
    talk.update(made.id, done=False, url=f"{URL}2")
    assert talk.links(made.id) == [(f"{URL}2", False)]
    talk.api.work.tasks[made.id].links.clear()
    talk.update(made.id, title="Another")
    assert talk.links(made.id) == [(URL, False)], "one that was lost is made again"
    talk.update(made.id, done=True, url="")
    assert talk.links(made.id) == [(URL, False)], "what has no address in Koko cannot be linked"


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 429, "headers": {"Retry-After": "60"}}, {"status": 401}])
def test_an_issue_whose_link_failed_is_not_made_again(talk: Talk, fault: dict[str, Any]) -> None:
    before = len(talk.api.work.tasks)
    issue_id = str(20_000 + before + 5)
    talk.fail(f"/issue/{issue_id}/remotelink", **fault)
    made = talk.create()
    assert (made.id, len(talk.api.work.tasks), talk.links(made.id)) == (issue_id, before + 1, [])
    talk.update(made.id, done=True)
    assert talk.links(made.id) == [(URL, True)]


def test_an_issue_that_cannot_be_read_back_is_not_made_again(talk: Talk) -> None:
    before = len(talk.api.work.tasks)
    issue_id = str(20_000 + before + 5)
    talk.fail(f"/issue/{issue_id}", status=503, times=9)
    made = talk.create(done=True)
    assert (made.id, made.title, made.text, made.done) == (issue_id, DRAFT.title, TEXT, False)
    assert made.url == f"https://sandbox.atlassian.net/browse/CUT-{issue_id}"
    assert len(talk.api.work.tasks) == before + 1


def test_who_may_not_link_may_update(talk: Talk) -> None:
    made = talk.create()
    talk.fail(f"/issue/{made.id}/remotelink", status=403)
    assert talk.update(made.id, done=True).done


def test_fields_that_a_project_demands(talk: Talk) -> None:
    talk.api.required = {"customfield_10010": "Scene"}
    with pytest.raises(Rejected) as refused:
        talk.create()
    assert refused.value.explained.endswith("a required one that Koko cannot fill (customfield_10010)")


def test_a_scope_that_is_missing_is_no_reason_to_renew_the_token(talk: Talk) -> None:
    token = talk.sandbox.atlassian.jira.issue(SCOPES[:2]).access
    reader = dataclasses.replace(talk.connection, credentials=Credentials(access_token=token))
    with pytest.raises(Rejected, match="connect it again"):
        talk.provider.create_comment(reader, CUT, "20000", "Hello")
    talk.sandbox.atlassian.jira.revoke(token)
    with pytest.raises(CredentialsRefused):
        talk.provider.create_comment(reader, CUT, "20000", "Hello")


def test_what_a_workflow_does_not_allow_is_said_and_left_as_it_is(
    service: Service, people: People, sandbox: Sandbox
) -> None:
    team, api = join(service, people, sandbox, "jira"), sandbox.atlassian.jira_api
    team.configure(projectMapping={PROJECT: "CUT"})
    team.succeed("full")
    api.closed_to = {WONT_DO, DONE}
    team.koko.comment("comment-1", "Resolved before it came here", resolved=1)
    assert moved(team.succeed()) == {"pushed": 1}
    for _ in range(2):
        job = team.sync()
        assert job["status"] == "partial"
        assert "no transition that finishes it from To Do" in job["errors"][0]
    assert team.koko.read("comment-1")["resolved"] == 1
    api.closed_to.clear()
    assert moved(team.succeed()) == {"pushed": 1}
    assert api.work.tasks[team.linked("comment-1")].done
    assert moved(team.succeed()) == {}
