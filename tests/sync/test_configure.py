"""integration.configure: each setting checked against what there really is on both sides."""

import asyncio
from threading import Event

import pytest

from koko_integrations.app import App
from koko_integrations.connections.store import FIND
from koko_integrations.integration import Integration
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import connect
from tests.service import RpcError, Service
from tests.sync.team import PROJECT, Team, join, moved


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    return join(service, people, sandbox, "asana")


def test_what_is_not_given_stays(team: Team) -> None:
    team.configure(autoSync=True, syncInterval=15)
    team.configure(projectMapping={PROJECT: "1400"})
    config = team.configure(syncInterval=20)["config"]
    assert (config["autoSync"], config["syncInterval"], config["projectMapping"]) == (True, 20, {PROJECT: "1400"})
    assert team.configure()["config"] == config
    assert team.integration()["config"] == config


def test_notifications_in_both_spellings(team: Team) -> None:
    flags = {"onComment": True, "onApproval": False, "onUpload": True}
    by_flags = team.configure(notifications=flags)["config"]
    assert (by_flags["notifyOn"], by_flags["notifications"]) == (["comment", "upload"], flags)
    by_names = team.configure(notifyOn=["approval"])["config"]
    assert by_names["notifications"] == {"onComment": False, "onApproval": True, "onUpload": False}
    assert team.configure(notifyOn=["upload", "comment"], notifications=flags)["config"]["notifyOn"] == [
        "comment",
        "upload",
    ]
    refused = team.refuse_configure(notifyOn=["comment"], notifications=flags)
    assert "config.notifications" in refused.fields


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"syncInterval": 4}, "config.syncInterval"),
        ({"syncInterval": 1441}, "config.syncInterval"),
        ({"syncInterval": "15"}, "config.syncInterval"),
        ({"syncInterval": 15.5}, "config.syncInterval"),
        ({"autoSync": "yes"}, "config.autoSync"),
        ({"notifications": {"onComment": True}}, "config.notifications.onApproval"),
        ({"notifyOn": ["everything"]}, "config.notifyOn.0"),
        ({"projectMapping": {PROJECT: 5}}, f"config.projectMapping.{PROJECT}"),
        ({"projectMapping": {PROJECT: "no-such-project"}}, f"config.projectMapping.{PROJECT}"),
        ({"projectMapping": {"proj-foreign": "1400"}}, "config.projectMapping.proj-foreign"),
        ({"statusMapping": {"resolved": "No such section"}}, "config.statusMapping.resolved"),
        ({"statusMapping": {"finished": "Done"}}, "config.statusMapping.finished"),
        ({"statusMapping": {"proj-9/resolved": "Done"}}, "config.statusMapping.proj-9/resolved"),
    ],
)
def test_wrong_settings_are_named_and_nothing_is_stored(team: Team, config: dict[str, object], path: str) -> None:
    team.configure(projectMapping={PROJECT: "1400"})
    team.koko.add_project("proj-foreign", owner="stranger")
    before = team.integration()["config"]
    refused = (
        team.refuse_configure(autoSync=True, **config) if "autoSync" not in config else team.refuse_configure(**config)
    )
    assert refused.code == "BAD_REQUEST"
    assert path in refused.fields, refused.fields
    assert team.integration()["config"] == before


def test_unknown_statuses_come_with_those_that_there_are(team: Team) -> None:
    team.configure(projectMapping={PROJECT: "1400"})
    refused = team.refuse_configure(statusMapping={"resolved": "Finished"})
    assert "To do (14001), In review (14002), Done (14003)" in refused.fields["config.statusMapping.resolved"][0]
    config = team.configure(statusMapping={"resolved": "done", "open": "14002"})["config"]
    assert config["statusMapping"] == {"resolved": "done", "open": "14002"}


def test_statuses_to_choose_from(team: Team) -> None:
    params = {"integrationId": team.target, "kind": "statuses", "projectId": "1401"}
    found = team.service.call("integration.listResources", params, token=team.people.admin)["resources"]
    assert [one["name"] for one in found] == ["To do", "In review", "In review", "Done"]
    with pytest.raises(RpcError) as refused:
        team.service.call(
            "integration.listResources", {"integrationId": team.target, "kind": "statuses"}, token=team.people.admin
        )
    assert "projectId" in refused.value.fields


def test_settings_that_only_a_connected_provider_can_confirm(team: Team) -> None:
    team.service.call("integration.disconnect", {"integrationId": team.target}, token=team.people.admin)
    refused = team.refuse_configure(projectMapping={PROJECT: "1400"})
    assert (refused.code, refused.message) == (
        "PRECONDITION_FAILED",
        "Asana is not connected; connect it to set projectMapping",
    )
    assert team.configure(syncInterval=10)["config"]["syncInterval"] == 10


def test_a_provider_that_has_nothing_to_sync(team: Team) -> None:
    done = team.service.call("integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=team.people.admin)
    target = {"integrationId": done["integration"]["id"]}
    for config, path in (
        ({"autoSync": True}, "config.autoSync"),
        ({"projectMapping": {PROJECT: "1"}}, "config.projectMapping"),
        ({"statusMapping": {"resolved": "1"}}, "config.statusMapping"),
    ):
        with pytest.raises(RpcError) as refused:
            team.service.call("integration.configure", target | {"config": config}, token=team.people.admin)
        assert path in refused.value.fields


def test_a_provider_that_is_down_says_so(team: Team) -> None:
    team.sandbox.asana.fail("/api/1.0/workspaces", status=503, times=3)
    refused = team.refuse_configure(projectMapping={PROJECT: "1400"})
    assert refused.code == "TIMEOUT"
    assert "projectMapping" not in team.integration()["config"]


def test_what_is_mapped_already_is_not_asked_about_again(team: Team) -> None:
    team.configure(projectMapping={PROJECT: "1400"})
    team.koko.add_project("proj-2")
    team.sandbox.asana.seen.clear()
    team.configure(projectMapping={PROJECT: "1400"})
    assert team.sandbox.asana.seen == []
    config = team.configure(projectMapping={PROJECT: "1401", "proj-2": "1400"})["config"]
    assert config["projectMapping"] == {PROJECT: "1401", "proj-2": "1400"}


def test_mappings_wait_for_the_connection(team: Team) -> None:
    for name in ("projectMapping", "statusMapping"):
        params = {"teamId": TEAM, "provider": "monday", "apiKey": "t", "config": {name: {PROJECT: "1"}}}
        with pytest.raises(RpcError) as refused:
            team.service.call("integration.connect", params, token=team.people.admin)
        assert "integration.configure" in refused.value.fields[f"config.{name}"][0]


def test_another_account_begins_anew(team: Team) -> None:
    """What was pulled, linked and mapped names things of the account that is gone."""
    team.configure(projectMapping={PROJECT: "1400"}, syncInterval=10)
    team.koko.comment("comment-1", "Words")
    team.succeed()
    reconnect(team)
    assert team.integration()["config"]["projectMapping"] == {PROJECT: "1400"}, "it is the same account"
    assert moved(team.succeed()) == {}
    team.service.rows.query("UPDATE integration_connection SET account = ?", '{"id":"somebody","name":"Somebody"}')
    reconnect(team)
    config = team.integration()["config"]
    assert "projectMapping" not in config
    assert config["syncInterval"] == 10
    assert team.items("tasks") == {}
    team.configure(projectMapping={PROJECT: "1400"})
    assert team.succeed("full")["tasks"]["pushed"] == 1


def test_a_sync_of_the_account_before_keeps_nothing(team: Team) -> None:
    release = Event()
    team.configure(projectMapping={PROJECT: "1400"})
    team.sandbox.asana.fail("/api/1.0/tasks", truthful=True, hang=release)
    job_id = team.start(syncType="full", entities=["tasks"])
    while not team.sandbox.asana.requests_to("/api/1.0/tasks"):
        team.job(job_id)
    team.service.rows.query("UPDATE integration_connection SET account = ?", '{"id":"somebody","name":"Somebody"}')
    reconnect(team)
    release.set()
    team.service.run(lambda _: team.service.engine.idle())
    assert team.items("tasks") == {}
    team.service.run(lambda app: app.keeper.recover())
    team.service.run(lambda app: app.keeper.enqueue_waiting())
    assert team.finish(job_id)["status"] == "succeeded"
    assert team.items("tasks") == {}, "nothing is mapped yet"


def reconnect(team: Team) -> None:
    team.service.call("integration.disconnect", {"integrationId": team.target}, token=team.people.admin)
    assert connect(team.service, team.people.admin, "asana")["id"] == team.target


def test_another_site_of_the_same_account_begins_anew(service: Service, people: People, sandbox: Sandbox) -> None:
    from sandbox.atlassian import SITES

    sandbox.atlassian.sites = SITES
    jira = join(service, people, sandbox, "jira")
    jira.configure(projectMapping={PROJECT: "10000"})
    jira.succeed("full")
    assert jira.items("tasks")
    config = jira.configure(cloudId=SITES[1]["id"])["config"]
    assert config["siteName"] == "studio"
    assert "projectMapping" not in config
    assert jira.items("tasks") == {}
    config = jira.configure(cloudId=SITES[0]["id"], projectMapping={PROJECT: "10001"})["config"]
    assert config["projectMapping"] == {PROJECT: "10001"}


def test_two_who_change_different_settings_at_once_both_have_their_way(team: Team) -> None:
    async def change(app: App) -> None:
        row = await app.database.read_one(FIND, id=team.target)
        assert row is not None
        integration = Integration._make(row)
        for interval in range(5, 25):
            wanted: list[dict[str, object]] = [{"syncInterval": interval}, {"channelId": f"channel-{interval}"}]
            await asyncio.gather(*(app.configurer.configure(integration, one) for one in wanted))
            found = await app.database.read_one(FIND, id=team.target)
            assert found is not None
            config = Integration._make(found).config
            assert (config["syncInterval"], config["channelId"]) == (interval, f"channel-{interval}")

    team.service.run(change)
