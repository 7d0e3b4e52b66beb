"""The asset store in a folder: one file per key, written elsewhere on the same disk and moved here when it is whole."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from io import FileIO
from pathlib import Path, PurePosixPath

from koko_integrations.assets.store import AssetMissing, AssetStore, Progress, StoredFile, StoreError, of_disk

STAGING = ".staging"
"""Inside the store, where beside it is another disk."""
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


class LocalStore(AssetStore):
    """Files that only this service's user can read."""

    def __init__(self, folder: Path) -> None:
        with translated():
            make_folder(folder)
            self.folder = folder.resolve()

    def put(self, staged: Path, key: str, mime_type: str, progress: Progress) -> str:
        path = self._path(key)
        with translated():
            try:
                size = _sync(staged, _FILE_MODE)
            except FileNotFoundError:
                size = path.stat().st_size
            else:
                make_folder(path.parent)
                self._require_inside(path.parent)
                os.replace(staged, path)
            _sync(path.parent)
        progress(size)
        return path.as_uri()

    def open(self, key: str, offset: int = 0) -> StoredFile:
        path = self._path(key)
        with translated():
            self._require_inside(path.parent)
            body = FileIO(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC))
            size = os.fstat(body.fileno()).st_size
            body.seek(offset)
        return StoredFile(body, size, translated)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with contextlib.suppress(AssetMissing), translated():
            self._require_inside(path.parent)
            path.unlink()
        # The asset's own folder. Those above it are shared.
        with contextlib.suppress(OSError):
            path.parent.rmdir()

    def staging_folder(self) -> Path:
        """Where a file can be moved from into the store in one step: beside it, or inside."""
        beside = self.folder.parent / STAGING.removeprefix(".")
        with contextlib.suppress(OSError):
            make_folder(beside)
            probe = f".probe-{secrets.token_hex(8)}"
            (beside / probe).touch()
            try:
                os.replace(beside / probe, self.folder / probe)
                (self.folder / probe).unlink()
            except OSError:
                (beside / probe).unlink()
                raise
            return beside
        inside = self.folder / STAGING
        with translated():
            make_folder(inside)
        return inside

    def _path(self, key: str) -> Path:
        names = key.split("/")
        plain = PurePosixPath(key).parts == tuple(names) and ".." not in names and "\0" not in key
        if not plain or names[0] == STAGING:
            raise StoreError("This is no key of the asset store")
        return self.folder.joinpath(*names)

    def _require_inside(self, folder: Path) -> None:
        """Whatever links there are on the way."""
        if not folder.resolve().is_relative_to(self.folder):
            raise StoreError("This key leads out of the asset store")


def make_folder(folder: Path) -> None:
    """Makes the folder and those above it that are missing, so that they survive a power cut."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(_FOLDER_MODE, exist_ok=True)
        _sync(one.parent)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """What the disk says inside the block becomes a StoreError."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise of_disk(error) from error


def _sync(path: Path, mode: int | None = None) -> int:
    """Has a file or folder written to the disk; how large it is."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if mode is not None:
            os.fchmod(opened, mode)
        os.fsync(opened)
        return os.fstat(opened).st_size
    finally:
        os.close(opened)
