"""From a provider into a staging file: read, summed up and written, from wherever an earlier attempt has stopped.

All of it runs on a provider's thread. Memory stays the same whatever the size: two buffers, one being filled while the
other is summed up and written.
"""

import os
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from koko_integrations.transfers.progress import Transfer
from providers.kit.checksums import Sums
from providers.kit.connection import Connection
from providers.kit.errors import Rejected
from providers.kit.streams import Stream
from providers.kit.transfers import Algorithm, ReadsFiles, RemoteFile

BUFFER_BYTES = 1024 * 1024
BUFFERS = 3
FLUSHED_AT_ONCE_BYTES = 32 * 1024 * 1024


class Mismatch(Rejected):
    """What has come is not what the provider says the file is."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is all there, and is what the provider says it is."""

    size: int
    sha256: str


def fetch(
    provider: ReadsFiles,
    connection: Connection,
    remote: RemoteFile,
    staged: Path,
    transfer: Transfer,
    most_bytes: int,
) -> Fetched:
    """At most `most_bytes` come of a file whose size is not known ahead.

    Raises Mismatch, StoppedError, OSError of the disk, or what the provider raises; what has come by then stays for the
    next attempt, if it is good for anything.
    """
    algorithms: set[Algorithm] = {"sha256", *remote.checksums}
    sums = Sums(algorithms)
    with FileIO(staged, "r+" if staged.exists() else "w+") as file:
        offset = _take_up(file, remote, sums, transfer)
        if remote.size is None or offset < remote.size or not offset:
            with transfer.interruptible(), provider.open_file(connection, remote, offset) as stream:
                _copy(_limited(stream, provider.manifest.name, most_bytes - offset), file, sums, transfer)
        size = file.tell()
    digests = sums.digests()
    _verify(provider.manifest.name, remote, size, digests)
    return Fetched(size, digests["sha256"])


def _limited(stream: Stream, name: str, most_bytes: int) -> Callable[[memoryview], int]:
    left = most_bytes

    def read(buffer: memoryview) -> int:
        nonlocal left
        count = stream.readinto(buffer)
        left -= count
        if left < 0:
            raise Rejected(f"{name} sends more than the 5 GB that Koko takes")
        return count

    return read


def _take_up(file: FileIO, remote: RemoteFile, sums: Sums, transfer: Transfer) -> int:
    """Sums up what is there already, and says how much that is."""
    size = file.seek(0, 2)
    if not remote.resumable or (remote.size is not None and size > remote.size):
        size = 0
    file.seek(0)
    file.truncate(size)
    buffer = memoryview(bytearray(BUFFER_BYTES))
    while count := file.readinto(buffer):
        transfer.check()
        sums.update(buffer[:count])
    transfer.done = size
    return size


def _copy(read: Callable[[memoryview], int], file: FileIO, sums: Sums, transfer: Transfer) -> None:
    """Reads on this thread; sums up and writes on another."""
    free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
    full: queue.SimpleQueue[tuple[memoryview, int] | None] = queue.SimpleQueue()
    for _ in range(BUFFERS):
        free.put(memoryview(bytearray(BUFFER_BYTES)))
    failures: list[BaseException] = []

    def keep() -> None:
        while (filled := full.get()) is not None:
            buffer, count = filled
            try:
                if not failures:
                    sums.update(buffer[:count])
                    _write(file, buffer[:count])
                    transfer.done += count
                    _flush_behind(file, count)
            except BaseException as error:  # noqa: BLE001 - raised by whoever reads
                failures.append(error)
            free.put(buffer)

    keeper = threading.Thread(target=keep, name="keeps-file")
    keeper.start()
    try:
        while not failures:
            transfer.check()
            buffer = free.get()
            count = _fill(read, buffer)
            if not count:
                break
            full.put((buffer, count))
    finally:
        full.put(None)
        keeper.join()
    if failures:
        raise failures[0]


def _fill(read: Callable[[memoryview], int], buffer: memoryview) -> int:
    """As much of the buffer as comes at once, and enough to be worth a turn."""
    size = 0
    while size < len(buffer) // 2 and (count := read(buffer[size:])):
        size += count
    return size


def _flush_behind(file: FileIO, count: int) -> None:
    """Has the disk begin on what has come, so that little is left to wait for in the end; keeps it out of the cache.

    Only Linux and its like take the hint.
    """
    end = file.tell()
    if hasattr(os, "posix_fadvise") and end // FLUSHED_AT_ONCE_BYTES > (end - count) // FLUSHED_AT_ONCE_BYTES:
        os.posix_fadvise(file.fileno(), 0, end, os.POSIX_FADV_DONTNEED)


def _write(file: FileIO, chunk: memoryview) -> None:
    while chunk:
        chunk = chunk[file.write(chunk) :]


def _verify(name: str, remote: RemoteFile, size: int, digests: Mapping[Algorithm, str]) -> None:
    if remote.size is not None and size != remote.size:
        raise Mismatch(f"{name} says that the file has {remote.size} bytes, but sent {size}")
    for algorithm, expected in remote.checksums.items():
        if digests[algorithm] != expected:
            raise Mismatch(f"The file came damaged: its {algorithm} is not the one that {name} gives")
