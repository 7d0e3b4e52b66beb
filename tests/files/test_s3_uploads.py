"""Writing to S3: in parts, at once, and where others write at the same time."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from providers.kit.errors import AlreadyThere, StartOver, Transient
from providers.kit.transfers import Session, Upload
from providers.s3 import S3
from sandbox.s3 import BUCKET
from sandbox.stand_ins import Sandbox
from tests.files.cases import MIB
from tests.files.conftest import Remote, remote_named

NEW = f"/{BUCKET}/new.mp4"


@pytest.fixture
def s3(sandbox: Sandbox) -> Remote:
    return remote_named(sandbox, "s3")


def upload_of(size: int, **changes: Any) -> Upload:
    return replace(Upload(name="new.mp4", size=size, mime_type="video/mp4"), **changes)


def test_how_long_parts_are(s3: Remote) -> None:
    provider = s3.provider
    for size in (0, 1, 8 * MIB, 80_000 * MIB, 80_000 * MIB + 1, 5 * 1024**4):
        chunk = provider.chunk_size(upload_of(size))
        assert math.ceil(size / chunk) <= 10_000
        assert chunk % MIB == 0
        assert chunk == 8 * MIB if size <= 80_000 * MIB else chunk < 600 * MIB


def test_completing_fails_within_a_success(s3: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(S3, "chunk_bytes", 5 * MIB)
    data = bytes(6 * MIB)
    upload = upload_of(len(data))
    session = s3.provider.begin_upload(s3.connection, upload)
    body = b'<?xml version="1.0"?>\n   <Error><Code>InternalError</Code><Message>Try again</Message></Error>'
    s3.sandbox.s3.fail(NEW, method="POST", body=body)
    with pytest.raises(Transient):
        s3.send(upload, data, session)
    assert s3.send(upload, data, s3.resume(upload, session)).size == len(data)


@pytest.mark.parametrize("size", [6 * MIB, 3])
@pytest.mark.parametrize("there", [True, False])
def test_a_service_without_conditions(s3: Remote, monkeypatch: pytest.MonkeyPatch, size: int, there: bool) -> None:
    monkeypatch.setattr(S3, "chunk_bytes", 5 * MIB)
    upload = upload_of(size)
    session = s3.provider.begin_upload(s3.connection, upload)
    if there:
        s3.person.add("new.mp4", b"theirs")
    body = b"<Error><Code>NotImplemented</Code><Message>A header is not implemented</Message></Error>"
    s3.sandbox.s3.fail(NEW, method="POST" if size > 3 else "PUT", status=501, body=body)
    if there:
        with pytest.raises(AlreadyThere):
            s3.send(upload, bytes(size), session)
        assert s3.case.content(s3.sandbox, "new.mp4") == b"theirs"
    else:
        assert s3.send(upload, bytes(size), session).name == "new.mp4"
    assert s3.case.unfinished(s3.sandbox) == 0


def test_something_else_happened_meanwhile(s3: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(S3, "chunk_bytes", 5 * MIB)
    upload = upload_of(6 * MIB)
    body = b"<Error><Code>ConditionalRequestConflict</Code></Error>"
    session = s3.provider.begin_upload(s3.connection, upload)
    s3.sandbox.s3.fail(NEW, method="POST", status=409, body=body)
    with pytest.raises(StartOver):
        s3.send(upload, bytes(6 * MIB), session)
    s3.sandbox.s3.fail(NEW, method="PUT", status=409, body=body)
    with pytest.raises(Transient):
        s3.send(upload_of(1), b"x")


def test_a_name_that_is_taken_while_parts_come(s3: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(S3, "chunk_bytes", 5 * MIB)
    data = bytes(6 * MIB)
    upload = upload_of(len(data), conflict="rename")
    session = s3.provider.begin_upload(s3.connection, upload)
    s3.person.add("new.mp4", b"theirs")
    with pytest.raises(StartOver):
        s3.send(upload, data, session)
    assert s3.send(upload, data).name == "new (1).mp4"
    assert s3.case.content(s3.sandbox, "new.mp4") == b"theirs"
    assert s3.case.unfinished(s3.sandbox) == 0


def test_parts_that_are_missing(s3: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(S3, "chunk_bytes", 5 * MIB)
    data = bytes(11 * MIB)
    upload = upload_of(len(data))
    session = s3.provider.begin_upload(s3.connection, upload)
    ahead = Session(token=session.token, offset=10 * MIB)
    with pytest.raises(StartOver):
        s3.step(upload, data, ahead)
    ahead = Session(token=session.token, offset=5 * MIB)
    s3.step(upload, data, ahead)
    assert s3.resume(upload, ahead).offset == 0, "there is no first part"


def test_an_object_says_what_it_is(s3: Remote) -> None:
    s3.send(upload_of(1), b"x")
    found = s3.provider.clients.of(s3.connection).head_object(Bucket=BUCKET, Key="new.mp4")
    assert found["ContentType"] == "video/mp4"
    assert set(found["Metadata"]) == {"koko-upload"}


@pytest.mark.parametrize("token", ["", "{}", "[]", "null", "5", '{"key":"x"}'])
def test_a_session_of_another_kind(s3: Remote, token: str) -> None:
    with pytest.raises(StartOver):
        s3.resume(upload_of(1), Session(token=token))
    with pytest.raises(StartOver):
        s3.step(upload_of(1), b"x", Session(token=token))


def test_a_session_holds_no_key(s3: Remote) -> None:
    session = s3.provider.begin_upload(s3.connection, upload_of(20 * MIB))
    assert set(json.loads(session.token)) == {"key", "mark", "upload_id"}
    s3.provider.abandon_upload(s3.connection, session)
