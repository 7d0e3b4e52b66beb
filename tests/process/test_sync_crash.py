"""kill -9 at each step of a sync: the run is completed, nothing is lost, and nothing is doubled on either side.

With SQLite the process is started again; with PostgreSQL another one takes over by itself.
"""

import signal
import time
from collections.abc import Callable, Iterator
from subprocess import Popen

import pytest

from sandbox.stand_ins import Sandbox
from tests.process.fleet import Fleet, kill, running_fleet, wait_for
from tests.process.running import free_port
from tests.process.scene import CONTAINER, FILES_PATH, TASKS_PATH, Scene

Reached = tuple[str, "Popen[bytes]"]
"""The job, and the process to kill."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, running_sandbox: Sandbox
) -> Iterator[Fleet]:
    """Processes that the cases share: each kills one, and what is left of it is what the next one begins with."""
    with running_fleet(request, tmp_path_factory.mktemp("fleet"), running_sandbox) as fleet:
        yield fleet


@pytest.fixture
def scene(fleet: Fleet, sandbox: Sandbox) -> Iterator[Scene]:
    fleet.complete()
    scene = Scene(fleet, sandbox)
    yield scene
    scene.close()


def before_enqueueing(scene: Scene) -> Reached:
    scene.lock_engine()
    job_id = scene.start_unanswered()
    assert scene.job(job_id)[0] == "queued"
    return job_id, scene.fleet.serve


def after_enqueueing(scene: Scene) -> Reached:
    return scene.start("full", "tasks"), scene.fleet.serve


def in_the_first_page(scene: Scene) -> Reached:
    asked = scene.hang(TASKS_PATH, "GET")
    job_id = scene.start("full", "projects", "tasks")
    scene.wait_until_hanging(asked)
    return job_id, scene.runner_of(job_id)


def between_two_pages(scene: Scene) -> Reached:
    asked = scene.hang(TASKS_PATH, "GET", after=1)
    job_id = scene.start("full", "projects", "tasks")
    scene.wait_until_hanging(asked)
    assert len(scene.items("tasks")) == 100
    return job_id, scene.runner_of(job_id)


def making_a_task(scene: Scene) -> Reached:
    scene.leave(20)
    for number in range(3):
        scene.comment(f"Brighter, please ({number})")
    asked = scene.hang(TASKS_PATH, "POST", after=1)
    job_id = scene.start()
    scene.wait_until_hanging(asked)
    wait_for(lambda: len(scene.work.of(CONTAINER)) == 22, "the task is not made")
    return job_id, scene.runner_of(job_id)


def changing_a_task(scene: Scene) -> Reached:
    scene.leave(20)
    comment = scene.comment("Brighter, please")
    scene.sync("full")
    scene.edit(comment, "Darker, please")
    task = scene.work.tasks[scene.linked(comment)]
    asked = scene.hang(f"{TASKS_PATH}/{task.id}", "PUT")
    job_id = scene.start("incremental")
    scene.wait_until_hanging(asked)
    wait_for(lambda: task.title == "Darker, please", "the task is not changed")
    return job_id, scene.runner_of(job_id)


def making_a_comment(scene: Scene) -> Reached:
    scene.leave(20)
    comment = scene.comment("Brighter, please")
    scene.sync("full")
    scene.comment("How much?", parent=comment)
    task = scene.work.tasks[scene.linked(comment)]
    asked = scene.hang(f"{TASKS_PATH}/{task.id}/stories", "POST")
    job_id = scene.start("incremental")
    scene.wait_until_hanging(asked)
    wait_for(lambda: task.comments, "the comment is not made")
    return job_id, scene.runner_of(job_id)


def renewing_the_token(scene: Scene) -> Reached:
    scene.leave(20)
    scene.expire_token()
    asked = scene.hang("/-/oauth_token", "POST")
    job_id = scene.start("full", "tasks")
    scene.wait_until_hanging(asked)
    return job_id, scene.runner_of(job_id)


def in_the_last_request(scene: Scene) -> Reached:
    asked = scene.hang(FILES_PATH, "GET", after=len(scene.work.of(CONTAINER)) - 1)
    job_id = scene.start()
    scene.wait_until_hanging(asked)
    unvisited = "SELECT COUNT(*) FROM synced_item WHERE integration_id = ? AND visit > 0"
    wait_for(lambda: scene.query(unvisited) == [(1,)], "more than one task is left")
    return job_id, scene.runner_of(job_id)


def after_the_end(scene: Scene) -> Reached:
    scene.leave(20)
    scene.comment("Brighter, please")
    asked = scene.hang(TASKS_PATH, "POST")
    job_id = scene.start()
    scene.wait_until_hanging(asked)
    runner = scene.runner_of(job_id)
    scene.let_go()
    wait_for(lambda: scene.job(job_id)[0] == "succeeded", "the run does not end", pause_s=0)
    return job_id, runner


STEPS: tuple[Callable[[Scene], Reached], ...] = (
    before_enqueueing,
    after_enqueueing,
    in_the_first_page,
    between_two_pages,
    making_a_task,
    changing_a_task,
    making_a_comment,
    renewing_the_token,
    in_the_last_request,
    after_the_end,
)


@pytest.mark.parametrize("reach", STEPS, ids=[step.__name__ for step in STEPS])
def test_killed(scene: Scene, reach: Callable[[Scene], Reached]) -> None:
    job_id, process = reach(scene)
    kill(process)
    scene.let_go()
    scene.pass_time()
    if scene.fleet.is_sqlite:
        scene.fleet.complete()
    scene.check(job_id)


def test_a_request_outlives_its_sender(scene: Scene) -> None:
    """Asana is still at what the killed process has asked for when another begins to look for it."""
    scene.leave(20)
    scene.sync("full")
    scene.comment("Brighter, please")
    asked = scene.hang(TASKS_PATH, "POST", late=True)
    again = scene.hang(f"/api/1.0/projects/{CONTAINER}", "GET", after=1)
    job_id = scene.start("incremental")
    scene.wait_until_hanging(asked)
    kill(scene.runner_of(job_id))
    if scene.fleet.is_sqlite:
        scene.fleet.complete()
    scene.wait_until_hanging(again)
    # Four seconds are left of those in which a request is answered or given up.
    scene.pass_time(16)
    scene.let_go(again)
    # Time for the one who must not push yet to do so: another process, and nothing that could be waited for.
    time.sleep(1)
    scene.let_go()
    scene.check(job_id)


def test_stopped_by_an_operator(scene: Scene) -> None:
    asked = scene.hang(TASKS_PATH, "GET", after=1)
    job_id = scene.start("full", "tasks")
    scene.wait_until_hanging(asked)
    process = scene.runner_of(job_id)
    process.terminate()
    wait_for(lambda: scene.fleet.has_engine(process, "stopped"), "it does not stop")
    scene.let_go()
    assert process.wait(30) in (0, -signal.SIGTERM)
    if scene.fleet.is_sqlite:
        assert scene.job(job_id)[0] == "running"
        scene.fleet.complete()
    scene.check(job_id)


@pytest.mark.parametrize("fleet", ["sqlite"], indirect=True)
def test_a_second_service_waits_for_its_turn(scene: Scene) -> None:
    first, port = scene.fleet.serve, free_port()
    second = scene.fleet.start("serve", port)
    wait_for(lambda: scene.fleet.answers(port), "the second does not answer")
    scene.move_to(port)
    asked = scene.hang(TASKS_PATH, "GET", after=1)
    job_id = scene.start("full", "tasks")
    scene.wait_until_hanging(asked)
    assert scene.runner_of(job_id) is first
    kill(first)
    scene.let_go()
    wait_for(lambda: scene.job(job_id)[0] == "succeeded", "nobody takes over")
    scene.fleet.serve = second
    scene.check(job_id)


@pytest.mark.parametrize("fleet", ["postgres"], indirect=True)
def test_a_worker_taken_for_dead(scene: Scene) -> None:
    """Its lock is lost with a connection: it is overtaken, and does no harm when it wakes up."""
    scene.leave(20)
    for number in range(3):
        scene.comment(f"Brighter, please ({number})")
    asked = scene.hang(TASKS_PATH, "POST", after=1)
    job_id = scene.start()
    scene.wait_until_hanging(asked)
    scene.pass_time()
    _, executor, attempt, _ = scene.job(job_id)

    def overtaken() -> bool:
        scene.cut_off(str(executor))
        return scene.job(job_id)[2] > attempt

    wait_for(overtaken, "nobody takes over", pause_s=0.1)
    wait_for(lambda: scene.job(job_id)[0] == "succeeded", "the run does not end")
    scene.let_go()
    wait_for(lambda: scene.fleet.has_said(job_id, "job overtaken"), "it does not wake up")
    scene.check(job_id)


@pytest.mark.parametrize("fleet", ["postgres"], indirect=True)
def test_the_database_restarts(scene: Scene) -> None:
    asked = scene.hang(TASKS_PATH, "GET", after=1)
    job_id = scene.start("full", "tasks")
    scene.wait_until_hanging(asked)
    scene.restart_database()
    scene.let_go()
    scene.check(job_id)
