"""Reading Notion's tables: long ones, odd ones, new ones, and what goes wrong on the way."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from providers.kit.errors import Rejected, StartOver, Transient
from providers.kit.items import Pull
from sandbox.kit.work import Column
from sandbox.stand_ins import Sandbox
from tests.sync.notion_talk import FIRST, FIRST_DATABASE, SECOND, Talk, connect_notion, tasks


@pytest.fixture
def talk(sandbox: Sandbox) -> Talk:
    return connect_notion(sandbox)


def test_what_a_status_means_is_asked_once(talk: Talk) -> None:
    pages = talk.pull()
    talk.stand_in.seen.clear()
    made = talk.stand_in.work.add_task(FIRST, "New", done=True)
    (page,) = talk.pull(since=pages[0].watermark)
    assert [(item.id, item.done) for item in page.items] == [(made.id, True)]
    assert len(talk.stand_in.seen) == 1
    # A state that was not there when we asked.
    source = talk.stand_in.work.source(FIRST)
    source.columns = [*source.columns, Column("5c000005", "Archived", done=True)]
    talk.stand_in.work.change(made.id, status="5c000005")
    (page,) = talk.pull(since=page.watermark)
    assert [(item.status_id, item.done) for item in page.items] == [("5c000005", True)]
    assert len(talk.stand_in.seen) == 3


def test_times_are_whole_minutes(talk: Talk) -> None:
    watermark = talk.pull()[0].watermark
    talk.stand_in.work.change(talk.stand_in.work.of(FIRST)[0].id, title="In the same minute")
    assert len(tasks(talk.pull(since=watermark))) == 1
    assert watermark is not None
    assert ':00Z"' in watermark


@pytest.mark.parametrize("most", [2, 30, 119, 120])
def test_a_table_that_is_longer_than_a_query(talk: Talk, most: int) -> None:
    talk.stand_in.most_results = most
    everything = talk.stand_in.work.of(FIRST)
    for number, task in enumerate(everything):
        task.created_s += 60 * number
    found = tasks(talk.pull())
    assert set(found) == {task.id for task in everything}


def test_a_table_that_cannot_be_read_whole(talk: Talk) -> None:
    talk.stand_in.most_results = 50
    for task in talk.stand_in.work.of(FIRST):
        task.created_s = 1_700_000_000
    with pytest.raises(Rejected, match="too many were created"):
        talk.pull()


def test_projects(talk: Talk) -> None:
    found = talk.provider.list_resources(talk.connection, "projects")
    assert [(one.id, one.name) for one in found] == [(FIRST, "Trailer"), (SECOND, "Feature film")]
    first = talk.provider.pull(talk.connection, Pull(entity="projects"))
    second = talk.provider.pull(talk.connection, Pull(entity="projects", cursor=first.cursor))
    assert [item.title for page in (first, second) for item in page.items] == ["Trailer", "Feature film"]
    assert second.cursor is None
    alone = talk.provider.pull(talk.connection, Pull(entity="projects", container=FIRST))
    assert alone.items == first.items


def test_a_database_stands_for_its_only_table(talk: Talk) -> None:
    bare_id = FIRST_DATABASE.replace("-", "")
    asked = [FIRST, FIRST_DATABASE, bare_id, "no id", "5e000000-0000-4000-8000-000000000009"]
    found = talk.provider.find_containers(talk.connection, asked)
    assert {target: one.id for target, one in found.items()} == dict.fromkeys(asked[:3], FIRST)
    other = talk.add_source([Column("0", "Open")], FIRST_DATABASE, Name="title")
    with pytest.raises(Rejected) as refused:
        talk.provider.find_containers(talk.connection, [FIRST_DATABASE])
    assert "2 data sources" in refused.value.message
    assert f"Another ({other})" in refused.value.message


def test_refusals(talk: Talk) -> None:
    path = f"/v1/data_sources/{FIRST}/query"
    talk.stand_in.fail("/v1/pages", status=409, body=b'{"code":"conflict_error"}')
    with pytest.raises(Transient) as conflict:
        talk.create()
    assert conflict.value.reason == "conflict_error"
    talk.stand_in.fail("/v1/pages", status=529, body=b'{"code":"service_overload"}', headers={"Retry-After": "7"})
    with pytest.raises(Transient) as busy:
        talk.create()
    assert (busy.value.reason, busy.value.retry_after_s) == ("service_overload", 7)
    talk.stand_in.fail(path, status=400, body=b"<html>")
    with pytest.raises(Rejected, match="HTTP 400"):
        talk.pull()
    for since, cursor in (
        ("2025-01-01T00:00:00Z", None),
        (None, '{"cursor":"gone"}'),
        (None, '{"other":5}'),
        ("[]", None),
    ):
        with pytest.raises(StartOver):
            talk.provider.pull(talk.connection, Pull(entity="tasks", container=FIRST, since=since, cursor=cursor))
    talk.stand_in.capabilities = frozenset({"read content"})
    with pytest.raises(Rejected, match="does not allow") as refused:
        talk.create()
    assert refused.value.reason == "restricted_resource"


def mangle(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    page: dict[str, Any] = {
        "object": "page",
        "id": "p2",
        "last_edited_time": "2025-01-01T00:00:00.000Z",
        "properties": {
            "Name": {"id": "title", "type": "title", "title": []},
            "Status": {"id": "s", "type": "status", "status": None},
            "Files": {"id": "f", "type": "files", "files": []},
        },
    }
    change(page)
    return page


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.pop("properties"),
        lambda page: page.update(properties=[]),
        lambda page: page["properties"].pop("Name"),
        lambda page: page["properties"].update(Name=5),
        lambda page: page["properties"]["Name"].update(title=None),
        lambda page: page["properties"]["Status"].update(status="Done"),
        lambda page: page["properties"]["Files"].update(files=[{"type": "file"}]),
        lambda page: page.update(last_edited_time=5),
        lambda page: page.update(id=None),
    ],
)  # fmt: skip
def test_one_bad_page_harms_no_other(talk: Talk, change: Callable[[dict[str, Any]], None]) -> None:
    body = {"results": [mangle(change), mangle(lambda page: page.update(id="p3")), 5], "has_more": False}
    talk.stand_in.fail(f"/v1/data_sources/{FIRST}/query", body=orjson.dumps(body))
    (page,) = talk.pull()
    assert [(item.id, item.title, item.done) for item in page.items] == [("p3", "", False)]
    assert len(page.skipped) == 2
