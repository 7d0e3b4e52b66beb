"""Notion beyond the contract: what teams' tables are like, and what is in their pages."""

import dataclasses

import pytest

from providers.kit.errors import Missing, Rejected
from providers.kit.items import Pull
from sandbox.kit.work import Column
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.sync.notion_talk import FIRST, SECOND, TEXT, URL, Talk, bare, connect_notion, tasks
from tests.sync.team import PROJECT, join, moved


@pytest.fixture
def talk(sandbox: Sandbox) -> Talk:
    return connect_notion(sandbox)


def test_a_page_reads_as_it_was_written(talk: Talk) -> None:
    made = talk.create()
    assert (made.title, made.text, made.done, made.status_id) == ("Brighter, please", TEXT, False, "5c000001")
    assert bare(made) == bare(talk.read(made.id))
    page = talk.stand_in.work.tasks[made.id]
    assert page.links == [{"url": URL}]
    changed = talk.update(made.id, title="Other", text=TEXT.replace("warmer", "colder"), done=True)
    assert (changed.title, changed.done, changed.status_id) == ("Other", True, "5c000003")
    assert bare(changed) == bare(talk.read(made.id))
    assert not talk.update(made.id, done=False).done
    assert talk.update(made.id, done=True, status_id="5c000004").status_id == "5c000004"
    assert talk.create(done=True).done


def test_a_table_without_a_text_property_has_it_in_the_page(talk: Talk) -> None:
    made = talk.create(SECOND)
    assert made.text is None
    assert bare(made) == bare(talk.read(made.id, SECOND))
    blocks = talk.stand_in.work.blocks
    assert [block["type"] for block in blocks[made.id]] == ["paragraph"]
    assert talk.stand_in.work.tasks[made.id].text == TEXT
    # People go on writing around it, and make it a quotation.
    theirs = {"type": "paragraph", "paragraph": {"rich_text": [{"text": {"content": "Theirs"}}]}}
    for position in (0, *range(2, 120)):
        blocks[made.id].insert(position, talk.stand_in.work.make_block(theirs))
    blocks[made.id][1]["type"] = "quote"
    talk.stand_in.work.settle(talk.stand_in.work.tasks[made.id])
    talk.update(made.id, SECOND, text=TEXT.replace("warmer", "colder"))
    assert "colder" in blocks[made.id][1]["rich_text"][0]["plain_text"]
    assert len(blocks[made.id]) == 120
    # Somebody removes it: it comes back, below.
    del blocks[made.id][1]
    talk.stand_in.work.settle(talk.stand_in.work.tasks[made.id])
    for _ in range(2):
        talk.update(made.id, SECOND, text=TEXT)
    assert [one for one in blocks[made.id] if one["rich_text"][-1]["href"] == URL] == blocks[made.id][-1:]
    assert talk.update(made.id, SECOND, done=True).status_id == "5c000014"


def test_a_checkbox_will_do(talk: Talk) -> None:
    columns = [Column("0", "Open"), Column("1", "Done", done=True)]
    source = talk.add_source(columns, Name="title", Done="checkbox", Urgent="checkbox")
    assert talk.provider.list_statuses(talk.connection, source) == []
    made = talk.create(source)
    assert (made.done, made.status_id) == (False, None)
    assert talk.update(made.id, source, done=True).done
    assert talk.read(made.id, source).done
    assert not talk.update(made.id, source, done=False).done


def test_where_nothing_says_what_is_done(talk: Talk) -> None:
    source = talk.add_source([Column("0", "")], Name="title", Finished="checkbox")
    made = talk.create(source)
    assert (made.done, made.status_id) == (None, None)
    with pytest.raises(Rejected, match="add one"):
        talk.update(made.id, source, done=True)
    with pytest.raises(Rejected, match="add one"):
        talk.create(source, done=True)
    source = talk.add_source([Column("0", "Open")], Name="title", Status="select")
    with pytest.raises(Rejected, match="no option that means done"):
        talk.create(source, done=True)


def test_statuses(talk: Talk) -> None:
    found = talk.provider.list_statuses(talk.connection, FIRST)
    assert [(one.name, one.done) for one in found] == [
        ("Not started", False),
        ("In progress", False),
        ("Done", True),
        ("Dropped", True),
    ]
    found = talk.provider.list_statuses(talk.connection, SECOND)
    assert [(one.name, one.done) for one in found][1:] == [("Review", False), ("Review", False), ("Done", True)]


def test_files_have_no_signed_addresses(talk: Talk) -> None:
    first, second = ([item for page in talk.pull() for item in page.items if item.entity == "files"] for _ in "12")
    assert [(one.title, one.url) for one in first] == [("frame-1.png", None), ("frame-2.png", None)]
    assert first == second
    assert first[0].parent_id == talk.stand_in.work.of(FIRST)[0].id


def test_the_trash(talk: Talk) -> None:
    made, other = talk.create(), talk.create(SECOND)
    for task in (made, other):
        talk.stand_in.work.delete(task.id)
    assert made.id not in tasks(talk.pull())
    for change in ({"title": "x"}, {"done": True}, {"text": TEXT}):
        with pytest.raises(Missing, match="trash"):
            talk.update(made.id, **change)
        with pytest.raises(Missing, match="trash"):
            talk.update(other.id, SECOND, **change)
    with pytest.raises(Missing):
        talk.update("5e000000-0000-4000-8000-000000000009", title="x")
    # Notion shows what is in the trash where one asks for it.
    body = b'{"results":[{"object":"page","id":"p1","in_trash":true}],"has_more":false,"next_cursor":null}'
    talk.stand_in.fail(f"/v1/data_sources/{FIRST}/query", body=body)
    (page,) = talk.pull()
    assert (page.gone, page.items) == (("p1",), ())


def test_comments(talk: Talk) -> None:
    task = talk.stand_in.work.of(FIRST)[0]
    talk.stand_in.clock.ahead_s = 300
    mine = talk.provider.create_comment(talk.connection, FIRST, task.id, TEXT)
    assert (mine.text, mine.author, mine.parent_id) == (TEXT, "Koko", task.id)
    page = talk.provider.pull(talk.connection, Pull(entity="comments", container=FIRST, parent=task.id))
    assert [(one.author, one.text) for one in page.items] == [("Grace", "On task 1"), ("Koko", TEXT)]
    assert page.items[1] == mine
    better = talk.provider.update_comment(talk.connection, FIRST, task.id, mine.id, "Better")
    assert (better.id, better.text) == (mine.id, "Better")
    with pytest.raises(Missing):
        talk.provider.update_comment(talk.connection, FIRST, task.id, page.items[0].id, "Not ours")
    for number in range(120):
        talk.stand_in.work.comment(task.id, "Grace", f"{number}")
    asked = Pull(entity="comments", container=FIRST, parent=task.id)
    first = talk.provider.pull(talk.connection, asked)
    second = talk.provider.pull(talk.connection, dataclasses.replace(asked, cursor=first.cursor))
    assert (len(first.items), len(second.items), second.cursor) == (100, 22, None)


def test_in_step_without_a_text_property(service: Service, people: People, sandbox: Sandbox) -> None:
    """What is in the page is not seen by lists: the title tells what we made, and what people write."""
    team = join(service, people, sandbox, "notion")
    team.configure(projectMapping={PROJECT: "5d000000-0000-4000-8000-000000000002"})
    work = sandbox.notion.work
    assert team.integration()["config"]["projectMapping"] == {PROJECT: SECOND}
    team.succeed("full")
    team.koko.comment("comment-1", "Only once")
    sandbox.notion.fail("/v1/pages", method="POST", status=502, truthful=True)
    team.succeed()
    assert len(work.of(SECOND)) == 6
    made = work.tasks[team.linked("comment-1")]
    assert made.text.startswith("Only once\n\n— Member in Koko")
    assert moved(team.succeed()) == {}
    team.koko.change("comment-1", text="Second words")
    assert moved(team.succeed()) == {"pushed": 1}
    assert (made.title, made.text.partition("\n")[0]) == ("Second words", "Second words")
    work.change(made.id, title="Their words")
    team.succeed()
    assert team.koko.read("comment-1")["text"] == "Their words"
    team.succeed()
    assert moved(team.succeed("full")) == {}
    team.koko.change("comment-1", text="A long one\nof two lines", resolved=1)
    assert moved(team.succeed()) == {"pushed": 1}
    assert (made.title, made.status) == ("A long one", "5c000014")
    assert made.text.startswith("A long one\nof two lines\n\n")
    assert moved(team.succeed()) == {}
