"""The asset store in a folder: at once or not at all, for nobody else's eyes, and never outside."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from koko_integrations.addresses import asset_store
from koko_integrations.assets.local import STAGING, LocalStore
from koko_integrations.assets.opening import open_store
from koko_integrations.assets.store import AssetMissing, StoreError, StoreFull
from tests.assets.reading import read_all

CONTENT = bytes(range(256)) * 5_000
Stage = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "var" / "assets")


@pytest.fixture
def stage(store: LocalStore) -> Stage:
    def stage(content: bytes = CONTENT, name: str = "job_1.0.part") -> Path:
        path = store.staging_folder() / name
        path.write_bytes(content)
        return path

    return stage


def put(store: LocalStore, staged: Path, key: str) -> str:
    return store.put(staged, key, "video/mp4", lambda _: None)


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_there_and_back(store: LocalStore, stage: Stage) -> None:
    moved: list[int] = []
    staged = stage()
    key = store.key_for("proj_1", "asset_1", "Übersicht #1.mp4")
    url = store.put(staged, key, "video/mp4", moved.append)
    assert key == "integrations/proj_1/asset_1/Ubersicht-1.mp4"
    assert Path(unquote(urlsplit(url).path)) == store.folder / key
    assert (sum(moved), staged.exists()) == (len(CONTENT), False)
    with store.open(key) as stored:
        assert stored.size == len(CONTENT)
    assert read_all(store.open(key)) == CONTENT
    assert read_all(store.open(key, 999_999)) == CONTENT[999_999:]
    assert read_all(store.open(key, len(CONTENT))) == b""


def test_no_bytes_are_a_file_too(store: LocalStore, stage: Stage) -> None:
    put(store, stage(b""), "a/empty")
    with store.open("a/empty") as stored:
        assert stored.size == 0
    assert read_all(store.open("a/empty")) == b""


def test_only_the_service_can_read_it(store: LocalStore, stage: Stage) -> None:
    put(store, stage(), "a/b/c")
    assert stat.S_IMODE((store.folder / "a/b/c").stat().st_mode) == 0o600
    for folder in (store.folder, store.folder / "a", store.folder / "a/b", store.staging_folder()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_put_that_was_interrupted_is_put_again(store: LocalStore, stage: Stage) -> None:
    """Killed between the move and whatever told of it: what was staged is gone, the asset is there."""
    first = put(store, stage(), "a/b")
    assert put(store, store.staging_folder() / "job_1.0.part", "a/b") == first
    assert read_all(store.open("a/b")) == CONTENT
    with pytest.raises(AssetMissing):
        put(store, store.staging_folder() / "job_1.0.part", "a/c")


def test_what_is_put_in_its_place_is_read_to_its_end(store: LocalStore, stage: Stage) -> None:
    put(store, stage(), "a/b")
    with store.open("a/b") as before:
        put(store, stage(b"another"), "a/b")
        buffer = memoryview(bytearray(len(CONTENT)))
        assert before.readinto(buffer) == len(CONTENT)
    assert buffer == CONTENT
    assert read_all(store.open("a/b")) == b"another"


def test_delete_leaves_nothing_of_the_asset(store: LocalStore, stage: Stage) -> None:
    put(store, stage(), "a/b/c.mp4")
    put(store, stage(), "a/d/c.mp4")
    store.delete("a/b/c.mp4")
    store.delete("a/b/c.mp4")
    store.delete("x/y")
    assert files_in(store.folder) == ["a/d/c.mp4"]
    assert not (store.folder / "a/b").exists()
    with pytest.raises(AssetMissing):
        store.open("a/b/c.mp4")


@pytest.mark.parametrize(
    "key",
    [
        "../outside",
        "a/../../outside",
        "/etc/passwd",
        "",
        ".",
        "a//b",
        "a/./b",
        "a/",
        "a\0b",
        f"{STAGING}/x",
        "..",
        "a/..",
    ],
)
def test_keys_that_would_leave_the_folder(store: LocalStore, stage: Stage, key: str) -> None:
    staged = stage()
    for use in (lambda: put(store, staged, key), lambda: store.open(key), lambda: store.delete(key)):
        with pytest.raises(StoreError):
            use()
    assert staged.read_bytes() == CONTENT
    assert files_in(store.folder) == []


def test_links_lead_nowhere(store: LocalStore, stage: Stage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (store.folder / "a").symlink_to(outside)
    (store.folder / "b").symlink_to(outside / "secret")
    for use in (
        lambda: store.open("a/secret"),
        lambda: store.open("b"),
        lambda: store.delete("a/secret"),
        lambda: put(store, stage(), "a/new"),
    ):
        with pytest.raises(StoreError):
            use()
    assert files_in(outside) == ["secret"]


def test_the_disks_errors_name_no_path(store: LocalStore, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    staged = stage()

    def refuse(code: int) -> Callable[..., None]:
        def fail(*_: object) -> None:
            raise OSError(code, os.strerror(code), str(staged))

        return fail

    monkeypatch.setattr(os, "replace", refuse(errno.ENOSPC))
    with pytest.raises(StoreFull, match="full") as full:
        put(store, staged, "a/b")
    monkeypatch.setattr(os, "replace", refuse(errno.EIO))
    with pytest.raises(StoreError, match="Input/output error") as failed:
        put(store, staged, "a/b")
    assert "job_1" not in str(full.value) + str(failed.value)
    assert staged.exists(), "nothing is lost"


def test_staging_is_beside_the_store(tmp_path: Path) -> None:
    url = asset_store((tmp_path / "a b%" / "assets").as_uri())
    store, staging = open_store(url, tmp_path / "unused")
    assert isinstance(store, LocalStore)
    assert store.folder == tmp_path / "a b%" / "assets"
    assert staging.folder == tmp_path / "a b%" / "staging"
    assert files_in(tmp_path) == []
    assert not (tmp_path / "unused").exists()


def test_staging_is_inside_where_beside_is_another_disk(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refuse)
        folder = store.staging_folder()
    assert folder == store.folder / STAGING
    assert files_in(tmp_path) == []
    (folder / "x.part").write_bytes(CONTENT)
    put(store, folder / "x.part", "a/b")
    assert files_in(store.folder) == ["a/b"]
