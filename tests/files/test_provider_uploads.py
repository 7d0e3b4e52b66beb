"""Writing: the same cases for each provider that takes files. Chunks are as small as the provider allows."""

import hashlib
from typing import Any

import pytest

from providers.kit.errors import AlreadyThere, CredentialsRefused, Missing, Rejected, StartOver, Transient
from providers.kit.transfers import Session, Upload, Uploaded
from tests.files.conftest import Remote, tells_nothing
from tests.files.test_provider_files import checksum

NAME = "new.mp4"


def content_of(size: int) -> bytes:
    """Not twice the same."""
    block = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(32 * 1024))
    return (block * (size // len(block) + 1))[:size]


def into_empty(remote: Remote, content: bytes, **changes: Any) -> Upload:
    return Upload(
        **{
            "name": NAME,
            "size": len(content),
            "mime_type": "video/mp4",
            "folder": remote.path_of("Empty"),
            **changes,
        }
    )


def names_in_empty(remote: Remote) -> list[str]:
    return sorted(path.removeprefix("Empty/") for path in remote.person.paths() if path.startswith("Empty/"))


def content(remote: Remote, name: str = NAME) -> bytes:
    return remote.case.content(remote.sandbox, f"Empty/{name}")


@pytest.mark.parametrize("chunks", [0, 0.001, 1, 1.001, 2, 2.5])
def test_any_size(target: Remote, chunks: float) -> None:
    data = content_of(int(chunks * target.case.chunk_bytes))
    upload = into_empty(target, data)
    done = target.send(upload, data)
    assert (done.name, done.size) == (NAME, len(data))
    assert done.path == target.path_of(f"Empty/{NAME}")
    assert content(target) == data
    assert names_in_empty(target) == [NAME]
    for algorithm, value in done.checksums.items():
        assert value == checksum(algorithm, data)
    assert target.case.unfinished(target.sandbox) == 0
    assert target.read(target.find(done.path)) == data


def test_to_the_top(target: Remote) -> None:
    done = target.send(into_empty(target, b"top", folder=None), b"top")
    assert done.path == target.path_of(NAME)
    assert target.case.content(target.sandbox, NAME) == b"top"


def test_any_name(target: Remote) -> None:
    for name in target.case.names:
        done = target.send(into_empty(target, b"x", name=name), b"x")
        assert done.name == name
        assert content(target, name) == b"x"


def test_names_that_are_none(target: Remote) -> None:
    for name in target.case.no_names:
        with pytest.raises(Rejected) as refused:
            target.send(into_empty(target, b"x", name=name), b"x")
        assert not isinstance(refused.value, Missing)
        assert len(refused.value.message) < 300
    assert not names_in_empty(target)


@pytest.mark.parametrize("folder", ["no such folder", "../../etc"])
def test_a_folder_that_is_not_there(target: Remote, folder: str) -> None:
    if target.case.has_folders:
        with pytest.raises(Missing):
            target.send(into_empty(target, b"x", folder=folder), b"x")


@pytest.mark.parametrize("chunks", [0.5, 2.5])
def test_what_is_there_stays(target: Remote, chunks: float) -> None:
    target.person.add(f"Empty/{NAME}", b"mine")
    data = content_of(int(chunks * target.case.chunk_bytes))
    with pytest.raises(AlreadyThere) as refused:
        target.send(into_empty(target, data), data)
    tells_nothing(refused.value, *target.secrets())
    assert names_in_empty(target) == [NAME]
    assert content(target) == b"mine"


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("chunks", [0.5, 2.5])
def test_what_comes_there_meanwhile_stays(target: Remote, chunks: float, same: bool) -> None:
    data = content_of(int(chunks * target.case.chunk_bytes))
    upload = into_empty(target, data)
    session = target.provider.begin_upload(target.connection, upload)
    theirs = data if same else b"theirs"
    target.person.add(f"Empty/{NAME}", theirs)
    if target.case.names_repeat:
        target.send(upload, data, session)
    else:
        with pytest.raises(AlreadyThere):
            target.send(upload, data, session)
    assert names_in_empty(target) == [NAME]
    assert content(target) == theirs


@pytest.mark.parametrize("chunks", [0, 0.5, 2.5])
def test_replacing(target: Remote, chunks: float) -> None:
    target.person.add(f"Empty/{NAME}", b"old")
    target.case.give(target.sandbox, f"Empty/{NAME}")
    data = content_of(int(chunks * target.case.chunk_bytes))
    done = target.send(into_empty(target, data, conflict="replace"), data)
    assert (done.name, names_in_empty(target), content(target)) == (NAME, [NAME], data)


@pytest.mark.parametrize("chunks", [0, 0.5, 2.5])
def test_another_name(target: Remote, chunks: float) -> None:
    data = content_of(int(chunks * target.case.chunk_bytes))
    names = [target.send(into_empty(target, data, conflict="rename"), data).name for _ in range(3)]
    assert names[0] == NAME
    assert sorted(names) == names_in_empty(target)
    assert len(set(names)) == 3
    assert all(name.endswith(".mp4") for name in names)
    assert all(content(target, name) == data for name in names)


@pytest.mark.parametrize("conflict", ["fail", "replace", "rename"])
@pytest.mark.parametrize("done", [0, 1, 2])
def test_going_on_after_a_crash(target: Remote, done: int, conflict: str) -> None:
    data = content_of(int(2.5 * target.case.chunk_bytes))
    upload = into_empty(target, data, conflict=conflict)
    session = target.provider.begin_upload(target.connection, upload)
    for _ in range(done):
        session = target.go_on(upload, data, session)
    resumed = target.resume(upload, session)
    assert resumed.offset == done * target.provider.chunk_size(upload)
    assert target.again().send(upload, data, resumed).name == NAME
    assert (names_in_empty(target), content(target)) == ([NAME], data)
    assert target.case.unfinished(target.sandbox) == 0


@pytest.mark.parametrize("known", [True, False], ids=["retried", "resumed"])
@pytest.mark.parametrize("conflict", ["fail", "replace", "rename"])
@pytest.mark.parametrize(("chunks", "lost"), [(2.5, "chunk"), (2.5, "last"), (0.5, "only"), (0, "only")])
def test_an_answer_is_lost(target: Remote, chunks: float, lost: str, conflict: str, known: bool) -> None:
    data = content_of(int(chunks * target.case.chunk_bytes))
    upload = into_empty(target, data, conflict=conflict)
    session = target.provider.begin_upload(target.connection, upload)
    for _ in range(int(chunks) if lost == "last" else 0):
        session = target.go_on(upload, data, session)
    empty = target.case.empty_request if not data else None
    target.fail((empty or getattr(target.case, f"{lost}_request"))(target.sandbox), status=500, truthful=True)
    with pytest.raises(Transient) as told:
        target.step(upload, data, session)
    tells_nothing(told.value, session.token, *target.secrets())
    if not known:
        session = target.resume(upload, session)
    assert target.again().send(upload, data, session).name == NAME
    assert (names_in_empty(target), content(target)) == ([NAME], data)


def test_a_chunk_comes_twice(target: Remote) -> None:
    data = content_of(int(2.5 * target.case.chunk_bytes))
    upload = into_empty(target, data)
    session = target.provider.begin_upload(target.connection, upload)
    first = target.step(upload, data, session)
    assert target.step(upload, data, session) == first
    assert isinstance(first, Session)
    target.send(upload, data, first)
    assert content(target) == data


@pytest.mark.parametrize("done", [0, 1])
def test_an_upload_that_has_expired(target: Remote, done: int) -> None:
    data = content_of(int(2.5 * target.case.chunk_bytes))
    upload = into_empty(target, data)
    session = target.provider.begin_upload(target.connection, upload)
    for _ in range(done):
        session = target.go_on(upload, data, session)
    target.case.expire(target.sandbox)
    with pytest.raises(StartOver) as refused:
        target.resume(upload, session)
    tells_nothing(refused.value, *target.secrets())
    with pytest.raises(StartOver):
        target.send(upload, data, session)
    target.provider.abandon_upload(target.connection, session)
    target.send(upload, data)
    assert content(target) == data


@pytest.mark.parametrize("chunks", [0, 0.5, 2.5])
def test_giving_up(target: Remote, chunks: float) -> None:
    data = content_of(int(chunks * target.case.chunk_bytes))
    upload = into_empty(target, data)
    session = target.provider.begin_upload(target.connection, upload)
    if chunks > 1:
        session = target.go_on(upload, data, session)
    target.provider.abandon_upload(target.connection, session)
    assert target.case.unfinished(target.sandbox) == 0
    assert names_in_empty(target) == []
    target.provider.abandon_upload(target.connection, session)


def test_giving_up_what_is_there_takes_nothing_away(target: Remote) -> None:
    data = content_of(int(1.5 * target.case.chunk_bytes))
    upload = into_empty(target, data)
    session = target.provider.begin_upload(target.connection, upload)
    assert isinstance(target.send(upload, data, session), Uploaded)
    target.provider.abandon_upload(target.connection, session)
    assert content(target) == data


def test_permission_is_missing(target: Remote) -> None:
    powerless = target.by(target.case.powerless(target.sandbox))
    with pytest.raises(Rejected) as refused:
        powerless.send(into_empty(target, b"x"), b"x")
    assert len(refused.value.message) > 20, "it says what to do"
    tells_nothing(refused.value, *powerless.secrets())
    assert names_in_empty(target) == []


def test_credentials_that_are_no_good(target: Remote) -> None:
    unknown = target.by(target.case.unknown(target.sandbox))
    with pytest.raises((CredentialsRefused, Rejected)) as refused:
        unknown.send(into_empty(target, b"x"), b"x")
    tells_nothing(refused.value, *unknown.secrets())
