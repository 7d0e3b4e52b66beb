"""Auto-sync: slots an interval apart, spread, each taken once, missed ones made up for once."""

import asyncio
from typing import Any

import pytest

from koko_integrations.app import App
from koko_integrations.housekeeping import keep_house
from koko_integrations.paging import Cursor
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.service import Service
from tests.sync.team import PROJECT, Team, join

MINUTE_MS = 60_000


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    joined = join(service, people, sandbox, "asana")
    joined.configure(projectMapping={PROJECT: "1400"})
    return joined


def next_sync_at(team: Team) -> int | None:
    found: int | None = team.service.rows.query(
        "SELECT next_sync_at FROM integration_connection WHERE integration_id = ?", team.target
    )[0][0]
    return found


def schedule(team: Team) -> int:
    return team.service.run(lambda app: app.scheduler.schedule_due())


def jobs(team: Team) -> list[dict[str, Any]]:
    params = {"integrationId": team.target}
    found: list[dict[str, Any]] = team.service.call("integration.listJobs", params, token=team.people.admin)["jobs"]
    return found


def run_what_was_scheduled(team: Team) -> None:
    async def run(app: App) -> None:
        await app.keeper.enqueue_waiting()
        await team.service.engine.let_go()
        await team.service.engine.idle()

    team.service.run(run)


def test_a_slot_comes_within_the_interval_and_then_every_interval(team: Team) -> None:
    assert next_sync_at(team) is None
    team.configure(autoSync=True, syncInterval=30)
    first = next_sync_at(team)
    assert first is not None
    assert 0 < first - team.service.clock.now <= 30 * MINUTE_MS
    assert schedule(team) == 0
    team.service.clock.now = first
    assert schedule(team) == 1
    assert next_sync_at(team) == first + 30 * MINUTE_MS
    assert schedule(team) == 0, "a slot is taken once"
    run_what_was_scheduled(team)
    job = jobs(team)[0]
    assert (job["status"], job["cause"], job["syncType"], job["requestedBy"]) == (
        "succeeded",
        "schedule",
        "full",
        "schedule",
    )
    assert team.logs()[0]["details"]["cause"] == "schedule"
    assert len(team.items("tasks")) == 250


def test_a_full_pass_once_a_day_is_enough(team: Team) -> None:
    team.configure(autoSync=True, syncInterval=60)
    kinds = []
    for _ in range(26):
        team.service.clock.advance(minutes=60)
        assert schedule(team) == 1
        run_what_was_scheduled(team)
        kinds.append(jobs(team)[0]["syncType"])
    assert kinds[:2] == ["full", "incremental"]
    assert kinds.count("full") == 2


def test_slots_that_were_missed_are_made_up_for_once(team: Team) -> None:
    team.configure(autoSync=True, syncInterval=5)
    team.service.clock.advance(days=3)
    assert schedule(team) == 1
    following = next_sync_at(team)
    assert following is not None
    assert 0 < following - team.service.clock.now <= 5 * MINUTE_MS
    assert schedule(team) == 0


def test_switched_off_disconnected_or_failed_it_rests(team: Team) -> None:
    team.configure(autoSync=True, syncInterval=5)
    team.configure(autoSync=False)
    assert next_sync_at(team) is None
    team.configure(autoSync=True)
    assert next_sync_at(team) is not None, "the interval is remembered"
    team.service.rows.query("UPDATE integration SET status = 'error' WHERE id = ?", team.target)
    team.service.clock.advance(days=1)
    assert schedule(team) == 0
    team.service.rows.query("UPDATE integration SET status = 'connected' WHERE id = ?", team.target)
    team.configure(autoSync=True)
    team.service.call("integration.disconnect", {"integrationId": team.target}, token=team.people.admin)
    team.service.clock.advance(days=1)
    assert schedule(team) == 0


def test_reconnecting_goes_on_with_the_schedule(team: Team) -> None:
    from tests.connections.consent import connect

    team.configure(autoSync=True, syncInterval=5)
    team.service.call("integration.disconnect", {"integrationId": team.target}, token=team.people.admin)
    assert connect(team.service, team.people.admin, "asana")["id"] == team.target
    assert next_sync_at(team) is not None


def test_a_slot_that_comes_while_a_sync_runs_or_waits_makes_no_second(team: Team) -> None:
    team.configure(autoSync=True, syncInterval=5)
    team.service.clock.advance(minutes=5)
    assert schedule(team) == 1
    team.service.clock.advance(minutes=5)
    assert schedule(team) == 0
    assert len(jobs(team)) == 1


def test_many_due_at_once_are_spread_and_two_schedulers_share_them(team: Team) -> None:
    now, count = team.service.clock.now, 300
    for number in range(count):
        target = f"int_{number}"
        team.service.rows.insert(
            "integration",
            id=target,
            team_id=TEAM,
            provider="asana",
            provider_name="Asana",
            category="project_management",
            status="connected",
            config='{"autoSync":true,"syncInterval":60}',
            scope="[]",
            created_at=now,
            updated_at=now,
        )
        team.service.rows.insert(
            "integration_connection",
            integration_id=target,
            team_id=TEAM,
            provider="asana",
            slot=target,
            next_sync_at=now,
        )

    async def both(app: App) -> int:
        return sum(await asyncio.gather(app.scheduler.schedule_due(), app.scheduler.schedule_due()))

    assert team.service.run(both) == count
    rows = team.service.rows.query("SELECT integration_id, due_at FROM job WHERE cause = 'schedule'")
    assert len({row[0] for row in rows}) == len(rows) == count
    seconds = [(due_at - now) // 1000 for _, due_at in rows]
    assert min(seconds) >= 0
    assert max(seconds) < 60
    assert max(seconds.count(second) for second in set(seconds)) <= 40, "not all in one second"
    following = team.service.rows.query("SELECT next_sync_at FROM integration_connection WHERE slot <> ''")
    assert len({row[0] for row in following}) > count * 0.9, "and apart from each other from now on"


def test_the_minute_schedules_and_forgets_what_is_too_old(team: Team) -> None:
    """What `serve` and `worker` do by themselves."""
    team.succeed(entities=["projects"])
    team.service.clock.advance(days=29)
    assert (len(team.logs()), len(jobs(team))) == (1, 1)
    team.configure(autoSync=True, syncInterval=5)
    team.service.clock.advance(days=2)

    async def a_minute(app: App) -> None:
        house = asyncio.create_task(keep_house(app))
        while True:
            newest, _ = await app.jobs.list(team.target, status=None, limit=1, cursor=Cursor())
            if newest and newest[0].cause == "schedule":
                break
            await asyncio.sleep(0)
        house.cancel()

    team.service.run(a_minute)
    run_what_was_scheduled(team)
    team.people.admin = team.service.add_session("admin")
    team.service.run(lambda app: app.retention.apply())
    assert [job["cause"] for job in jobs(team)] == ["schedule"], "jobs are kept for 30 days"
    assert len(team.logs()) == 2, "the journal for a year"
    team.service.clock.advance(days=350)
    team.people.admin = team.service.add_session("admin")
    team.service.run(lambda app: app.retention.apply())
    assert len(team.logs()) == 1


def test_a_provider_that_wants_to_be_left_alone_is(team: Team) -> None:
    team.configure(autoSync=True, syncInterval=5)
    team.sandbox.asana.fail("/api/1.0/projects/1400", status=429, headers={"retry-after": "7200"})
    team.sandbox.asana.fail("/api/1.0/workspaces", status=429, headers={"retry-after": "7200"})
    team.service.clock.advance(minutes=5)
    assert schedule(team) == 1
    run_what_was_scheduled(team)
    assert jobs(team)[0]["status"] == "failed"
    team.service.clock.advance(minutes=10)
    assert schedule(team) == 0, "two hours were asked for"
    following = next_sync_at(team)
    assert following is not None
    assert following - team.service.clock.now >= 105 * MINUTE_MS


def test_a_full_pass_that_one_bad_item_spoilt_is_not_repeated_at_every_slot(team: Team) -> None:
    team.sandbox.asana.work.of("1400")[10].done = "perhaps"  # type: ignore[assignment] # what a provider may send
    team.configure(autoSync=True, syncInterval=5)
    kinds = []
    for _ in range(3):
        team.service.clock.advance(minutes=5)
        assert schedule(team) == 1
        run_what_was_scheduled(team)
        kinds.append((jobs(team)[0]["status"], jobs(team)[0]["syncType"]))
    assert kinds[0] == ("partial", "full")
    assert [kind for _, kind in kinds[1:]] == ["incremental", "incremental"]


def test_a_full_pass_of_some_entities_does_not_count_for_all(team: Team) -> None:
    team.succeed("full", entities=["projects"])
    team.configure(autoSync=True, syncInterval=5)
    team.service.clock.advance(minutes=5)
    assert schedule(team) == 1
    assert jobs(team)[0]["syncType"] == "full"


def test_a_connection_that_recovers_goes_on_with_the_schedule(team: Team) -> None:
    team.configure(autoSync=True, syncInterval=5)
    team.service.rows.query("UPDATE integration SET status = 'error' WHERE id = ?", team.target)
    team.service.clock.advance(minutes=5)
    assert schedule(team) == 0
    found = team.service.call("integration.getStatus", {"integrationId": team.target}, token=team.people.admin)
    assert "nextSyncAt" not in found, "nothing is synced until it works again"
    tested = team.service.call("integration.test", {"integrationId": team.target}, token=team.people.admin)
    assert tested["success"]
    team.service.clock.advance(minutes=5)
    assert schedule(team) == 1


def test_a_chore_that_takes_long_does_not_keep_the_schedule_waiting(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renewing tokens at providers that do not answer takes many minutes."""
    rounds: asyncio.Queue[None] = asyncio.Queue()

    async def schedule_due() -> int:
        rounds.put_nowait(None)
        return 0

    async def keep(app: App) -> None:
        monkeypatch.setattr("koko_integrations.housekeeping.INTERVAL_S", 0)
        monkeypatch.setattr(app.live, "renew_due", asyncio.Event().wait)
        monkeypatch.setattr(app.scheduler, "schedule_due", schedule_due)
        house = asyncio.create_task(keep_house(app))
        async with asyncio.timeout(5):
            for _ in range(3):
                await rounds.get()
        house.cancel()

    team.service.run(keep)


def test_what_was_deleted_at_the_provider_is_forgotten_in_the_end(team: Team) -> None:
    team.succeed("full", entities=["tasks"])
    work = team.sandbox.asana.work
    work.delete(work.of("1400")[0].id)
    team.succeed("full", entities=["tasks"])

    def rows() -> int:
        count: int = team.service.rows.query("SELECT COUNT(*) FROM synced_item")[0][0]
        return count

    assert rows() == 250, "it may come back"
    team.service.clock.advance(days=31)
    team.service.run(lambda app: app.retention.apply())
    assert rows() == 249
