"""Files on their way into the store: they survive a crash, and whoever goes on finds as much as there was.

A name is made of the job's id and the file's number, never of what people call it.
"""

import contextlib
import fcntl
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from koko_integrations.assets.local import make_folder, translated
from koko_integrations.assets.store import FULL, StoreFull, StoreUnavailable

SPARE_BYTES = 64 * 1024 * 1024
"""What is left alone on the disk: the database may need it."""
ORPHAN_S = 86_400
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Staging:
    """A folder of such files, for one machine's processes. Its methods block, and raise StoreError."""

    def __init__(self, folder: Path, now_s: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._now_s = now_s
        self._lock = threading.Lock()
        self._promises: dict[Path, int] = {}
        with translated():
            make_folder(folder)

    def path(self, job_id: str, number: int) -> Path:
        assert _JOB_ID.fullmatch(job_id), "job ids are our own"
        return self.folder / f"{job_id}.{number}.part"

    @contextlib.contextmanager
    def writing(self, job_id: str, number: int, size: int | None) -> Iterator[Path]:
        """The file, made if it is not there, for one writer at a time; `size` is what it is going to have.

        Raises StoreFull where there is no room for that, and in place of the disk's own words inside the block: the
        file is gone then. Raises StoreUnavailable while another attempt is writing it.
        """
        path = self.path(job_id, number)
        with translated():
            taken = _take(path, os.O_CREAT)
        if taken is None:
            raise StoreUnavailable("Another attempt is still writing this file")
        try:
            with self._promised(path, size or 0):
                yield path
        except OSError as error:
            if error.errno not in FULL and not isinstance(error, StoreFull):
                raise
            self.discard(job_id, number)
            raise StoreFull("There is no room for this file; free some space, then try again") from error
        finally:
            os.close(taken)

    def discard(self, job_id: str, number: int) -> None:
        """Gives its space back; a file that is not there is fine."""
        with translated():
            self.path(job_id, number).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Removes what nobody has touched for a day, and says how many files that were."""
        oldest, removed = self._now_s() - ORPHAN_S, 0
        with translated():
            for path in self.folder.glob("*.part"):
                with contextlib.suppress(FileNotFoundError):
                    if path.lstat().st_mtime < oldest and (taken := _take(path)) is not None:
                        path.unlink()
                        os.close(taken)
                        removed += 1
        return removed

    def free_bytes(self) -> int:
        """How much room there is for more: less what has been promised, and what is to be left alone."""
        with self._lock:
            return self._free_bytes()

    def _free_bytes(self) -> int:
        promised = sum(max(0, size - _size(path)) for path, size in self._promises.items())
        with translated():
            return shutil.disk_usage(self.folder).free - promised - SPARE_BYTES

    @contextlib.contextmanager
    def _promised(self, path: Path, size: int) -> Iterator[None]:
        """Keeps the space for the file until the block ends."""
        with self._lock:
            missing = size - _size(path)
            if missing > 0 and missing > self._free_bytes():
                raise StoreFull
            self._promises[path] = size
        try:
            yield
        finally:
            with self._lock:
                del self._promises[path]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _take(path: Path, flags: int = 0) -> int | None:
    """The opened file, which is nobody else's until it is closed. None while somebody has it."""
    while True:
        opened = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(opened)
            return None
        if os.fstat(opened).st_nlink:
            return opened
        # Whoever had it has removed it in the meantime.
        os.close(opened)
