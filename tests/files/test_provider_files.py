"""Browsing and reading: the same cases for each provider that keeps files."""

import hashlib
import logging
import threading
import time

import pytest

from providers.kit.errors import Changed, CredentialsRefused, Missing, ProtocolBroken, Rejected, StartOver, Transient
from providers.kit.sockets import Watch
from providers.kit.transfers import Algorithm
from sandbox.kit.checksums import content_hash, quick_xor_hash
from tests.files.conftest import Remote, tells_nothing
from tests.sync.storage import ODD, TAKE

DAY = "Rushes/Day 1"


def checksum(algorithm: Algorithm, content: bytes) -> str:
    """As the sandbox works it out."""
    if algorithm == "dropbox":
        return content_hash(content)
    return quick_xor_hash(content) if algorithm == "quickxor" else hashlib.new(algorithm, content).hexdigest()


def inside(paths: set[str], folder: str) -> dict[str, str]:
    """What a folder holds: names and kinds."""
    start = f"{folder}/" if folder else ""
    inner = [path.removeprefix(start) for path in paths if path.startswith(start)]
    return {path.partition("/")[0]: "folder" if "/" in path else "file" for path in inner}


@pytest.mark.parametrize(
    "folder", ["", "Rushes", DAY, f"{DAY}/Sound", "日本語/素材 🎬", "日本語/素材 🎬/Übersicht & mehr"]
)
def test_a_folder(remote: Remote, folder: str) -> None:
    entries = remote.entries(remote.path_of(folder) if folder else None)
    names = [entry.name for entry in entries]
    assert len(set(names)) == len(names), "nothing comes twice"
    assert folder or remote.case.beside <= set(names)
    entries = [entry for entry in entries if entry.name not in remote.case.beside]
    shown = {entry.name: entry.kind for entry in entries if entry.name != "Empty"}
    assert shown == inside(remote.person.paths(), folder)
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.kind == "file":
            assert entry.size == len(remote.case.content(remote.sandbox, path))
            assert entry.modified_at is not None
        if entry.name != "Empty":
            assert entry.path == remote.path_of(path)


def test_a_folder_comes_page_by_page(remote: Remote) -> None:
    pages = remote.pages(remote.path_of(DAY))
    assert len(pages) > 1
    assert sum(len(page) for page in pages) == 551
    method, path = remote.case.list_request(remote.sandbox, DAY)
    remote.fail((method, path), times=0)
    stand_in = remote.case.stand_in(remote.sandbox)
    stand_in.seen.clear()
    remote.provider.list_files(remote.connection, remote.path_of(DAY), None, None)
    assert len(stand_in.seen) <= 2, "one page at a time"


def test_an_empty_folder(remote: Remote) -> None:
    if remote.case.has_folders:
        assert remote.entries(remote.path_of("Empty")) == []
    path = remote.case.put(remote.sandbox, "a.mp4", b"a")
    assert [entry.path for entry in remote.entries(remote.path_of("Empty"))] == [path]


@pytest.mark.parametrize("folder", ["no such folder", "../../etc", "Rushes/../Rushes/nothing", "x" * 900, TAKE + "/"])
def test_a_folder_that_is_not_there(remote: Remote, folder: str) -> None:
    with pytest.raises(Missing) as refused:
        remote.entries(folder)
    tells_nothing(refused.value, *remote.secrets())


def test_a_search(remote: Remote) -> None:
    found = remote.entries(remote.path_of(DAY), "Scene 1 take 1")
    assert {entry.name for entry in found} == {f"Scene 1 take {n}.mp4" for n in (1, *range(10, 20))}
    assert {entry.path for entry in found} <= {entry.path for entry in remote.entries(remote.path_of(DAY))}
    assert remote.entries(remote.path_of(DAY), "nothing is called this") == []


def test_a_search_page_by_page(remote: Remote) -> None:
    found = remote.entries(remote.path_of(DAY), "Scene")
    assert len({entry.path for entry in found}) == len(found) == 550


@pytest.mark.parametrize("query", ["' or name contains 'take", "\\", '"', "100%", "素材", "x" * 200, "(", "*"])
def test_a_search_for_anything(remote: Remote, query: str) -> None:
    for entry in remote.entries(None, query):
        assert query.casefold() in entry.name.casefold()


def test_a_search_goes_below(remote: Remote) -> None:
    found = remote.entries(None, "Scene 2 take 77")
    assert len(found) == (0 if remote.case.begins else 2)


def test_a_cursor_that_is_no_good(remote: Remote) -> None:
    with pytest.raises((StartOver, Rejected)):
        remote.provider.list_files(remote.connection, remote.path_of(DAY), None, "not a cursor")


@pytest.mark.parametrize("path", [TAKE, ODD, "日本語/素材 🎬/Übersicht & mehr/e\u0301te\u0301.mov", "readme.txt"])
def test_a_file(remote: Remote, path: str) -> None:
    content = bytes(range(256)) * 300
    remote.person.write(path, content)
    file = remote.find(remote.path_of(path))
    assert (file.name, file.size, file.resumable) == (path.rpartition("/")[2], len(content), True)
    assert file.path == remote.path_of(path)
    assert set(file.checksums) == remote.case.algorithms
    for algorithm, value in file.checksums.items():
        assert value == checksum(algorithm, content)
    for offset in (0, 1, 10_006, 65_536, len(content) - 1):
        assert remote.read(file, offset) == content[offset:]
    again = remote.find(remote.path_of(path))
    assert (again.id, again.version) == (file.id, file.version)


def test_a_file_of_no_bytes(remote: Remote) -> None:
    file = remote.find(remote.case.put(remote.sandbox, "nothing.mp4", b""))
    assert file.size == 0
    assert all(value == checksum(algorithm, b"") for algorithm, value in file.checksums.items())
    assert remote.read(file) == b""


def test_any_name(remote: Remote) -> None:
    put = {name: remote.case.put(remote.sandbox, name, name.encode()) for name in remote.case.names}
    shown = {entry.name: entry.path for entry in remote.entries(remote.path_of("Empty"))}
    assert shown == put
    for name, path in put.items():
        file = remote.find(path)
        assert file.name == name
        assert remote.read(file) == name.encode()
        assert remote.read(file, 1) == name.encode()[1:]


@pytest.mark.parametrize("offset", [0, 5])
def test_another_version_since(remote: Remote, offset: int) -> None:
    old = b"the first version of this file"
    remote.person.write(TAKE, old)
    before = remote.find(remote.path_of(TAKE))
    remote.person.write(TAKE, b"the other version of this file, and longer")
    after = remote.find(remote.path_of(TAKE))
    assert after.id == before.id
    assert after.version != before.version
    if remote.case.pinned:
        assert remote.read(before, offset) == old[offset:]
    else:
        with pytest.raises(Changed):
            remote.read(before, offset)
    assert remote.read(after, offset) == b"the other version of this file, and longer"[offset:]


def test_a_file_that_has_been_deleted_since(remote: Remote) -> None:
    path = remote.path_of(TAKE)
    file = remote.find(path)
    remote.person.delete(TAKE)
    with pytest.raises(Missing):
        remote.find(path)
    if not remote.case.pinned:
        with pytest.raises((Missing, Changed)):
            remote.read(file)


@pytest.mark.parametrize(
    "path", ["no such file", "../../etc/passwd", "/../../etc/passwd", "Rushes/../readme.txt", "x" * 1000, "", "/", "."]
)
def test_a_file_that_is_not_there(remote: Remote, path: str) -> None:
    with pytest.raises(Rejected) as refused:
        remote.find(path)
    tells_nothing(refused.value, *remote.secrets())


def test_a_folder_is_no_file(remote: Remote) -> None:
    with pytest.raises(Rejected):
        remote.find(remote.path_of("Rushes"))


def test_a_body_that_ends_too_soon(remote: Remote) -> None:
    file = remote.find(remote.path_of(TAKE))
    remote.fail(remote.case.open_request(remote.sandbox, TAKE), body=b"tak", headers={"Content-Length": str(file.size)})
    with pytest.raises(Transient):
        remote.read(file)
    assert remote.read(file, 3) == remote.case.content(remote.sandbox, TAKE)[3:]


@pytest.mark.parametrize(
    ("status", "headers"),
    [(200, {}), (206, {}), (206, {"Content-Range": "bytes 0-9/10"}), (206, {"Content-Range": "bytes 5-9/10"})],
)
def test_a_range_that_is_another(remote: Remote, status: int, headers: dict[str, str]) -> None:
    file = remote.find(remote.path_of(TAKE))
    remote.fail(remote.case.open_request(remote.sandbox, TAKE), status=status, headers=headers, body=b"0123456789")
    with pytest.raises(ProtocolBroken):
        remote.read(file, 3)


def test_patience(remote: Remote) -> None:
    file = remote.find(remote.path_of(TAKE))
    for request in (remote.case.find_request, remote.case.open_request):
        remote.fail(request(remote.sandbox, TAKE), times=3, **remote.case.busy)
        with pytest.raises(Transient) as told:
            remote.find(file.path) if request is remote.case.find_request else remote.read(file)
        if "headers" in remote.case.busy:
            assert told.value.retry_after_s == 300
        remote.case.stand_in(remote.sandbox).reset_faults()
    remote.fail(remote.case.list_request(remote.sandbox, DAY), times=3, **remote.case.busy)
    with pytest.raises(Transient):
        remote.entries(remote.path_of(DAY))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_provider_that_is_down(remote: Remote, status: int) -> None:
    file = remote.find(remote.path_of(TAKE))
    for request in (remote.case.find_request, remote.case.open_request, remote.case.list_request):
        remote.fail(request(remote.sandbox, TAKE), status=status, times=3, body=b"<html>down")
    with pytest.raises(Transient):
        remote.find(file.path)
    remote.case.stand_in(remote.sandbox).reset_faults()
    remote.fail(remote.case.open_request(remote.sandbox, TAKE), status=status, times=3, body=b"<html>down")
    with pytest.raises(Transient):
        remote.read(file)


@pytest.mark.parametrize("body", [b"", b"<html>Welcome", b"[]", b"{}", b"null", b'{"error":5}', b"\xff\xfe"])
def test_answers_of_another_kind(remote: Remote, body: bytes) -> None:
    """boto3 takes them for a server in trouble."""
    remote.fail(remote.case.list_request(remote.sandbox, DAY), body=body)
    with pytest.raises((ProtocolBroken, Rejected, Transient)):
        remote.entries(remote.path_of(DAY))
    remote.case.stand_in(remote.sandbox).reset_faults()
    remote.fail(remote.case.find_request(remote.sandbox, TAKE), body=body)
    with pytest.raises((ProtocolBroken, Rejected, Transient)):
        remote.find(remote.path_of(TAKE))


def test_permission_is_missing(remote: Remote, caplog: pytest.LogCaptureFixture) -> None:
    file = remote.find(remote.path_of(TAKE))
    powerless = remote.by(remote.case.powerless(remote.sandbox))
    with caplog.at_level(logging.INFO):
        for act in (
            lambda: powerless.entries(None),
            lambda: powerless.find(file.path),
            lambda: powerless.read(file),
        ):
            with pytest.raises(Rejected) as refused:
                act()
            assert len(refused.value.message) > 20, "it says what to do"
            tells_nothing(refused.value, *powerless.secrets())
    assert not any(secret in caplog.text for secret in powerless.secrets())


def test_credentials_that_are_no_good(remote: Remote) -> None:
    unknown = remote.by(remote.case.unknown(remote.sandbox))
    with pytest.raises(CredentialsRefused) as refused:
        unknown.entries(None)
    tells_nothing(refused.value, *unknown.secrets())


def test_reading_can_be_interrupted(remote: Remote) -> None:
    """Whatever else has been asked since the file was opened."""
    file = remote.find(remote.path_of(TAKE))
    dripping = {"body": b"abc", "headers": {"Content-Length": "3"}, "gap_s": 1.5}
    remote.fail(remote.case.open_request(remote.sandbox, TAKE), **dripping)
    with Watch() as watch, remote.provider.open_file(remote.connection, file, 0) as stream:
        buffer = memoryview(bytearray(10))
        assert stream.readinto(buffer[:1]) == 1
        threading.Timer(0.05, watch.expire).start()
        began = time.monotonic()
        with pytest.raises(Transient):
            stream.readinto(buffer)
        assert time.monotonic() - began < 1
