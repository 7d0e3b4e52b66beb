"""kill -9 at each step of imports and exports: every file arrives once and byte for byte, from where it had come to.

With SQLite the process is started again; with PostgreSQL another one takes over by itself.
"""

import signal
import time
from collections.abc import Iterator
from subprocess import Popen

import pytest

from sandbox.stand_ins import Sandbox
from tests.process.fleet import Fleet, kill, running_fleet, wait_for
from tests.process.freight import DOWNLOAD, MIB, SETTINGS, SLUGS, Freight
from tests.process.storages import STORAGES

SIZE = 20 * MIB
PART = SIZE * 6 // 10
"""Of a file that stops on its way."""
AGAIN = 0.45 * SIZE
"""At most so much of it comes once more."""
ASSET_SIZE = 18 * MIB
"""Three chunks, or two of OneDrive's."""
DOWNLOADS = ("POST", DOWNLOAD, 0)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, running_sandbox: Sandbox
) -> Iterator[Fleet]:
    """Processes that the cases share: each kills one, and what is left of it is what the next one begins with."""
    with running_fleet(
        request, tmp_path_factory.mktemp("fleet"), running_sandbox, SLUGS, reachable=False, **SETTINGS
    ) as fleet:
        yield fleet


@pytest.fixture
def freight(fleet: Fleet, sandbox: Sandbox) -> Iterator[Freight]:
    fleet.complete()
    freight = Freight(fleet, sandbox)
    yield freight
    freight.close()


def stopped_on_its_way(freight: Freight) -> str:
    """An import of one file of which the greater part has come; the job's id."""
    freight.offer("rushes.zip", SIZE)
    freight.hold(freight.dropbox, DOWNLOADS, part=PART)
    job_id = freight.start_import()
    freight.wait_until_staged(job_id, SIZE - int(AGAIN))
    return job_id


def go_on(freight: Freight, *killed: "Popen[bytes]") -> None:
    """Kills, and starts again what nobody else would take over from."""
    for process in killed:
        kill(process)
    freight.let_go()
    if freight.fleet.is_sqlite or len(killed) > 1:
        freight.fleet.complete()


def test_killed_on_its_way(freight: Freight) -> None:
    job_id = stopped_on_its_way(freight)
    go_on(freight, freight.runner_of(job_id))
    freight.check_import(job_id)
    _, again = freight.served()
    assert again <= AGAIN


def test_killed_before_it_is_verified(freight: Freight) -> None:
    job_id = stopped_on_its_way(freight)
    freight.lock_files()
    freight.go_on_sending()
    freight.wait_until_staged(job_id, SIZE)
    assert freight.states(job_id) == ["running"]
    go_on(freight, freight.runner_of(job_id))
    freight.check_import(job_id)
    assert freight.served() == [SIZE]


@pytest.mark.parametrize("size", [MIB, SIZE], ids=["small", "large"])
def test_killed_between_the_store_and_the_row(freight: Freight, size: int) -> None:
    """Of a small file it is not even noted that it has come: it does so again."""
    freight.offer("rushes.zip", size)
    freight.hold_assets()
    job_id = freight.start_import()
    wait_for(freight.unknown, "the file does not get into the store")
    go_on(freight, freight.runner_of(job_id))
    freight.check_import(job_id)
    assert freight.served() == [size] * (1 if size == SIZE else 2)


@pytest.mark.parametrize("fleet", ["sqlite"], indirect=True)
def test_what_is_not_to_be_had_any_more_after_a_crash(freight: Freight) -> None:
    """What was in the store by then, and not in Koko, does not stay there."""
    freight.offer("still.zip", MIB)
    freight.hold_assets()
    job_id = freight.start_import()
    wait_for(freight.unknown, "the file does not get into the store")
    kill(freight.runner_of(job_id))
    files = freight.dropbox.files
    files.delete(files.at("Empty/still.zip"))
    freight.let_go()
    freight.fleet.complete()
    wait_for(lambda: freight.job(job_id)[0] == "failed", "it does not end")
    freight.check_told(job_id, "import", 0)
    freight.check_nothing_is_left()


def test_killed_with_some_done(freight: Freight) -> None:
    for number in range(8):
        freight.offer(f"take {number}.wav", 64 * 1024 + number)
    asked = freight.hold(freight.dropbox, ("POST", DOWNLOAD, 3), times=4)
    job_id = freight.start_import()
    freight.wait_until_hanging(asked)
    wait_for(
        lambda: sorted(freight.states(job_id)) == ["done"] * 3 + ["pending"] + ["running"] * 4, "no three are done"
    )
    go_on(freight, freight.runner_of(job_id))
    freight.check_import(job_id)
    assert len(freight.served()) == 8 + 4


def test_killed_sending_a_video(freight: Freight) -> None:
    freight.offer("rushes.mp4", SIZE)
    # The first number is the video's.
    upload = f"/tusupload/{2:032x}"
    asked = freight.hold(freight.bunny, ("PATCH", upload, 1))
    job_id = freight.start_import()
    freight.wait_until_hanging(asked)
    wait_for(lambda: len(freight.bunny.uploads[upload.rpartition("/")[2]].content) == 16 * MIB, "no chunk has come")
    go_on(freight, freight.runner_of(job_id))
    freight.check_import(job_id, "rushes.mp4")
    assert freight.served() == [SIZE]
    chunks = [seen for seen in freight.bunny.requests_to(upload) if seen.method == "PATCH"]
    assert sum(int(chunk.headers["content-length"]) for chunk in chunks) == SIZE


@pytest.mark.parametrize("where", ["chunk", "last"])
def test_killed_exporting(freight: Freight, where: str) -> None:
    """To all storages at once. What a storage has done, though its answer never came, is found again there."""
    stop_exporting(freight, where, "fail")


@pytest.mark.parametrize("fleet", ["sqlite"], indirect=True)
def test_killed_exporting_under_whatever_name_is_free(freight: Freight) -> None:
    """The name that its own file has taken is not taken by another."""
    stop_exporting(freight, "last", "rename")


def stop_exporting(freight: Freight, where: str, on_conflict: str) -> None:
    content = freight.keep_asset("reel.zip", ASSET_SIZE)
    asked = [freight.hold(one.stand_in(freight.sandbox), getattr(one, where)) for one in STORAGES]
    jobs = [freight.start_export(one, on_conflict) for one in STORAGES]
    for fault in asked:
        freight.wait_until_hanging(fault)
    wait_for(lambda: where == "chunk" or all(one.names(freight.sandbox) for one in STORAGES), "a file is not there")
    go_on(freight, *freight.runners_of(jobs))
    for job_id, storage in zip(jobs, STORAGES, strict=True):
        freight.check_export(job_id, storage, content)
        sent_again = freight.received(storage) - ASSET_SIZE
        assert sent_again <= (0 if where == "chunk" else 8 * MIB), storage.slug


def test_stopped_by_an_operator(freight: Freight) -> None:
    job_id = stopped_on_its_way(freight)
    process = freight.runner_of(job_id)
    process.terminate()
    wait_for(lambda: freight.fleet.has_engine(process, "stopped"), "it does not stop")
    assert process.wait(10) in (0, -signal.SIGTERM)
    freight.let_go()
    if freight.fleet.is_sqlite:
        assert freight.job(job_id)[0] == "running"
        freight.fleet.complete()
    freight.check_import(job_id)
    _, again = freight.served()
    assert again <= AGAIN


def test_cancelled_on_its_way(freight: Freight) -> None:
    job_id = stopped_on_its_way(freight)
    began = time.monotonic()
    assert "result" in freight.client.call("integration.cancelJob", jobId=job_id)
    wait_for(lambda: freight.job(job_id)[0] == "cancelled", "it is not cancelled")
    assert time.monotonic() - began < 1
    freight.let_go()
    freight.check_told(job_id, "import", 0)
    freight.check_nothing_is_left()
    assert freight.rows.query("SELECT id FROM asset WHERE project_id = ?", freight.team) == []


@pytest.mark.parametrize("fleet", ["postgres"], indirect=True)
def test_a_worker_taken_for_dead(freight: Freight) -> None:
    """Its lock is lost with a connection: another takes over, and the two do not write the same file."""
    job_id = stopped_on_its_way(freight)
    _, executor, attempt, _ = freight.job(job_id)

    def overtaken() -> bool:
        freight.cut_off(str(executor))
        return freight.job(job_id)[2] > attempt

    wait_for(overtaken, "nobody takes over", pause_s=0.1)
    freight.check_import(job_id)
    freight.let_go()
    wait_for(lambda: freight.fleet.has_said(job_id, "job overtaken"), "it does not notice")
    _, again = freight.served()
    assert again <= AGAIN


@pytest.mark.parametrize("fleet", ["postgres"], indirect=True)
def test_the_database_restarts(freight: Freight) -> None:
    job_id = stopped_on_its_way(freight)
    freight.restart_database()
    freight.let_go()
    freight.check_import(job_id)
