"""Jira beyond the contract: transitions, links to the frame, windows of time, and what fails half way."""

import dataclasses
import time
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from providers.jira import Jira
from providers.kit.connection import Connection, Credentials
from providers.kit.egress import EgressGuard
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, Rejected, StartOver
from providers.kit.http import HttpClient
from providers.kit.items import Change, Draft, Item, Page, Pull
from sandbox.atlassian import SITES
from sandbox.jira import JiraApi
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.sync.team import PROJECT, join, moved

CUT, VFX = "10000", "10001"
WONT_DO, DONE = "100108", "100109"
SITE = f"/ex/jira/{SITES[0]['id']}/rest/api/3"
SEARCH = f"{SITE}/search/jql"
SCOPES = ("read:jira-user", "read:jira-work", "write:jira-work")
URL = "https://app.koko.test/videos/video-1?t=62.5&comment=comment-1"
TEXT = f"Brighter, please\n  and warmer\n\n\n— Ada in Koko at 1:02.5, “Trailer”\n{URL}"
DRAFT = Draft(title="Brighter, please", text=TEXT, url=URL, koko_id="comment-1")


@dataclasses.dataclass
class Talk:
    """The provider, connected to its stand-in."""

    provider: Jira
    connection: Connection
    sandbox: Sandbox

    @property
    def api(self) -> JiraApi:
        return self.sandbox.atlassian.jira_api

    def pages(self, entity: Any = "tasks", container: str | None = CUT, since: str | None = None) -> list[Page]:
        pages: list[Page] = []
        cursor: str | None = None
        while not pages or cursor is not None:
            asked = Pull(entity=entity, container=container, since=since, cursor=cursor)
            pages.append(self.provider.pull(self.connection, asked))
            cursor = pages[-1].cursor
        return pages

    def items(self, entity: str | None = None, since: str | None = None) -> dict[str, Item]:
        found = [item for page in self.pages(since=since) for item in page.items if item.entity == entity]
        assert len({item.id for item in found}) == len(found), "none comes twice"
        return {item.id: item for item in found}

    def create(self, **changes: Any) -> Item:
        return self.provider.create_task(self.connection, CUT, dataclasses.replace(DRAFT, **changes))

    def update(self, task_id: str, **changes: Any) -> Item:
        change = Change(**{"url": URL, "koko_id": "comment-1", **changes})
        return self.provider.update_task(self.connection, CUT, task_id, change)

    def fail(self, path: str, **fault: Any) -> None:
        self.sandbox.atlassian.fail(f"{SITE}{path}", **fault)

    def asked(self, path: str) -> list[Any]:
        return [seen.data for seen in self.sandbox.atlassian.requests_to(f"{SITE}{path}")]

    def links(self, task_id: str) -> list[tuple[Any, Any]]:
        """The address and the state of each link of an issue."""
        found: list[Any] = self.api.work.tasks[task_id].links
        return [(link["object"]["url"], link["object"]["status"]["resolved"]) for link in found]


@pytest.fixture
def talk(sandbox: Sandbox) -> Talk:
    http = HttpClient(EgressGuard(), sandbox.hosting.origins, sleep=lambda _: None)
    token = sandbox.atlassian.jira.issue(SCOPES).access
    config = {"cloudId": SITES[0]["id"], "siteUrl": SITES[0]["url"]}
    return Talk(Jira(http), Connection(credentials=Credentials(access_token=token), config=config), sandbox)


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


def test_an_incremental_pass_asks_for_minutes(talk: Talk) -> None:
    pages = talk.pages()
    assert [len([item for item in page.items if item.entity is None]) for page in pages] == [50, 50, 20]
    assert [page.watermark is None for page in pages] == [False, True, True]
    since = pages[0].watermark
    assert since is not None
    assert abs(int(since) - (time.time() * 1000 - 120_000)) < 10_000
    talk.sandbox.atlassian.seen.clear()
    assert talk.items(since=since) == {}
    made = talk.create()
    assert list(talk.items(since=since)) == [made.id]
    jql = {body["jql"] for body in talk.asked("/search/jql")}
    assert jql <= {f'project = 10000 AND updated >= "-{n}m" ORDER BY updated DESC' for n in (3, 4)}


def test_a_long_incremental_pass_sees_what_changes_meanwhile_later(talk: Talk) -> None:
    for task in talk.api.work.of(CUT):
        talk.api.work.change(task.id)
    since = str(int(time.time() * 1000) - 60_000)
    asked = Pull(entity="tasks", container=CUT, since=since)
    first = talk.provider.pull(talk.connection, asked)
    # One that is not on the first page.
    changed = talk.api.work.of(CUT)[0]
    talk.api.work.change(changed.id, title="Meanwhile")
    rest = talk.provider.pull(talk.connection, dataclasses.replace(asked, cursor=first.cursor))
    last = talk.provider.pull(talk.connection, dataclasses.replace(asked, cursor=rest.cursor))
    seen = {item.id for page in (first, rest, last) for item in page.items if item.entity is None}
    assert {task.id for task in talk.api.work.of(CUT)} - seen <= {changed.id}
    assert talk.items(since=first.watermark)[changed.id].title == "Meanwhile"


def test_our_clock_may_be_wrong(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    since = str(int(time.time() * 1000) - 3_600_000)
    made = talk.create()
    for behind_s, asked in ((7200, 2), (-7200, 1)):
        talk.sandbox.atlassian.seen.clear()
        with monkeypatch.context() as patched:
            wrong = SimpleNamespace(time=lambda behind_s=behind_s: time.time() - behind_s)
            patched.setattr("providers.kit.jira_site.time", wrong)
            page = talk.provider.pull(talk.connection, Pull(entity="tasks", container=CUT, since=since))
        assert made.id in {item.id for item in page.items}
        assert len(talk.asked("/search/jql")) == asked


def test_tokens_and_watermarks_that_are_no_good(talk: Talk) -> None:
    first = talk.provider.pull(talk.connection, Pull(entity="tasks", container=CUT))
    for asked in (
        Pull(entity="tasks", container=VFX, cursor=first.cursor),
        Pull(entity="tasks", container=CUT, cursor=" nonsense"),
        Pull(entity="tasks", container=CUT, since="yesterday"),
    ):
        with pytest.raises(StartOver):
            talk.provider.pull(talk.connection, asked)
    for container in ("10009", 'X" OR project = "CUT', "GONE"):
        with pytest.raises(Rejected, match="no such project"):
            talk.provider.pull(talk.connection, Pull(entity="tasks", container=container))


def test_many_comments_and_those_that_are_not_for_all(talk: Talk) -> None:
    task = talk.api.work.of(CUT)[-1]
    said = [talk.api.work.comment(task.id, "Grace", f"Number {number}") for number in range(25)]
    hidden = said[3]
    talk.api.work.restricted.add(hidden.id)
    found = talk.items("comments")
    mine = [item.text for item in found.values() if item.parent_id == task.id]
    assert mine == [one.text for one in said if one is not hidden]
    assert len(talk.asked(f"/issue/{task.id}/comment")) == 3, "nothing but the rest of a long list is asked for"


def test_files(talk: Talk) -> None:
    item = min(talk.items("files").values(), key=lambda one: int(one.id))
    assert (item.title, item.fields) == ("frame-1.png", {"size": 1000, "kind": "image/png"})
    assert item.url == f"https://sandbox.atlassian.net/rest/api/3/attachment/content/{item.id}"


def test_projects_by_key_and_by_id(talk: Talk) -> None:
    found = talk.provider.find_containers(talk.connection, ["CUT", CUT, "VFX", "cut", "NONE"])
    assert {target: one.id for target, one in found.items()} == {"CUT": CUT, CUT: CUT, "VFX": VFX}
    pages = talk.pages("projects", None)
    assert [item.title for page in pages for item in page.items] == ["Cut", "Effects"]
    (alone,) = talk.pages("projects", CUT)
    assert alone.items == pages[0].items


def test_one_strange_issue_harms_no_other(talk: Talk) -> None:
    good = talk.provider.pull(talk.connection, Pull(entity="tasks", container=VFX)).items[0]
    shown = talk.api.work.show(talk.api.work.tasks[good.id], ["summary", "description", "status", "comment"])
    strange: list[Any] = [
        5,
        {"id": "1"},
        {**shown, "id": "2", "fields": {**shown["fields"], "status": "open"}},
        {**shown, "id": "3", "fields": {**shown["fields"], "description": {"type": "doc", "content": [7]}}},
        {**shown, "id": "4", "fields": {**shown["fields"], "attachment": "none"}},
        {**shown, "id": "5", "fields": {**shown["fields"], "comment": []}},
    ]
    talk.fail("/search/jql", body=orjson.dumps({"issues": [*strange, shown], "isLast": True}))
    page = talk.provider.pull(talk.connection, Pull(entity="tasks", container=VFX))
    assert [item.id for item in page.items] == [good.id]
    assert [skipped.id for skipped in page.skipped] == ["?", "1", "2", "3", "4", "5"]


def test_a_page_that_is_too_large_is_asked_for_in_parts(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.kit.http.MAX_ANSWER_BYTES", 20_000)
    assert len(talk.items()) == 120
    assert {body["maxResults"] for body in talk.asked("/search/jql")} == {100, 10}
    monkeypatch.setattr("providers.kit.http.MAX_ANSWER_BYTES", 100)
    with pytest.raises(ProtocolBroken, match="too large"):
        talk.items()


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
