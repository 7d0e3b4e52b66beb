"""kill -9 after a webhook was answered, and before anything has followed from it: it follows all the same, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.stand_ins import Sandbox
from tests.process.fleet import Fleet, kill, running_fleet, wait_for
from tests.process.scene import CONTAINER, TASKS_PATH, Scene


@pytest.fixture(params=["sqlite", "postgres"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Iterator[Fleet]:
    with running_fleet(request, tmp_path, sandbox, reachable=True) as fleet:
        yield fleet


@pytest.fixture
def scene(fleet: Fleet, sandbox: Sandbox) -> Iterator[Scene]:
    scene = Scene(fleet, sandbox)
    scene.leave(20)
    wait_for(lambda: sandbox.asana.hooks.webhooks, "Asana is not asked for webhooks")
    yield scene
    scene.close()


def title_of(scene: Scene, task_id: str) -> str:
    rows = scene.query("SELECT content FROM synced_item WHERE integration_id = ? AND external_id = ?", task_id)
    return str(rows[0][0]) if rows else ""


def test_a_change_is_seen_within_seconds(scene: Scene) -> None:
    """By itself, through real processes and real sockets."""
    task = scene.work.of(CONTAINER)[0]
    scene.work.change(task.id, title="Renamed at Asana")
    wait_for(lambda: "Renamed at Asana" in title_of(scene, task.id), "the change is not seen")


def test_killed_between_the_answer_and_what_follows(scene: Scene) -> None:
    """A sync that hangs keeps what is told meanwhile waiting; then every process dies."""
    fault = scene.hang(TASKS_PATH, "GET")
    job_id = scene.start("full")
    scene.wait_until_hanging(fault)
    tasks = [task.id for task in scene.work.of(CONTAINER)[:5]]
    for task_id in tasks:
        scene.work.change(task_id, title="Renamed meanwhile")
    told = "SELECT message_key FROM inbound_message WHERE integration_id = ? AND processed_at IS NULL"
    wait_for(lambda: len(scene.query(told)) == len(tasks), "Asana has not been answered")
    for process in (scene.fleet.serve, *scene.fleet.workers):
        kill(process)
    assert len(scene.query(told)) == len(tasks)
    scene.let_go()
    scene.fleet.complete()
    scene.finish(job_id)
    wait_for(lambda: not scene.query(told), "what was told is forgotten")
    follow_ups = "SELECT id FROM job WHERE integration_id = ? AND cause = 'webhook'"
    ((follow_up,),) = scene.query(follow_ups)
    scene.finish(follow_up)
    assert all("Renamed meanwhile" in title_of(scene, task_id) for task_id in tasks)
    assert scene.query(follow_ups) == [(follow_up,)]
