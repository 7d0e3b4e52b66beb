"""What only Trello does: archived cards, boards that cards leave, comments that leave no trace, plain-text errors."""

import pytest

from providers import trello
from sandbox.stand_ins import Sandbox
from sandbox.trello import TrelloApi
from tests.conftest import TEAM, People
from tests.service import Service
from tests.sync.team import PROJECT, Koko, Team, join, moved

BOARD, OTHER_BOARD = "5abbe4b7ddc1b351ef961415", "5abbe4b7ddc1b351ef961416"
CHANGES = f"/1/boards/{BOARD}"


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    joined = join(service, people, sandbox, "trello")
    joined.configure(projectMapping={PROJECT: BOARD})
    return joined


@pytest.fixture
def api(sandbox: Sandbox) -> TrelloApi:
    return sandbox.atlassian.trello_api


def push_one(team: Team) -> str:
    """A comment that has become a card; the card's id."""
    team.koko.comment("comment-1", "Fix the sound", timecode=1000)
    team.succeed()
    return team.linked("comment-1")


def test_an_archived_card_is_put_away_and_may_come_back(team: Team, api: TrelloApi) -> None:
    team.succeed("full")
    card = push_one(team)
    api.archive(card)
    assert moved(team.succeed()) == {"updated": 1, "returned": 1}
    assert team.koko.read("comment-1")["resolved"] == 1
    assert moved(team.succeed("full")) == {}, "an archived card is still seen"
    team.koko.change("comment-1", resolved=0)
    team.succeed()
    assert card not in api.archived
    assert not api.work.tasks[card].done


def test_cards_that_leave_the_board_are_noticed_without_a_full_pass(team: Team, api: TrelloApi) -> None:
    team.succeed("full")
    deleted, left, back = (card.id for card in api.work.of(BOARD)[10:13])
    api.work.delete(deleted)
    api.move(left, OTHER_BOARD)
    api.move(back, OTHER_BOARD)
    api.move(back, BOARD)
    assert team.succeed()["tasks"]["deleted"] == 2
    assert not {deleted, left} & set(team.items("tasks"))
    assert back in team.items("tasks")
    assert moved(team.succeed()) == {}


def test_only_cards_with_comments_are_asked_for_them(team: Team, api: TrelloApi, sandbox: Sandbox) -> None:
    for sync_type in ("full", "full"):
        sandbox.atlassian.seen.clear()
        team.succeed(sync_type)
        asked = [seen for seen in sandbox.atlassian.seen if seen.path.endswith("/actions")]
        assert len(asked) == 3
    card = next(card for card in api.work.of(BOARD) if card.comments)
    card.comments.clear()
    api.work.change(card.id)
    sandbox.atlassian.seen.clear()
    assert team.succeed()["comments"]["deleted"] == 1, "those that had some are asked once more"
    assert moved(team.succeed()) == {}
    assert len([seen for seen in sandbox.atlassian.seen if seen.path.endswith("/actions")]) == 1


def test_many_comments_on_one_card(team: Team, api: TrelloApi) -> None:
    card = api.work.of(BOARD)[0]
    for number in range(120):
        api.work.comment(card.id, "Grace", f"Comment {number}")
    team.succeed("full")
    mine = [one for one in team.items("comments").values() if one["parentId"] == card.id]
    assert len(mine) == len(card.comments)


def test_our_own_link_is_attached_once_and_is_no_file(team: Team, api: TrelloApi) -> None:
    team.succeed("full")
    card = api.work.tasks[push_one(team)]
    team.koko.change("comment-1", text="Fix the sound, please")
    team.succeed()
    assert [link["url"] for link in card.links] == ["https://app.koko.test/videos/video-1?t=1&comment=comment-1"]
    team.koko.change("comment-1", text="Fix it", timecode=2000)
    team.succeed()
    assert [str(link["url"]).partition("?")[2] for link in card.links] == [
        "t=1&comment=comment-1",
        "t=2&comment=comment-1",
    ]
    assert moved(team.succeed()) == {}
    assert not [file for file in team.items("files").values() if file["parentId"] == card.id]


def test_dragging_a_card_out_of_the_list_that_means_resolved_reopens_it(team: Team, api: TrelloApi) -> None:
    to_do, _, done = api.work.projects[BOARD].columns
    team.configure(statusMapping={"open": to_do.id, "resolved": done.id})
    card = api.work.tasks[push_one(team)]
    team.koko.change("comment-1", resolved=1)
    team.succeed()
    assert card.status == done.id
    api.work.change(card.id, status=to_do.id)
    assert moved(team.succeed()) == {"updated": 1, "returned": 1}
    assert team.koko.read("comment-1")["resolved"] == 0
    assert moved(team.succeed()) == {}


def test_by_key_and_token(service: Service, people: People, sandbox: Sandbox, api: TrelloApi) -> None:
    koko = Koko(service)
    koko.furnish()
    params = {
        "teamId": TEAM,
        "provider": "trello",
        "config": sandbox.atlassian.announcement()["trello"]["example"],
    }
    target = service.call("integration.connect", params, token=people.admin)["integration"]["id"]
    team = Team(service, people, sandbox, koko, "trello", target)
    team.configure(projectMapping={PROJECT: BOARD})
    assert api.work.tasks[push_one(team)].title == "Fix the sound"


def test_too_much_news_is_read_from_the_beginning(
    team: Team, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.succeed("full")
    monkeypatch.setattr(trello, "MOST_AT_ONCE", 3)
    for card in sandbox.atlassian.trello_api.work.of(BOARD)[:3]:
        sandbox.atlassian.trello_api.work.change(card.id, title="Renamed")
    sandbox.atlassian.seen.clear()
    assert moved(team.succeed()) == {"updated": 3}
    assert len(sandbox.atlassian.requests_to(f"{CHANGES}/cards")) == 3


def test_a_list_that_moves_takes_its_cards_along(team: Team, sandbox: Sandbox) -> None:
    team.succeed("full")
    body = b'{"id":"5abbe4b7ddc1b351ef961415","name":"x","cards":[],"actions":[{"type":"moveListFromBoard"}]}'
    # The project is asked for first, and does not mind.
    sandbox.atlassian.fail(CHANGES, body=body, times=2)
    team.succeed()
    assert sandbox.atlassian.requests_to(f"{CHANGES}/cards")[3:], "everything was looked at again"


def test_trello_asks_to_slow_down_without_saying_for_how_long(team: Team, sandbox: Sandbox) -> None:
    body = b'{"error":"API_TOKEN_LIMIT_EXCEEDED","message":"Rate limit exceeded"}'
    sandbox.atlassian.fail(f"{CHANGES}/cards", status=429, body=body, times=3)
    before = team.service.clock.now
    team.succeed("full")
    assert team.service.clock.now - before >= 10_000


@pytest.mark.parametrize("path", ["/1/members/me/boards", f"{CHANGES}/cards"])
def test_a_missing_permission_is_not_a_bad_token(team: Team, sandbox: Sandbox, path: str) -> None:
    sandbox.atlassian.fail(path, status=401, body=b"unauthorized permission requested")
    job = team.sync("full")
    assert job["status"] == "partial"
    assert "does not allow this" in job["errors"][0]
    assert team.integration()["status"] == "connected"


def test_a_text_that_is_too_long_for_trello_fails_alone(team: Team, api: TrelloApi) -> None:
    team.koko.comment("comment-2", "x" * 17_000)
    team.koko.comment("comment-1", "Short")
    job = team.sync()
    assert job["status"] == "partial"
    assert "16384 characters" in str(job["errors"])
    assert api.work.tasks[team.linked("comment-1")].title == "Short"


def test_an_unreadable_card_or_file_harms_no_other(team: Team, sandbox: Sandbox) -> None:
    good = (
        b'{"id":"650000000000000000000900","name":"Good","desc":"","closed":false,"dueComplete":false,"idList":"l",'
        b'"badges":{"comments":0},"dateLastActivity":"2026-01-01T00:00:00.000Z","attachments":['
        b'{"id":"650000000000000000000901","name":"a.png","isUpload":true},{"id":"650000000000000000000902",'
        b'"isUpload":true}]}'
    )
    sandbox.atlassian.fail(f"{CHANGES}/cards", body=b'[7,{"id":"650000000000000000000903"},' + good + b"]")
    job = team.sync("full")
    assert job["status"] == "partial"
    assert set(team.items("tasks")) == {"650000000000000000000900"}
    assert set(team.items("files")) == {"650000000000000000000901"}
