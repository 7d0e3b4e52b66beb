"""What only monday.com does: boards of any shape, texts in updates, a log that says what left, counted calls."""

import json

import pytest

from sandbox.kit.monday.account import Account
from sandbox.kit.work import Column, Task
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.service import Service
from tests.sync.team import PROJECT, Koko, Team, join, moved

WITH_TEXT, WITHOUT_TEXT = "501", "502"
LINK = "https://app.koko.test/videos/video-1?t=1&comment=comment-1"


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    joined = join(service, people, sandbox, "monday")
    joined.configure(projectMapping={PROJECT: WITH_TEXT})
    return joined


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.monday.account


def push_one(team: Team, text: str = "Fix the sound") -> str:
    """A comment that has become an item; the item's id."""
    team.koko.comment("comment-1", text, timecode=1000)
    team.succeed()
    return team.linked("comment-1")


def calls(team: Team) -> int:
    return len(team.sandbox.monday.requests_to("/v2"))


def test_a_task_is_made_in_one_call_with_its_text_and_a_link(team: Team, account: Account) -> None:
    team.succeed("full")
    team.sandbox.monday.seen.clear()
    item = account.work.tasks[push_one(team)]
    # The board, what is new on it, and the mutation: the board's columns are known from the second.
    assert calls(team) == 3
    assert item.text.endswith(LINK)
    assert item.links == [{"url": LINK, "text": "Koko"}]
    assert item.status == "", "monday's own default"
    team.sandbox.monday.seen.clear()
    assert moved(team.succeed()) == {}
    assert calls(team) == 2


def test_without_a_column_for_it_the_text_is_in_an_update(team: Team, account: Account) -> None:
    team.configure(projectMapping={PROJECT: WITHOUT_TEXT})
    team.succeed("full")
    item = account.work.tasks[push_one(team, "Brighter & <b>bolder</b>\n\nhere")]
    assert item.text == ""
    assert [one.text.partition("\n")[0] for one in item.comments] == ["From Koko"]
    assert item.comments[0].text.endswith(LINK)
    for sync_type in ("incremental", "full"):
        assert moved(team.succeed(sync_type)) == {}
    assert team.koko.replies("comment-1") == [], "it is no comment"
    # Edited on either side, it goes to the other.
    account.work.edit_comment(item.comments[0].id, item.comments[0].text.replace("here", "there"))
    assert moved(team.succeed()) == {"updated": 1, "returned": 1}
    assert team.koko.read("comment-1")["text"] == "Brighter & <b>bolder</b>\n\nthere"
    assert moved(team.succeed()) == {}
    team.koko.change("comment-1", text="Brighter, please")
    assert moved(team.succeed()) == {"pushed": 1}
    assert (item.title, len(item.comments)) == ("Brighter, please", 1)
    assert "Brighter, please\n\n— Member in Koko" in item.comments[0].text
    account.work.comment(item.id, "Grace", "Why?")
    assert moved(team.succeed()) == {"created": 1, "returned": 1}
    assert moved(team.succeed("full")) == {}


def test_a_text_too_long_for_the_column(team: Team, account: Account) -> None:
    team.succeed("full")
    words = "Brighter. " * 300
    item = account.work.tasks[push_one(team, words)]
    assert item.text == ""
    assert item.comments[0].text.startswith("From Koko\nBrighter.")
    assert moved(team.succeed()) == {}
    assert team.koko.read("comment-1")["text"] == words
    team.koko.change("comment-1", text="Brighter.")
    team.succeed()
    assert item.text.startswith("Brighter.\n\n")
    assert moved(team.succeed("full")) == {}
    team.koko.change("comment-1", text=words)
    team.succeed()
    assert item.text == ""
    assert len(item.comments) == 1
    assert moved(team.succeed("full")) == {}
    assert team.koko.read("comment-1")["text"] == words


@pytest.mark.parametrize("board", [WITH_TEXT, WITHOUT_TEXT])
def test_an_item_whose_answer_was_lost_is_not_made_again(team: Team, account: Account, board: str) -> None:
    team.configure(projectMapping={PROJECT: board})
    team.succeed("full")
    before = len(account.work.of(board))
    team.koko.comment("comment-1", "Only once")
    team.sandbox.monday.lost.append("create_item")
    team.succeed()
    assert len(account.work.of(board)) == before + 1
    assert account.work.tasks[team.linked("comment-1")].title == "Only once"
    assert moved(team.succeed()) == {}


def test_an_update_that_was_not_made_with_its_item(team: Team, account: Account) -> None:
    """The item is there: it is told, and neither forgotten nor made again."""
    team.configure(projectMapping={PROJECT: WITHOUT_TEXT})
    team.succeed("full")
    token = team.sandbox.monday.oauth.tokens[-1]
    token.scopes = tuple(scope for scope in token.scopes if scope != "updates:write")
    team.koko.comment("comment-1", "Only once")
    before = len(account.work.of(WITHOUT_TEXT))
    job = team.sync()
    assert job["status"] == "partial"
    assert "did not take its text (UserUnauthorizedException)" in job["errors"][0]
    token.scopes = (*token.scopes, "updates:write")
    team.succeed()
    assert len(account.work.of(WITHOUT_TEXT)) == before + 1
    item = account.work.tasks[team.linked("comment-1")]
    assert item.comments == []
    team.koko.change("comment-1", text="Only once, please")
    team.succeed()
    assert item.comments[0].text.startswith("From Koko\nOnly once, please")
    assert moved(team.succeed("full")) == {}


def test_a_reply_whose_answer_was_lost_is_not_made_again(team: Team, account: Account) -> None:
    item = account.work.tasks[push_one(team)]
    team.koko.comment("reply-1", "A reply", parent_id="comment-1")
    team.sandbox.monday.lost.append("create_update")
    team.succeed()
    assert len(item.comments) == 1
    assert moved(team.succeed()) == {}
    assert len(team.koko.replies("comment-1")) == 1


def test_items_that_leave_the_board_are_noticed_without_a_full_pass(team: Team, account: Account) -> None:
    team.succeed("full")
    deleted, archived, back, left = account.work.of(WITH_TEXT)[10:14]
    account.work.delete(deleted.id)
    account.work.archive(archived.id)
    account.work.archive(back.id)
    account.work.restore(back.id)
    # An event that we do not know: the item itself says where it is.
    account.work.note(left, "flew_away")
    left.project = WITHOUT_TEXT
    assert team.succeed()["tasks"]["deleted"] == 3
    assert not {deleted.id, archived.id, left.id} & set(team.items("tasks"))
    assert back.id in team.items("tasks")
    assert moved(team.succeed()) == {}
    assert moved(team.succeed("full")) == {}
    account.work.restore(archived.id)
    team.succeed()
    assert archived.id in team.items("tasks")


def test_a_whole_group_that_is_deleted_is_looked_at_again(team: Team, account: Account) -> None:
    team.succeed("full")
    tasks = account.work.of(WITH_TEXT)[:3]
    account.work.note(tasks[0], "delete_group")
    for task in tasks:
        del account.work.tasks[task.id]
    assert team.succeed()["tasks"]["deleted"] == 3


def test_many_changes_at_once(team: Team, account: Account) -> None:
    team.succeed("full")
    tasks = account.work.of(WITH_TEXT)
    for number in range(5):
        for task in tasks[number:]:
            account.work.change(task.id, title=f"{task.title}, once more")
    assert team.succeed()["tasks"]["updated"] == len(tasks) == 120
    assert moved(team.succeed("full")) == {}


def test_a_label_that_comes_to_mean_done(team: Team, account: Account) -> None:
    """No item was touched, and yet it reads otherwise."""
    team.succeed("full")
    item = account.work.tasks[push_one(team)]
    account.work.change(item.id, status="2")
    team.succeed()
    project = account.work.projects[WITH_TEXT]
    project.columns = [Column(one.id, one.name, done=one.done or one.id == "2") for one in project.columns]
    assert team.succeed()["tasks"]["returned"] == 1
    assert team.koko.read("comment-1")["resolved"] == 1


def test_a_board_without_a_status_column(team: Team, account: Account) -> None:
    account.columns[WITHOUT_TEXT] = [("owner", "people")]
    team.configure(projectMapping={PROJECT: WITHOUT_TEXT})
    item = push_one(team)
    assert "done" not in team.items("tasks")[item]
    team.koko.comment("comment-2", "Resolved already", resolved=1)
    team.koko.change("comment-1", resolved=1)
    job = team.sync()
    assert job["status"] == "partial"
    assert sum("no status column" in error for error in job["errors"]) == 2
    assert team.koko.read("comment-1")["resolved"] == 1
    statuses = {"integrationId": team.target, "kind": "statuses", "projectId": WITHOUT_TEXT}
    assert team.service.call("integration.listResources", statuses, token=team.people.admin)["resources"] == []


def test_statuses_are_those_of_the_column_in_which_something_can_be_done(team: Team) -> None:
    params = {"integrationId": team.target, "kind": "statuses", "projectId": WITHOUT_TEXT}
    found = team.service.call("integration.listResources", params, token=team.people.admin)["resources"]
    assert [(one["id"], one["name"], one["done"]) for one in found] == [
        ("0", "To do", False),
        ("3", "In review", False),
        ("4", "In review", False),
        ("1", "Approved", True),
        ("6", "Delivered", True),
    ]


def test_replies_to_updates_come_as_comments(team: Team, account: Account) -> None:
    item = account.work.tasks[push_one(team)]
    said = account.work.comment(item.id, "Grace", "Louder?")
    team.succeed()
    account.work.reply(said.id, "Linus", "No, clearer\nand slower")
    assert moved(team.succeed()) == {"created": 1, "returned": 1}
    assert "Linus (monday.com): No, clearer\nand slower" in team.koko.replies("comment-1")
    assert moved(team.succeed()) == {}


@pytest.mark.parametrize("count", [25, 130])
def test_an_item_with_many_updates(team: Team, account: Account, count: int) -> None:
    team.succeed("full")
    item = account.work.tasks[push_one(team)]
    for number in range(count):
        account.work.comment(item.id, "Grace", f"Comment {number}")
    assert team.succeed()["comments"]["returned"] == count
    account.work.change(item.id, title="Touched")
    assert team.succeed()["comments"]["deleted"] == 0
    assert len(team.koko.replies("comment-1")) == count
    assert moved(team.succeed("full")) == {}


def test_files_and_fields(team: Team, account: Account) -> None:
    team.succeed("full")
    file = account.work.of(WITH_TEXT)[0].files[0]
    assert team.items("files")[file.id] == {
        "title": file.name,
        "url": f"https://sandbox.monday.com/protected_static/77/resources/{file.id}/{file.name}",
        "parentId": account.work.of(WITH_TEXT)[0].id,
        "fields": {"size": file.size, "kind": "png"},
    }
    assert next(iter(team.items("tasks").values()))["fields"] == {"group": "Items"}


def test_a_pass_that_took_longer_than_its_cursor_lives_begins_again(team: Team, account: Account) -> None:
    account.forget_cursors = True
    team.succeed("full")
    assert len(team.items("tasks")) == 120


def test_no_more_calls_today(team: Team) -> None:
    error = {"message": "Daily limit exceeded", "extensions": {"code": "DAILY_LIMIT_EXCEEDED", "status_code": 429}}
    team.sandbox.monday.fail("/v2", body=json.dumps({"errors": [error]}).encode())
    before = calls(team)
    job = team.sync()
    assert job["status"] in ("queued", "failed"), "it depends on the time of day"
    assert "no more calls today" in job["errors"][0]
    assert calls(team) == before + 1, "asking again would not help"


def test_a_budget_that_is_spent_is_waited_for(team: Team) -> None:
    extensions = {"code": "COMPLEXITY_BUDGET_EXHAUSTED", "retry_in_seconds": 25, "status_code": 429}
    team.sandbox.monday.fail("/v2", body=json.dumps({"errors": [{"message": "x", "extensions": extensions}]}).encode())
    before = team.service.clock.now
    team.succeed("full")
    assert team.service.clock.now - before >= 25_000


def test_what_one_board_refuses_does_not_end_the_connection(team: Team) -> None:
    token = team.sandbox.monday.oauth.tokens[-1]
    token.scopes = tuple(scope for scope in token.scopes if scope != "assets:read")
    job = team.sync("full")
    assert job["status"] in ("partial", "failed")
    assert any("UserUnauthorizedException" in error for error in job["errors"])
    assert team.integration()["status"] == "connected"


def test_a_board_that_is_gone_fails_alone(team: Team, account: Account) -> None:
    team.koko.add_project("proj-2")
    team.configure(projectMapping={PROJECT: WITH_TEXT, "proj-2": WITHOUT_TEXT})
    team.succeed("full")
    del account.work.projects[WITHOUT_TEXT]
    item: Task = account.work.of(WITH_TEXT)[0]
    account.work.change(item.id, title="Still in step")
    job = team.sync()
    assert job["status"] == "partial"
    assert any("does not have this board" in error for error in job["errors"])
    assert team.items("tasks")[item.id]["title"] == "Still in step"


def test_by_personal_token(service: Service, people: People, sandbox: Sandbox) -> None:
    koko = Koko(service)
    koko.furnish()
    params = {"teamId": TEAM, "provider": "monday", "config": sandbox.monday.announcement()["monday"]["example"]}
    target = service.call("integration.connect", params, token=people.admin)["integration"]["id"]
    team = Team(service, people, sandbox, koko, "monday", target)
    team.configure(projectMapping={PROJECT: WITH_TEXT})
    team.succeed("full")
    assert push_one(team) in team.items("tasks")
