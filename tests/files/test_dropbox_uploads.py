"""Writing to Dropbox: sessions that cannot be asked where they stand, and what Dropbox refuses."""

import itertools

import orjson
import pytest

from providers.dropbox import Dropbox
from providers.kit.errors import AlreadyThere, Missing, ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.transfers import Session, Upload, Uploaded
from sandbox.stand_ins import Sandbox
from tests.files.conftest import Remote, remote_named, tells_nothing
from tests.sync.storage import TAKE

APPEND, FINISH = "/2/files/upload_session/append_v2", "/2/files/upload_session/finish"


@pytest.fixture
def dropbox(sandbox: Sandbox) -> Remote:
    return remote_named(sandbox, "dropbox")


def upload_of(content: bytes, **changes: object) -> Upload:
    return Upload(**{"name": "new.mp4", "size": len(content), "mime_type": "video/mp4", **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "error"),
    [("desktop.ini", Rejected), ("back\\slash.mp4", Rejected), ("x" * 256, Rejected), ("x" * 255, None)],
)
def test_names(dropbox: Remote, name: str, error: type[ProviderError] | None) -> None:
    if error is None:
        assert dropbox.send(upload_of(b"x", name=name), b"x").name == name
        return
    with pytest.raises(error, match="rename it"):
        dropbox.send(upload_of(b"x", name=name), b"x")


def test_a_full_dropbox(dropbox: Remote) -> None:
    dropbox.sandbox.dropbox.uploads.room_bytes = 5
    with pytest.raises(Rejected, match="make room"):
        dropbox.send(upload_of(b"too much"), b"too much")


def test_a_folder_that_may_not_be_written_into(dropbox: Remote) -> None:
    dropbox.sandbox.dropbox.uploads.read_only.add("/empty")
    with pytest.raises(Rejected, match="may not write"):
        dropbox.send(upload_of(b"x", folder="/Empty"), b"x")


def test_a_file_is_no_folder(dropbox: Remote) -> None:
    with pytest.raises(Missing, match="not a folder"):
        dropbox.send(upload_of(b"x", folder=TAKE), b"x")


@pytest.mark.parametrize("conflict", ["fail", "replace"])
def test_a_folder_of_that_name(dropbox: Remote, conflict: str) -> None:
    with pytest.raises(AlreadyThere, match="named empty"):
        dropbox.send(upload_of(b"x", name="empty", conflict=conflict), b"x")


@pytest.mark.parametrize("conflict", ["fail", "replace", "rename"])
def test_all_has_arrived_and_nothing_is_there(dropbox: Remote, conflict: str) -> None:
    """The last chunk came in, but Dropbox could not make a file of it."""
    data = b"abcdef" * 20_000
    upload = upload_of(data, conflict=conflict, folder="/Empty")
    session = dropbox.provider.begin_upload(dropbox.connection, upload)
    uploads = dropbox.sandbox.dropbox.uploads
    uploads.room_bytes = 0
    with pytest.raises(Rejected):
        dropbox.send(upload, data, session)
    uploads.room_bytes = 10**9
    resumed = dropbox.resume(upload, session)
    assert dropbox.again().send(upload, data, resumed).name == "new.mp4"
    assert dropbox.case.content(dropbox.sandbox, "Empty/new.mp4") == data


def test_a_renamed_file_whose_answer_was_lost(dropbox: Remote) -> None:
    data = b"the same, every time"
    for _ in range(2):
        dropbox.send(upload_of(data, conflict="rename", folder="/Empty"), data)
    upload = upload_of(data, conflict="rename", folder="/Empty")
    storage = dropbox.sandbox.dropbox.storage
    storage.client_modified = dict.fromkeys(storage.client_modified, "2020-01-01T00:00:00Z")
    session = dropbox.provider.begin_upload(dropbox.connection, upload)
    dropbox.sandbox.dropbox.fail(FINISH, status=502, truthful=True)
    with pytest.raises(Transient):
        dropbox.send(upload, data, session)
    done = dropbox.send(upload, data, dropbox.resume(upload, session))
    assert (done.name, len(dropbox.entries("/Empty"))) == ("new (2).mp4", 3)


def test_somebody_elses_file_is_not_ours(dropbox: Remote) -> None:
    data = b"of the same size"
    upload = upload_of(data, conflict="replace", folder="/Empty")
    session = dropbox.provider.begin_upload(dropbox.connection, upload)
    dropbox.person.add("Empty/new.mp4", b"of another hand.")
    dropbox.sandbox.dropbox.storage.client_modified.clear()
    dropbox.sandbox.dropbox.uploads.expire()
    dropbox.sandbox.clock.ahead_s = 5
    dropbox.person.write("Empty/new.mp4", b"of another hand!")
    with pytest.raises(StartOver):
        dropbox.send(upload, data, session)
    with pytest.raises(StartOver):
        dropbox.resume(upload, session)


REFUSALS = {
    "too_many_write_operations": Transient,
    "path/too_many_write_operations": Transient,
    "content_hash_mismatch": Transient,
    "payload_too_large": Rejected,
    "path/team_folder": Rejected,
    "path/other": Rejected,
    "path/conflict/file_ancestor": Rejected,
    "path/conflict/file": AlreadyThere,
    "lookup_failed/incorrect_offset": ProtocolBroken,
    "lookup_failed/too_large": Rejected,
    "lookup_failed/not_found": StartOver,
}


@pytest.mark.parametrize(("tags", "error"), REFUSALS.items())
def test_what_dropbox_may_say(dropbox: Remote, tags: str, error: type[ProviderError]) -> None:
    upload = upload_of(b"x", folder="/Empty")
    session = dropbox.provider.begin_upload(dropbox.connection, upload)
    body = orjson.dumps({"error_summary": f"{tags}/..", "error": {".tag": tags.split("/")[0]}})
    dropbox.sandbox.dropbox.fail(FINISH, status=409, body=body)
    with pytest.raises(ProviderError) as refused:
        dropbox.send(upload, b"x", session)
    assert type(refused.value) is error
    tells_nothing(refused.value, session.token, orjson.loads(session.token)["session_id"], *dropbox.secrets())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"error":5}', b'{"error_summary":"x","error":{}}'])
@pytest.mark.parametrize("status", [200, 409])
@pytest.mark.parametrize("path", [APPEND, FINISH])
def test_answers_of_another_kind(dropbox: Remote, path: str, status: int, body: bytes) -> None:
    data = bytes(100) if path == FINISH else bytes(Dropbox.chunk_bytes + 1)
    upload = upload_of(data, folder="/Empty")
    session = dropbox.provider.begin_upload(dropbox.connection, upload)
    dropbox.sandbox.dropbox.fail(path, status=status, body=body)
    if (path, status) == (APPEND, 200):
        assert isinstance(dropbox.step(upload, data, session), Session)
        return
    with pytest.raises((ProtocolBroken, Rejected)):
        dropbox.step(upload, data, session)


@pytest.mark.parametrize("token", ["", "{}", "[]", "null", "5", '{"session_id":"x"}'])
def test_a_session_of_another_kind(dropbox: Remote, token: str) -> None:
    with pytest.raises(StartOver):
        dropbox.resume(upload_of(b"x"), Session(token=token))


def test_each_step_is_one_request(dropbox: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dropbox, "chunk_bytes", 1000)
    data = bytes(2500)
    upload = upload_of(data, folder="/Empty")
    session = dropbox.provider.begin_upload(dropbox.connection, upload)
    dropbox.sandbox.dropbox.seen.clear()
    assert isinstance(dropbox.send(upload, data, session), Uploaded)
    asked = [path for path, _ in itertools.groupby(seen.path for seen in dropbox.sandbox.dropbox.seen)]
    assert (len(dropbox.sandbox.dropbox.seen), asked) == (3, [APPEND, FINISH])
