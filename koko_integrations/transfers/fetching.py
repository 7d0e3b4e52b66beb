"""From a provider into a staging file: read, summed up and written, from wherever an earlier attempt has stopped.

All of it runs on a provider's thread. Memory stays the same whatever the size: a few buffers, one being filled while
another is summed up and written.
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

BUFFER_BYTES = 512 * 1024
BUFFERS = 3
SMALL_BYTES = 16 * 1024 * 1024
"""Up to here one thread does everything: handing over costs more than it gains, as other files come meanwhile."""
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
    # We want SHA-256 in any case. Where it is given, the others would tell nothing more.
    algorithms: set[Algorithm] = {"sha256"} if "sha256" in remote.checksums else {"sha256", *remote.checksums}
    small = remote.size is not None and remote.size <= SMALL_BYTES
    sums = Sums(algorithms, threads=not small)
    with FileIO(staged, "r+" if staged.exists() else "w+") as file:
        offset = _take_up(file, remote, sums, transfer)
        if remote.size is None or offset < remote.size or not offset:

            def keep(chunk: memoryview) -> None:
                sums.update(chunk)
                _write(file, chunk)
                transfer.done += len(chunk)
                _flush_behind(file, len(chunk))

            with transfer.interruptible(), provider.open_file(connection, remote, offset) as stream:
                read = _limited(stream, provider.manifest.name, most_bytes - offset, transfer)
                _copy(read, keep, small=small)
        size = file.tell()
    digests = sums.digests()
    _verify(provider.manifest.name, remote, size, digests)
    return Fetched(size, digests["sha256"])


def _limited(stream: Stream, name: str, most_bytes: int, transfer: Transfer) -> Callable[[memoryview], int]:
    left = most_bytes

    def read(buffer: memoryview) -> int:
        nonlocal left
        transfer.check()
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
    transfer.done = size
    if not size:
        return 0
    buffer = _new_buffer()
    while count := file.readinto(buffer):
        transfer.check()
        sums.update(buffer[:count])
    return size


def _copy(read: Callable[[memoryview], int], keep: Callable[[memoryview], None], *, small: bool) -> None:
    """Reads on this thread, and keeps on another if the file is not small."""
    if small:
        buffer = _new_buffer()
        while count := _fill(read, buffer):
            keep(buffer[:count])
        return
    free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
    full: queue.SimpleQueue[tuple[memoryview, int] | None] = queue.SimpleQueue()
    for _ in range(BUFFERS):
        free.put(_new_buffer())
    failures: list[BaseException] = []

    def keep_all() -> None:
        while (filled := full.get()) is not None:
            buffer, count = filled
            try:
                if not failures:
                    keep(buffer[:count])
            except BaseException as error:  # noqa: BLE001 - raised by whoever reads
                failures.append(error)
            free.put(buffer)

    keeper = threading.Thread(target=keep_all, name="keeps-file")
    keeper.start()
    try:
        while not failures:
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


def _new_buffer() -> memoryview:
    return memoryview(bytearray(BUFFER_BYTES))


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
    for algorithm, found in digests.items():
        if remote.checksums.get(algorithm, found) != found:
            raise Mismatch(f"The file came damaged: its {algorithm} is not the one that {name} gives")
