"""Files on their way: they survive, have one writer at a time, and give their space back."""

import errno
import os
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from koko_integrations.assets.staging import ORPHAN_S, SPARE_BYTES, Staging
from koko_integrations.assets.store import StoreError, StoreFull, StoreUnavailable

NOW_S = 1_763_000_000.0


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging", lambda: NOW_S)


def names(staging: Staging) -> list[str]:
    return sorted(path.name for path in staging.folder.iterdir())


def leave_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=SPARE_BYTES + free))


def write_until(staging: Staging, error: OSError) -> None:
    with staging.writing("job_1", 0, None) as path:
        path.write_bytes(b"hello")
        raise error


def test_what_came_is_there_for_the_next_attempt(staging: Staging) -> None:
    with pytest.raises(ConnectionResetError):
        write_until(staging, ConnectionResetError(errno.ECONNRESET, "the provider hung up"))
    assert names(staging) == ["job_1.0.part"]
    with Staging(staging.folder).writing("job_1", 0, 10) as path:
        assert path.read_bytes() == b"hello"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    staging.discard("job_1", 0)
    staging.discard("job_1", 0)
    assert names(staging) == []


def test_one_writer_at_a_time(staging: Staging) -> None:
    other = Staging(staging.folder)
    with staging.writing("job_1", 0, None):
        with pytest.raises(StoreUnavailable), other.writing("job_1", 0, None):
            pytest.fail("somebody else has it")
        with other.writing("job_1", 1, None):
            assert names(staging) == ["job_1.0.part", "job_1.1.part"]
    with other.writing("job_1", 0, None):
        pass


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_plainly_and_gets_its_space_back(staging: Staging, code: int) -> None:
    with pytest.raises(StoreFull, match="free some space") as full:
        write_until(staging, OSError(code, os.strerror(code), str(staging.path("job_1", 0))))
    assert names(staging) == []
    assert "job_1" not in str(full.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_disk_that_really_is_full(staging: Staging) -> None:
    with pytest.raises(StoreFull), staging.writing("job_1", 0, None), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"one byte too many")
    assert names(staging) == []


def test_other_errors_stay_what_they_are(staging: Staging) -> None:
    with pytest.raises(OSError, match="Input/output") as failed:
        write_until(staging, OSError(errno.EIO, os.strerror(errno.EIO)))
    assert not isinstance(failed.value, StoreError)
    assert names(staging) == ["job_1.0.part"]


def test_no_room_is_noticed_before_bytes_move(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_free(monkeypatch, 1_000)
    with pytest.raises(StoreFull), staging.writing("job_1", 0, 1_001):
        pytest.fail("there is no room for it")
    assert names(staging) == []
    with staging.writing("job_1", 0, 1_000) as path:
        path.write_bytes(bytes(600))
    # What is there need not come again.
    leave_free(monkeypatch, 400)
    with staging.writing("job_1", 0, 1_000):
        pass
    leave_free(monkeypatch, -1)
    with staging.writing("job_2", 0, 0), staging.writing("job_2", 1, None):
        pass


def test_room_is_promised_once(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_free(monkeypatch, 1_000)
    assert staging.free_bytes() == 1_000
    with staging.writing("job_1", 0, 700) as path:
        assert staging.free_bytes() == 300
        with pytest.raises(StoreFull), staging.writing("job_1", 1, 400):
            pytest.fail("that room is promised")
        # Of what has come, the disk itself knows.
        path.write_bytes(bytes(500))
        leave_free(monkeypatch, 500)
        assert staging.free_bytes() == 300
    assert staging.free_bytes() == 500


def test_orphans_are_swept_after_a_day(staging: Staging) -> None:
    for number, age_s in enumerate((ORPHAN_S + 60, ORPHAN_S - 60, ORPHAN_S + 60)):
        with staging.writing("job_1", number, None) as path:
            path.write_bytes(b"x")
        os.utime(path, (NOW_S, NOW_S - age_s))
    (staging.folder / "notes.txt").touch()
    os.utime(staging.folder / "notes.txt", (0, 0))
    with staging.writing("job_1", 2, None) as path:
        os.utime(path, (0, 0))
        assert staging.sweep() == 1
    assert names(staging) == ["job_1.1.part", "job_1.2.part", "notes.txt"]
    assert Staging(staging.folder, lambda: NOW_S).sweep() == 1


@pytest.mark.parametrize("job_id", ["../job", "a/b", "", "job.1", "x" * 65])
def test_names_are_made_of_our_own_ids(staging: Staging, job_id: str) -> None:
    with pytest.raises(AssertionError):
        staging.path(job_id, 0)
