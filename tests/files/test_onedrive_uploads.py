"""What is particular to writing to OneDrive."""

from collections.abc import Callable

import orjson
import pytest

from providers.kit.errors import Missing, ProtocolBroken, Rejected, StartOver, Transient
from providers.kit.transfers import Session
from providers.onedrive import OneDrive
from sandbox.onedrive_drives import HOST
from sandbox.onedrive_transfers import UPLOAD
from sandbox.stand_ins import Sandbox
from tests.files.conftest import Remote, http_of, tells_nothing
from tests.files.test_onedrive import allowed, upload
from tests.sync.storage import TAKE


@pytest.fixture
def drive(sandbox: Sandbox) -> Remote:
    return allowed(sandbox, "Files.Read", "Files.ReadWrite")


@pytest.mark.parametrize("size", [0, 3, 400_000])
def test_a_drive_that_is_full(drive: Remote, sandbox: Sandbox, size: int) -> None:
    sandbox.microsoft.drive.room_bytes = size - 1
    data = bytes(size)
    with pytest.raises(Rejected, match="is full"):
        drive.send(upload(size=size), data)
    assert drive.entries(None, "new.mp4") == []


def test_a_drive_that_fills_up_meanwhile(drive: Remote, sandbox: Sandbox) -> None:
    session = drive.provider.begin_upload(drive.connection, upload())
    sandbox.microsoft.drive.room_bytes = 0
    with pytest.raises(Rejected, match="is full") as refused:
        drive.send(upload(), b"abc", session)
    assert refused.value.reason == "quotaLimitReached"


def test_what_sharepoint_writes_into(drive: Remote) -> None:
    """Nothing is said of it that could be compared."""
    assert drive.send(upload(), b"abc").size == 3
    done = drive.send(upload("Script.DOCX"), b"abc")
    assert (done.name, done.size, done.checksums) == ("Script.DOCX", None, {})


@pytest.mark.parametrize(
    "name", ["a:b.mp4", 'say "cut".mp4', "a|b", "50%?", "tab\there", " leading", "trailing.", "trailing "]
)
def test_names_that_onedrive_refuses(drive: Remote, name: str) -> None:
    with pytest.raises(Rejected, match=r"[Rr]ename it") as refused:
        drive.send(upload(name), b"abc")
    assert not isinstance(refused.value, Missing)


def test_names_that_differ_in_case(drive: Remote, sandbox: Sandbox) -> None:
    """They are the same name."""
    files = sandbox.microsoft.files
    files.add(files.root, "NEW.mp4", b"mine")
    with pytest.raises(Rejected, match="there already"):
        drive.send(upload(), b"abc")
    assert drive.send(upload(conflict="rename"), b"abc").name == "new (1).mp4"


def test_another_name_that_somebody_takes_meanwhile(drive: Remote, sandbox: Sandbox) -> None:
    files = sandbox.microsoft.files
    files.add(files.root, "new.mp4", b"mine")
    session = drive.provider.begin_upload(drive.connection, upload(conflict="rename"))
    files.add(files.root, "new (1).mp4", b"theirs")
    with pytest.raises(StartOver):
        drive.send(upload(conflict="rename"), b"abc", session)
    assert drive.send(upload(conflict="rename"), b"abc").name == "new (2).mp4"
    assert files.at("new (1).mp4").content == b"theirs"


def test_an_old_file_is_not_taken_for_what_was_sent(drive: Remote, sandbox: Sandbox) -> None:
    files = sandbox.microsoft.files
    files.add(files.root, "new.mp4", b"old").modified_s -= 3600
    session = drive.provider.begin_upload(drive.connection, upload(conflict="replace"))
    sandbox.microsoft.drive.transfers.expire()
    with pytest.raises(StartOver):
        drive.resume(upload(conflict="replace"), session)
    with pytest.raises(StartOver):
        drive.send(upload(conflict="replace"), b"new", session)


@pytest.mark.parametrize("wanted", [["0-"], [], None, ["all"], "0-", [5]])
def test_what_is_said_of_a_chunk(drive: Remote, sandbox: Sandbox, wanted: object) -> None:
    data = bytes(drive.provider.chunk_bytes * 2)
    session = drive.provider.begin_upload(drive.connection, upload(size=len(data)))
    sandbox.microsoft.fail(UPLOAD, status=202, body=orjson.dumps({"nextExpectedRanges": wanted}))
    if wanted == []:
        assert drive.step(upload(size=len(data)), data, session) == Session(token=session.token, offset=len(data))
    else:
        with pytest.raises((Transient, ProtocolBroken)):
            drive.step(upload(size=len(data)), data, session)


def test_the_address_of_an_upload_is_told_to_nobody(drive: Remote, sandbox: Sandbox) -> None:
    session = drive.provider.begin_upload(drive.connection, upload())
    address = orjson.loads(session.token)["url"]
    assert "tempauth" in address
    dead = OneDrive(http_of(sandbox))
    dead.http._overrides[HOST] = "http://127.0.0.1:9"
    acts: list[Callable[[], object]] = [
        lambda: dead.upload_chunk(drive.connection, upload(), session, b"abc"),
        lambda: dead.resume_upload(drive.connection, upload(), session),
        lambda: dead.abandon_upload(drive.connection, session),
        lambda: dead.open_file(drive.connection, drive.find(f"/{TAKE}"), 0),
    ]
    for act in acts:
        with pytest.raises(Transient) as told:
            act()
        tells_nothing(told.value, address, "tempauth", *drive.secrets())
    assert "tempauth" not in repr(session)


@pytest.mark.parametrize("token", ["", "{}", "[]", "null", '{"folder":"a/b"}'])
def test_an_upload_of_somebody_elses(drive: Remote, token: str) -> None:
    with pytest.raises(StartOver):
        drive.provider.resume_upload(drive.connection, upload(), Session(token=token))
