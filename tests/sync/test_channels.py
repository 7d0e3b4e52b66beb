"""Slack's and Teams' channels: pulled as projects, all of them each time, so that those that went are noticed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.kit.stand_in import StandIn
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.service import Service
from tests.sync.team import Koko, Team, join, moved


@dataclass(frozen=True)
class Case:
    """`full` is how many requests it takes to list everything that the stand-in is furnished with."""

    slug: str
    stand_in: Callable[[Sandbox], StandIn]
    list_path: str
    names: list[str]
    full: int


CASES = [
    Case("slack", lambda s: s.slack, "/api/conversations.list", ["dailies", "general", "reviews"], full=4),
    Case("teams", lambda s: s.microsoft, "/v1.0/me/joinedTeams", ["General", "General", "Grading"], full=2 + 3 + 1),
]


@dataclass
class Joined:
    case: Case
    team: Team
    stand_in: StandIn

    @property
    def names(self) -> list[str]:
        return sorted(item["title"] for item in self.team.items("projects").values())

    def go_on(self, *, s: int) -> None:
        """The time that the provider asked for passes."""
        service = self.team.service
        service.run(lambda app: app.keeper.enqueue_waiting())
        service.clock.advance(s=s)
        service.run(lambda _: service.engine.let_go())
        service.run(lambda _: service.engine.idle())


@pytest.fixture(params=CASES, ids=lambda case: case.slug)
def joined(request: pytest.FixtureRequest, service: Service, people: People, sandbox: Sandbox) -> Joined:
    case: Case = request.param
    joined = Joined(case, join(service, people, sandbox, case.slug), case.stand_in(sandbox))
    joined.stand_in.seen.clear()
    return joined


def test_every_page_of_them(joined: Joined) -> None:
    entities = joined.team.succeed()
    assert entities["projects"]["created"] == len(joined.case.names)
    assert joined.names == joined.case.names, "neither archived ones nor what nobody consented to"
    assert len(joined.stand_in.seen) == joined.case.full, "one request for each page"
    assert moved(joined.team.succeed()) == {}
    assert moved(joined.team.succeed("full")) == {}


def test_channels_have_the_ids_that_may_be_chosen(joined: Joined) -> None:
    joined.team.succeed()
    asked = {"integrationId": joined.team.target, "kind": "channels"}
    listed = joined.team.service.call("integration.listResources", asked, token=joined.team.people.admin)["resources"]
    pulled = {external_id: item["title"] for external_id, item in joined.team.items("projects").items()}
    assert {one["id"]: one["name"] for one in listed} == pulled


def test_what_came_and_went(joined: Joined, sandbox: Sandbox) -> None:
    joined.team.succeed()
    post = sandbox.microsoft.teams.teams["team-a"]
    general = next(channel for channel in sandbox.slack.channels.values() if channel.name == "general")
    dailies = next(channel for channel in sandbox.slack.channels.values() if channel.name == "dailies")
    general.archived = post.channels[0].archived = True
    dailies.name = post.channels[1].name = "renamed"
    sandbox.slack.add_channel("new")
    sandbox.microsoft.teams.add_channel("team-b", "new")
    assert moved(joined.team.succeed()) == {"created": 1, "updated": 1, "deleted": 1}
    assert {"new", "renamed"} < set(joined.names)
    general.archived = post.channels[0].archived = False
    joined.team.succeed()
    assert len(joined.names) == len(joined.case.names) + 1


def test_an_expired_cursor_means_starting_over(joined: Joined, sandbox: Sandbox) -> None:
    joined.team.succeed()
    sandbox.slack.add_channel("late")
    sandbox.microsoft.teams.add_channel("team-a", "late")
    joined.stand_in.fail(joined.case.list_path, truthful=True)
    joined.stand_in.fail(joined.case.list_path, status=429, headers={"Retry-After": "300"})
    job = joined.team.sync()
    assert job["status"] == "queued", "it waits as long as the provider asks"
    assert "goes on in 5 min" in job["errors"][0]
    sandbox.slack.expire_cursors()
    sandbox.microsoft.teams.expire_links()
    joined.go_on(s=300)
    job = joined.team.job(job["id"])
    assert job["status"] == "succeeded"
    assert job["entities"][0]["created"] == 1
    assert "late" in joined.names
    assert len(joined.names) == len(joined.case.names) + 1, "nothing is missing"


def test_a_list_that_breaks_off_removes_nothing(joined: Joined) -> None:
    joined.team.succeed()
    joined.stand_in.fail(joined.case.list_path, truthful=True)
    joined.stand_in.fail(joined.case.list_path, body=b"<html>")
    job = joined.team.sync()
    assert job["status"] == "partial"
    assert "not JSON" in job["errors"][0]
    assert joined.names == joined.case.names


def test_channels_are_mapped_to_nothing(joined: Joined) -> None:
    refused = joined.team.refuse_configure(projectMapping={"proj-1": "C000000000"})
    assert "no projects to map to" in refused.fields["config.projectMapping"][0]
    assert joined.team.configure(autoSync=True)["config"]["autoSync"]


def test_a_team_that_was_left_meanwhile(service: Service, people: People, sandbox: Sandbox) -> None:
    team = join(service, people, sandbox, "teams")
    team.succeed()
    sandbox.microsoft.fail("/v1.0/teams/team-b/channels", status=404, body=b'{"error":{"code":"NotFound"}}')
    assert moved(team.succeed()) == {"deleted": 1}
    assert {item["fields"]["team"] for item in team.items("projects").values()} == {"Post"}


def test_a_team_that_may_not_be_looked_at(service: Service, people: People, sandbox: Sandbox) -> None:
    team = join(service, people, sandbox, "teams")
    team.succeed()
    sandbox.microsoft.fail("/v1.0/teams/team-b/channels", status=403, body=b'{"error":{"code":"Forbidden"}}')
    job = team.sync()
    assert "does not let this account use /teams/team-b/channels (Forbidden)" in job["errors"][0]
    assert len(team.items("projects")) == 3, "nothing is taken for gone"


def test_what_is_kept_of_a_teams_channel(service: Service, people: People, sandbox: Sandbox) -> None:
    team = join(service, people, sandbox, "teams")
    team.succeed()
    grading = next(item for item in team.items("projects").values() if item["title"] == "Grading")
    assert grading["parentId"] == "team-a"
    assert grading["fields"] == {"team": "Post", "isPrivate": True}
    assert grading["url"].startswith("https://teams.microsoft.com/l/channel/")


def test_an_archived_team_has_no_channels(service: Service, people: People, sandbox: Sandbox) -> None:
    team = join(service, people, sandbox, "teams")
    team.succeed()
    sandbox.microsoft.teams.teams["team-a"].archived = True
    assert moved(team.succeed()) == {"deleted": 2}


def test_a_workflow_shows_no_channels(service: Service, people: People, sandbox: Sandbox) -> None:
    url = "https://prod-1.westeurope.logic.azure.com/workflows/x?sig=y"
    params = {"teamId": TEAM, "provider": "teams", "config": {"webhookUrl": url}}
    target = str(service.call("integration.connect", params, token=people.admin)["integration"]["id"])
    job = Team(service, people, sandbox, Koko(service), "teams", target).sync()
    assert job["status"] == "failed"
    assert "connected by a webhook address" in job["errors"][0]
    assert url not in json.dumps(job)


SLACK_SAYS: list[tuple[dict[str, Any], str, str]] = [
    ({"body": b'{"ok":false,"error":"missing_scope"}'}, "failed", "did not grant a permission"),
    ({"body": b'{"ok":false,"error":"token_revoked"}'}, "failed", "connect Slack again"),
    ({"body": b'{"ok":true,"channels":[{"id":"C1"},5],"response_metadata":{"next_cursor":""}}'}, "partial", "C1"),
]


@pytest.mark.parametrize(("fault", "status", "said"), SLACK_SAYS, ids=lambda value: str(value)[:50])
def test_slack_says_no(
    service: Service, people: People, sandbox: Sandbox, fault: dict[str, Any], status: str, said: str
) -> None:
    team = join(service, people, sandbox, "slack")
    sandbox.slack.fail("/api/conversations.list", **fault)
    job = team.sync()
    assert job["status"] == status, job
    assert said in job["errors"][0]


UNREADABLE = [
    ("slack", "/api/conversations.list", b'{"ok":true,"channels":[{"id":"C000000000","name":5}]}'),
    ("teams", "/v1.0/teams/team-b/channels", b'{"value":[{"id":"%b"}]}'),
]


@pytest.mark.parametrize(("slug", "path", "body"), UNREADABLE, ids=[case[0] for case in UNREADABLE])
def test_what_cannot_be_read_this_time_is_not_taken_for_gone(
    service: Service, people: People, sandbox: Sandbox, slug: str, path: str, body: bytes
) -> None:
    team = join(service, people, sandbox, slug)
    sandbox.slack.page_size = 10
    team.succeed()
    before = team.items("projects")
    stand_in: StandIn = sandbox.slack if slug == "slack" else sandbox.microsoft
    sound = sandbox.microsoft.teams.teams["team-b"].channels[0].id
    stand_in.fail(path, body=body.replace(b"%b", sound.encode()))
    job = team.sync()
    assert (job["status"], job["entities"][0]["failed"]) == ("partial", 1)
    kept = team.items("projects")
    assert len(kept) == (1 if slug == "slack" else 3), "what the answer names is there, readable or not"
    assert kept.items() <= before.items()


def test_slack_asks_to_slow_down_in_a_body(service: Service, people: People, sandbox: Sandbox) -> None:
    team = join(service, people, sandbox, "slack")
    busy = {"body": b'{"ok":false,"error":"ratelimited"}', "headers": {"Retry-After": "2"}}
    sandbox.slack.fail("/api/conversations.list", times=8, **busy)
    assert team.succeed()["projects"]["created"] == 3, "being slowed down is no failure, however often"


def test_a_dry_run_tells_what_is_new_and_what_is_gone(joined: Joined, sandbox: Sandbox) -> None:
    joined.team.succeed()
    assert moved(joined.team.succeed(dryRun=True)) == {}
    for number in range(20):
        sandbox.slack.add_channel(f"more-{number}")
        sandbox.microsoft.teams.add_channel("team-b", f"more-{number}")
    assert moved(joined.team.succeed(dryRun=True)) == {"created": 20}
    joined.team.succeed()
    assert moved(joined.team.succeed(dryRun=True)) == {}
    next(iter(sandbox.slack.channels.values())).archived = True
    sandbox.microsoft.teams.teams["team-a"].channels[0].archived = True
    assert moved(joined.team.succeed(dryRun=True)) == {"deleted": 1}
    assert moved(joined.team.succeed()) == {"deleted": 1}
