"""The asset store, whatever it is made of."""

import errno
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from koko_integrations.assets.names import storage_key


class StoreError(OSError):
    """The store did not do what it was asked. The text is for people, and names no path and no credential."""


class StoreFull(StoreError):
    """There is no room for the file."""


class StoreUnavailable(StoreError):
    """Down or slow: the same may succeed later."""


class AssetMissing(StoreError):
    """The store does not have this file."""


Progress = Callable[[int], None]
"""Told how many more bytes are in the store; what it raises ends the transfer."""


class StoredFile:
    """A file of the store that is being read. `size` is that of the whole file."""

    def __init__(self, body: Any, size: int, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._body = body
        self.size = size
        self._translated = translated

    def readinto(self, buffer: memoryview) -> int:
        """Fills the buffer, unless the file ends: how many bytes came. Raises StoreError."""
        filled = 0
        with self._translated():
            while filled < len(buffer) and (count := self._body.readinto(buffer[filled:])):
                filled += count
        return filled

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AssetStore(ABC):
    """Keeps files under keys. Its methods block, and raise StoreError."""

    prefix = ""
    """What every key of ours begins with: the operator's."""

    def key_for(self, owner_id: str, asset_id: str, file_name: str) -> str:
        """The key of an asset's file, as its row has it: `storage_key`."""
        return self.prefix + storage_key(owner_id, asset_id, file_name)

    @abstractmethod
    def put(self, staged: Path, key: str, mime_type: str, progress: Progress) -> str:
        """Moves a whole, verified file into the store, and answers the URL for `storage_url`.

        The file is there at once or not at all, and what was staged is gone then. Where it is gone already and the key
        is there, an earlier call had got so far: it is answered again.
        """

    @abstractmethod
    def open(self, key: str, offset: int = 0) -> StoredFile:
        """The file from a byte on. Raises AssetMissing. The caller closes it."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Removes the file, and what an interrupted `put` has left of it. One that is not there is fine."""


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def of_disk(error: OSError) -> StoreError:
    """What went wrong with a file of ours, without its path."""
    if error.errno in FULL:
        return StoreFull("The disk of the asset store is full; free some space, then try again")
    if isinstance(error, FileNotFoundError):
        return AssetMissing("The asset store does not have this file")
    return StoreError(f"The asset store's disk failed: {error.strerror or 'unknown error'}")
