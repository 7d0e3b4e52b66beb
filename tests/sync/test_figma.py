"""Figma: a Koko project is mapped to a file by its address; the file and its comments are pulled."""

from typing import Any

import pytest

from providers.kit.figma.calls import file_key
from sandbox.figma import BOARD, COMMENTS_EACH, FILE
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.connections.consent import consent, finish, start
from tests.service import RpcError, Service
from tests.sync.team import PROJECT, Koko, Team, entities_of, join, moved

ADDRESS = f"https://www.figma.com/design/{FILE}/Title-cards?node-id=1-2&t=abc"
META, COMMENTS = f"/v1/files/{FILE}/meta", f"/v1/files/{FILE}/comments"
NO_FILE = "Figma has no such file, or does not show it to this account"


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    return join(service, people, sandbox, "figma")


@pytest.fixture
def mapped(team: Team) -> Team:
    team.configure(projectMapping={PROJECT: ADDRESS})
    team.sandbox.figma.seen.clear()
    return team


ADDRESSES = [
    (FILE, FILE),
    (f"  {FILE}\n", FILE),
    (ADDRESS, FILE),
    (f"figma.com/file/{FILE}", FILE),
    (f"http://www.figma.com/board/{FILE}?x=y", FILE),
    (f"https://www.figma.com/proto/{FILE}/", FILE),
    (f"https://www.figma.com/slides/{FILE}/A/b/c#1", FILE),
    (f"https://www.figma.com/design/{FILE}/branch/{BOARD}/Name", BOARD),
    (f"https://www.figma.com/files/team/{FILE}", None),
    (f"https://www.figma.com/community/file/{FILE}", None),
    (f"https://www.figma.com.evil.example/design/{FILE}", None),
    (f"https://evil.example/?figma.com/design/{FILE}", None),
    (f"https://www.figma.com/design/{FILE}.x", None),
    ("Title cards", None),
    ("../../v1/me", None),
    ("", None),
]


@pytest.mark.parametrize(("target", "key"), ADDRESSES)
def test_addresses(target: str, key: str | None) -> None:
    assert file_key(target) == key


def test_an_address_is_kept_as_the_key(team: Team) -> None:
    team.koko.add_project("proj-2")
    team.koko.add_project("proj-3")
    long = ADDRESS + "&x=" + "y" * 1500
    mapping = {PROJECT: ADDRESS, "proj-2": BOARD, "proj-3": long}
    team.sandbox.figma.seen.clear()
    assert team.configure(projectMapping=mapping)["config"]["projectMapping"] == {
        PROJECT: FILE,
        "proj-2": BOARD,
        "proj-3": FILE,
    }
    assert len(team.sandbox.figma.seen) == 2, "one request for each file"


@pytest.mark.parametrize("target", ["https://www.figma.com/files/recent", "nobodyKnowsThisKey1234", BOARD])
def test_files_that_are_not_shown(team: Team, target: str) -> None:
    team.sandbox.figma.files[BOARD].refused = 403
    refused = team.refuse_configure(projectMapping={PROJECT: target})
    assert (refused.code, refused.fields) == ("BAD_REQUEST", {f"config.projectMapping.{PROJECT}": [NO_FILE]})
    team.sandbox.figma.files[BOARD].refused = 0


def test_there_is_nothing_to_choose_from(team: Team) -> None:
    asked = {"integrationId": team.target, "kind": "projects"}
    with pytest.raises(RpcError, match="none to choose from"):
        team.service.call("integration.listResources", asked, token=team.people.admin)


def test_the_file_and_its_comments(mapped: Team) -> None:
    entities = mapped.succeed("full")
    assert {name: entity["created"] for name, entity in entities.items()} == {
        "files": 1,
        "comments": COMMENTS_EACH + 1,
    }
    assert len(mapped.sandbox.figma.seen) == 2
    file = mapped.items("files")[FILE]
    assert file["title"] == "Title cards"
    assert file["fields"] == {"kind": "figma", "version": "4000", "folder": "Campaign"}
    comments = mapped.items("comments")
    first, second, *_ = mapped.sandbox.figma.files[FILE].comments
    reply = next(comment for comment in comments.values() if comment["text"] == "A reply")
    assert (reply["author"], reply["parentId"]) == ("Linus", first)
    assert comments[first]["parentId"] == FILE
    assert comments[first]["done"] is False
    assert comments[second]["done"] is True
    assert comments[second]["fields"] == {"nodeId": "1:3", "orderId": "2"}
    assert comments[second]["url"] == f"https://www.figma.com/file/{FILE}?node-id=1-3"


def test_nothing_new_costs_one_request_for_each(mapped: Team) -> None:
    mapped.succeed("full")
    mapped.sandbox.figma.seen.clear()
    assert moved(mapped.succeed()) == {}
    assert moved(mapped.succeed(dryRun=True)) == {}
    assert [seen.path for seen in mapped.sandbox.figma.seen] == [META, COMMENTS] * 2


def test_what_changed_is_noticed_without_a_full_sync(mapped: Team) -> None:
    figma = mapped.sandbox.figma
    mapped.succeed("full")
    first, second, third, fourth, *_ = figma.files[FILE].comments
    figma.change(FILE, "End titles")
    figma.comment(FILE, "Grace", "One more")
    figma.files[FILE].comments[first].message = "Said better"
    figma.resolve(FILE, second, again_open=True)
    figma.resolve(FILE, third)
    del figma.files[FILE].comments[fourth]
    entities = mapped.succeed()
    assert moved({"files": entities["files"]}) == {"updated": 1}
    assert moved({"comments": entities["comments"]}) == {"created": 1, "updated": 3, "deleted": 1}
    assert mapped.items("files")[FILE]["title"] == "End titles"
    assert mapped.items("files")[FILE]["fields"]["version"] == "4001"
    comments = mapped.items("comments")
    assert [comments[one]["done"] for one in (first, second, third)] == [False, False, True]
    assert fourth not in comments


def test_two_files_and_one_that_is_gone(team: Team) -> None:
    team.koko.add_project("proj-2")
    team.configure(projectMapping={PROJECT: FILE, "proj-2": BOARD})
    team.succeed()
    team.sandbox.figma.files[FILE].refused = 404
    team.sandbox.figma.comment(BOARD, "Grace", "Still here")
    job = team.sync()
    assert job["status"] == "partial"
    assert job["errors"] == [f"files of {FILE}: {NO_FILE}"]
    assert entities_of(job)["comments"]["created"] == 1, "the other one is looked after"
    assert set(team.items("files")) == {FILE, BOARD}
    team.sandbox.figma.files[FILE].refused = 0
    assert moved(team.succeed()) == {}


def test_one_entity_alone(mapped: Team) -> None:
    assert set(mapped.succeed(entities=["comments"])) == {"comments"}
    assert [seen.path for seen in mapped.sandbox.figma.seen] == [COMMENTS]
    with pytest.raises(RpcError) as refused:
        mapped.start(syncType="full", entities=["tasks"])
    assert refused.value.fields == {"entities": ["Figma has no tasks; it has files, comments"]}


def test_nothing_is_mapped(team: Team) -> None:
    job = team.sync()
    assert job["status"] == "succeeded"
    assert {entity["status"] for entity in job["entities"]} == {"skipped"}
    assert job["notes"] == ["Nothing is mapped to Figma: set projectMapping to sync files, comments"]


@pytest.mark.parametrize(("wait_s", "said"), [(172_800, "in 48.0 h"), (7_200, "in 2.0 h")])
def test_a_wait_of_days_ends_the_run(mapped: Team, wait_s: int, said: str) -> None:
    """Nobody waits for that; the next run asks again."""
    limited = {"Retry-After": str(wait_s), "X-Figma-Rate-Limit-Type": "low"}
    mapped.sandbox.figma.fail(COMMENTS, status=429, headers=limited)
    job = mapped.sync()
    assert job["status"] == "partial", "the file had been read"
    assert said in job["errors"][0]
    assert "slow down" in job["errors"][0]
    assert len(mapped.sandbox.figma.requests_to(COMMENTS)) == 1
    assert mapped.integration()["lastSyncStatus"] == "partial"
    assert mapped.succeed()["comments"]["created"] == COMMENTS_EACH + 1


def test_a_wait_of_minutes_puts_the_run_off(mapped: Team) -> None:
    mapped.sandbox.figma.fail(COMMENTS, status=429, headers={"Retry-After": "600"})
    job = mapped.sync()
    assert job["status"] == "queued"
    mapped.service.run(lambda app: app.keeper.enqueue_waiting())
    mapped.service.clock.advance(s=600)
    mapped.service.run(lambda _: mapped.service.engine.let_go())
    job = mapped.finish(job["id"])
    assert job["status"] == "succeeded"
    assert len(mapped.sandbox.figma.requests_to(META)) == 1, "what was done is not done again"


def test_consent_without_comments(service: Service, people: People, sandbox: Sandbox) -> None:
    """As with those who connected before Koko asked for it."""
    koko = Koko(service)
    koko.furnish()
    auth_url = start(service, people.admin, "figma")["authUrl"]
    assert "%2Cfile_comments%3Aread" in auth_url
    callback = consent(auth_url.replace("%2Cfile_comments%3Aread", ""))
    target = str(finish(service, people.admin, callback, "figma")["integration"]["id"])
    team = Team(service, people, sandbox, koko, "figma", target)
    team.configure(projectMapping={PROJECT: FILE})
    job = team.sync()
    assert job["status"] == "partial"
    assert "did not grant a permission that this needs; connect Figma again" in job["errors"][0]
    assert set(team.items("files")) == {FILE}


def test_consent_that_was_withdrawn(mapped: Team) -> None:
    for token in mapped.sandbox.figma.oauth.tokens:
        token.revoked = True
    job = mapped.sync()
    assert job["status"] == "failed"
    assert mapped.integration()["status"] == "error"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    (META, {"body": b"<html>"}, "not JSON"),
    (META, {"body": b"[]"}, "wrong shape"),
    (META, {"body": b'{"file":5}'}, "without a file"),
    (META, {"body": b'{"file":{"name":""}}'}, "without name"),
    (META, {"body": b'{"file":{"name":"x","last_touched_at":5}}'}, "timestamp"),
    (COMMENTS, {"body": b'{"comments":{}}'}, "wrong shape"),
    (COMMENTS, {"status": 400, "body": b'{"status":400,"err":"x"}'}, "refused the request"),
]


@pytest.mark.parametrize(("path", "fault", "said"), WRONG, ids=lambda value: str(value)[:60])
def test_answers_that_are_wrong_remove_nothing(mapped: Team, path: str, fault: dict[str, Any], said: str) -> None:
    mapped.succeed()
    before = mapped.items("files"), mapped.items("comments")
    mapped.sandbox.figma.fail(path, **fault)
    job = mapped.sync()
    assert said in job["errors"][0]
    assert (mapped.items("files"), mapped.items("comments")) == before


def test_a_comment_that_cannot_be_read_harms_no_other(mapped: Team) -> None:
    body = (
        b'{"comments":[{"id":"1","message":"Fine","created_at":"2025-01-01T00:00:00Z","client_meta":null,'
        b'"user":{"handle":"Grace"}},{"id":"2","message":5},7]}'
    )
    mapped.sandbox.figma.fail(COMMENTS, body=body)
    job = mapped.sync()
    assert (job["status"], entities_of(job)["comments"]["failed"]) == ("partial", 2)
    assert mapped.items("comments")["1"]["text"] == "Fine"


def test_the_projects_of_another_team(team: Team, people: People) -> None:
    team.koko.add_project("elsewhere", owner="stranger")
    refused = team.refuse_configure(projectMapping={"elsewhere": FILE})
    assert refused.fields == {"config.projectMapping.elsewhere": ["There is no such project in this team"]}
