"""What Jira's searches answer: windows of time, pages, and what comes along with an issue."""

import dataclasses
import time
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from providers.kit.errors import ProtocolBroken, Rejected, StartOver
from providers.kit.items import Pull
from sandbox.stand_ins import Sandbox
from tests.sync.jira_talk import CUT, VFX, Talk, talk_to


@pytest.fixture
def talk(sandbox: Sandbox) -> Talk:
    return talk_to(sandbox)


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


def test_a_pass_that_was_put_off_misses_nothing(talk: Talk) -> None:
    """What is asked for is counted from now, and the next page may be asked for half an hour later."""
    for task in talk.api.work.of(CUT):
        talk.api.work.change(task.id)
    now = int(time.time() * 1000)
    first = talk.provider.pull(talk.connection, Pull(entity="tasks", container=CUT, since=str(now)))
    asked = Pull(entity="tasks", container=CUT, since=str(now - 30 * 60_000), cursor=first.cursor)
    talk.sandbox.atlassian.seen.clear()
    again = talk.provider.pull(talk.connection, asked)
    repeated, anew = talk.asked("/search/jql")
    assert '"-2m"' in repeated["jql"]
    assert "nextPageToken" not in anew
    assert any(f'"-{minutes}m"' in anew["jql"] for minutes in (90, 91))
    assert again.items == first.items
    talk.sandbox.atlassian.seen.clear()
    talk.provider.pull(talk.connection, dataclasses.replace(asked, cursor=again.cursor))
    assert len(talk.asked("/search/jql")) == 1


def test_our_clock_may_be_wrong(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    since = str(int(time.time() * 1000) - 3_600_000)
    made = talk.create()
    for behind_s, asked in ((7200, 2), (-7200, 1)):
        talk.sandbox.atlassian.seen.clear()
        with monkeypatch.context() as patched:
            wrong = SimpleNamespace(time=lambda behind_s=behind_s: time.time() - behind_s)
            patched.setattr("providers.kit.jira.site.time", wrong)
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
