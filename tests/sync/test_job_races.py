"""Two at one job in the same moment: neither stands in the other's way."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from koko_integrations.app import App
from koko_integrations.database import Statement, Transaction
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Job
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.sync.team import PROJECT, Team, join


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """SQLite has one writer: there nothing comes between."""
    return postgres_url


@pytest.fixture
def team(service: Service, people: People, sandbox: Sandbox) -> Team:
    joined = join(service, people, sandbox, "asana")
    joined.configure(projectMapping={PROJECT: "1400"})
    return joined


class Between(Transaction):
    """Something happens in another transaction after this one's first statement."""

    def __init__(self, real: Transaction, happens: Callable[[], object]) -> None:
        self._real = real
        self._happens: Callable[[], object] | None = happens

    def rows(self, statement: Statement, /, **arguments: Any) -> list[tuple[Any, ...]]:
        return self._real.rows(statement, **arguments)

    def change(self, statement: Statement, /, **arguments: Any) -> int:
        changed = self._real.change(statement, **arguments)
        if self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return changed

    def change_many(self, statement: Statement, /, many: Sequence[dict[str, Any]]) -> None:
        self._real.change_many(statement, many)


def test_a_sync_that_ends_while_the_next_is_asked_for_is_not_in_its_way(team: Team) -> None:
    """Between finding one at work and reading it: only where transactions are at it at once."""
    first = team.sync(entities=["tasks"])["id"]
    rows = team.service.rows
    rows.query("UPDATE job SET status = 'running', active_key = ? WHERE id = ?", f"sync:{team.target}", first)

    def end() -> None:
        rows.query("UPDATE job SET status = 'succeeded', active_key = NULL WHERE id = ?", first)

    async def ask(app: App) -> tuple[Job, bool]:
        return await app.database.write(
            lambda tx: store.create(
                Between(tx, end),
                team.target,
                "sync",
                {"syncType": "full"},
                cause="manual",
                requested_by="user:admin",
                request_id="request",
                estimated_ms=1,
                now=app.clock.now_ms(),
                due_at=app.clock.now_ms(),
            )
        )

    job, is_new = team.service.run(ask)
    assert is_new
    assert job.id != first


def test_cancelling_while_it_is_put_off_cancels_it(team: Team) -> None:
    """Put off between being found running and being asked to stop."""
    job_id = team.sync(entities=["tasks"])["id"]
    rows = team.service.rows
    rows.query("UPDATE job SET status = 'running', active_key = 'k' WHERE id = ?", job_id)

    def put_off() -> None:
        rows.query("UPDATE job SET status = 'queued' WHERE id = ?", job_id)

    async def cancel(app: App) -> bool:
        return await app.database.write(lambda tx: store.cancel(Between(tx, put_off), job_id, app.clock.now_ms()))

    assert team.service.run(cancel)
    assert team.job(job_id)["status"] == "cancelled"
