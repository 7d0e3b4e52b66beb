"""What is particular to Google Drive's files."""

from collections.abc import Callable
from typing import Any

import pytest

from providers.google_drive import GoogleDrive
from providers.kit.connection import Connection, Credentials
from providers.kit.errors import AlreadyThere, Changed, Missing, ProtocolBroken, Rejected, StartOver, Transient
from providers.kit.google_drive.files import EXPORTS, SHARED_WITH_ME
from providers.kit.transfers import Session, Upload
from sandbox.drive_trees import READS, SHARED_DRIVE, WRITES
from sandbox.stand_ins import Sandbox
from tests.files.cases import CASES
from tests.files.conftest import Remote, http_of, tells_nothing
from tests.sync.storage import TAKE

CASE = next(case for case in CASES if case.slug == "google_drive")
UPLOADS = "/upload/drive/v3/files"
FORBIDDEN = '{"error":{"code":403,"message":"No","errors":[{"domain":"global","reason":"%s"}]}}'


def allowed(sandbox: Sandbox, *scopes: str) -> Remote:
    token = sandbox.google.oauth.issue(scopes).access
    connection = Connection(credentials=Credentials(access_token=token))
    return Remote(CASE, sandbox, GoogleDrive(http_of(sandbox)), connection)


@pytest.fixture
def drive(sandbox: Sandbox) -> Remote:
    return allowed(sandbox, READS, WRITES)


def upload(name: str = "new.mp4", size: int = 3, **changes: Any) -> Upload:
    return Upload(name=name, size=size, mime_type="video/mp4", **changes)


def test_a_shared_drive(drive: Remote) -> None:
    top = {entry.name: entry for entry in drive.entries(None)}
    assert (top["Shared drive"].path, top["Shared drive"].kind) == (SHARED_DRIVE, "folder")
    (dailies,) = drive.entries(SHARED_DRIVE)
    files = {entry.name: entry for entry in drive.entries(dailies.path)}
    assert len(files) == 5
    assert drive.read(drive.find(files["daily 3.mp4"].path)) == b"daily 3"
    assert [entry.name for entry in drive.entries(SHARED_DRIVE, "daily 4")] == ["daily 4.mp4"], "all of it"
    assert [entry.name for entry in drive.entries(None, "daily 4")] == ["daily 4.mp4"]


def test_what_others_have_shared(drive: Remote, sandbox: Sandbox) -> None:
    theirs = sandbox.google.drive.theirs
    folder = theirs.add_folder(theirs.root, "From a client")
    theirs.add(folder, "cut.mp4", b"their cut")
    theirs.add(theirs.root, "single.mp4", b"single")
    top = {entry.name: entry for entry in drive.entries(None)}
    assert top["Shared with me"].path == SHARED_WITH_ME
    shared = {entry.name: entry for entry in drive.entries(SHARED_WITH_ME)}
    assert {name: entry.kind for name, entry in shared.items()} == {"From a client": "folder", "single.mp4": "file"}
    (cut,) = drive.entries(shared["From a client"].path)
    assert drive.read(drive.find(cut.path)) == b"their cut"
    assert [entry.name for entry in drive.entries(SHARED_WITH_ME, "single")] == ["single.mp4"]


def test_shortcuts(drive: Remote, sandbox: Sandbox) -> None:
    api, files = sandbox.google.drive, sandbox.google.files
    take = files.at(TAKE)
    to_file = api.add_shortcut(files.at("Empty"), "best take", take)
    to_folder = api.add_shortcut(files.at("Empty"), "sound", files.at("Rushes/Day 1/Sound"))
    entries = {entry.name: entry for entry in drive.entries(files.at("Empty").id)}
    assert (entries["best take"].path, entries["best take"].kind) == (take.id, "file")
    assert (entries["sound"].path, entries["sound"].kind) == (files.at("Rushes/Day 1/Sound").id, "folder")
    file = drive.find(to_file.id)
    assert (file.id, file.name, drive.read(file)) == (take.id, take.name, take.content)
    assert len(drive.entries(to_folder.id)) == 40
    files.delete(take)
    with pytest.raises((Missing, ProtocolBroken)):
        drive.find(to_file.id)
    # One that leads nowhere is left out, and harms no other.
    assert [entry.name for entry in drive.entries(files.at("Empty").id)] == ["sound"]


@pytest.mark.parametrize(
    ("kind", "ending"), [("document", "docx"), ("spreadsheet", "xlsx"), ("presentation", "pptx"), ("drawing", "png")]
)
def test_googles_own_documents(drive: Remote, sandbox: Sandbox, kind: str, ending: str) -> None:
    files, content = sandbox.google.files, b"exported" * 50_000
    node = sandbox.google.drive.add_document(files.at("Empty"), "Shot list", kind, content)
    (entry,) = drive.entries(files.at("Empty").id)
    assert (entry.name, entry.kind, entry.size) == ("Shot list", "file", None)
    file = drive.find(node.id)
    assert (file.name, file.size, file.resumable) == (f"Shot list.{ending}", None, False)
    assert file.mime_type == EXPORTS[f"application/vnd.google-apps.{kind}"].mime_type
    assert file.checksums == {}
    assert drive.read(file) == content
    files.rename(node, f"Shot list.{ending.upper()}")
    assert drive.find(node.id).name == f"Shot list.{ending.upper()}"
    sandbox.clock.ahead_s += 60
    files.write(node, b"another text")
    with pytest.raises(Changed):
        drive.read(file)
    assert drive.read(drive.find(node.id)) == b"another text"


def test_an_export_that_breaks_off(drive: Remote, sandbox: Sandbox) -> None:
    node = sandbox.google.drive.add_document(sandbox.google.files.root, "Long", "document", b"text")
    file = drive.find(node.id)
    sandbox.google.fail(f"/drive/v3/files/{node.id}/export", body=b"te", headers={"Content-Length": "4"})
    with pytest.raises(Transient):
        drive.read(file)


def test_an_export_that_is_too_large(drive: Remote, sandbox: Sandbox) -> None:
    node = sandbox.google.drive.add_document(sandbox.google.files.root, "Huge", "document", bytes(10 * 1024 * 1024 + 1))
    with pytest.raises(Rejected, match="10 MB") as refused:
        drive.read(drive.find(node.id))
    assert refused.value.reason == "exportSizeLimitExceeded"


@pytest.mark.parametrize("kind", ["form", "site", "map", "jam", "script"])
def test_what_google_does_not_export(drive: Remote, sandbox: Sandbox, kind: str) -> None:
    node = sandbox.google.drive.add_document(sandbox.google.files.at("Empty"), "Questions", kind, b"")
    assert [entry.name for entry in drive.entries(sandbox.google.files.at("Empty").id)] == ["Questions"]
    with pytest.raises(Rejected, match=f"cannot export \\({kind}\\)"):
        drive.find(node.id)


def test_what_may_not_be_downloaded(drive: Remote, sandbox: Sandbox) -> None:
    node = sandbox.google.files.at(TAKE)
    file = drive.find(node.id)
    sandbox.google.drive.undownloadable.add(node.id)
    for act in (lambda: drive.find(node.id), lambda: drive.read(file)):
        with pytest.raises(Rejected, match="ask its owner"):
            act()
    sandbox.google.drive.undownloadable.clear()
    sandbox.google.drive.abusive.add(node.id)
    with pytest.raises(Rejected, match="malware or spam"):
        drive.read(drive.find(node.id))


def test_what_is_in_the_bin(drive: Remote, sandbox: Sandbox) -> None:
    files = sandbox.google.files
    node, folder = files.at(TAKE), files.at("Rushes/Day 2")
    files.trash(node)
    files.trash(folder)
    for act in (lambda: drive.find(node.id), lambda: drive.entries(folder.id)):
        with pytest.raises(Missing, match="in the bin"):
            act()
    assert node.name not in {entry.name for entry in drive.entries(files.at("Rushes/Day 1").id)}


def test_another_version_while_it_is_opened(drive: Remote, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    node = sandbox.google.files.at(TAKE)
    file, look = drive.find(node.id), drive.provider.get_file

    def look_late(*given: object) -> object:
        sandbox.google.files.write(node, b"written just now")
        return look(*given)

    monkeypatch.setattr(drive.provider, "get_file", look_late)
    with pytest.raises(Changed):
        drive.read(file)


@pytest.mark.parametrize("reason", ["userRateLimitExceeded", "rateLimitExceeded"])
def test_googles_way_to_ask_for_patience(drive: Remote, sandbox: Sandbox, reason: str) -> None:
    file = drive.find(sandbox.google.files.at(TAKE).id)
    sandbox.google.fail(f"/drive/v3/files/{file.id}", status=403, body=(FORBIDDEN % reason).encode(), times=2)
    for act in (lambda: drive.read(file), lambda: drive.find(file.id)):
        with pytest.raises(Transient) as told:
            act()
        assert told.value.reason == "rate_limited"


def test_without_the_permission_to_read(sandbox: Sandbox) -> None:
    """What Koko has made itself can be seen, and the top written to."""
    drive = allowed(sandbox, WRITES)
    assert drive.entries("root") == []
    done = drive.send(upload(), b"abc")
    assert [entry.path for entry in drive.entries("root")] == [done.path]
    with pytest.raises(AlreadyThere):
        drive.send(upload(), b"abc")
    with pytest.raises(Missing):
        drive.send(upload(folder=sandbox.google.files.at("Empty").id), b"abc")
    with pytest.raises(Missing):
        drive.find(sandbox.google.files.at(TAKE).id)


def test_without_the_permission_to_write(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected, match="connect again"):
        allowed(sandbox, READS).send(upload(), b"abc")


@pytest.mark.parametrize("folder", ["Empty", "Rushes"])
def test_a_folder_that_koko_has_not_made(drive: Remote, sandbox: Sandbox, folder: str) -> None:
    with pytest.raises(Rejected, match="leave folderId out"):
        drive.send(upload(folder=sandbox.google.files.at(folder).id), b"abc")


def test_a_file_that_koko_has_not_made_is_not_replaced(drive: Remote, sandbox: Sandbox) -> None:
    mine = sandbox.google.files.add(sandbox.google.files.root, "new.mp4", b"mine")
    with pytest.raises(Rejected, match="has not made new"):
        drive.send(upload(conflict="replace"), b"abc")
    assert mine.content == b"mine"


def test_a_folder_of_that_name_is_no_file(drive: Remote, sandbox: Sandbox) -> None:
    sandbox.google.files.add_folder(sandbox.google.files.root, "new.mp4")
    assert drive.send(upload(), b"abc").name == "new.mp4"


def test_names_that_differ_in_case(drive: Remote, sandbox: Sandbox) -> None:
    sandbox.google.files.add(sandbox.google.files.root, "NEW.mp4", b"mine")
    assert drive.send(upload(), b"abc").name == "new.mp4"


def test_into_a_shared_drive(drive: Remote, sandbox: Sandbox) -> None:
    shared = sandbox.google.drive.shared
    sandbox.google.drive.grant(shared.at("Dailies"))
    done = drive.send(upload(folder=shared.at("Dailies").id), b"abc")
    assert shared.by_id[done.path].content == b"abc"
    with pytest.raises(AlreadyThere):
        drive.send(upload(folder=shared.at("Dailies").id), b"abc")


def test_a_drive_that_is_full(drive: Remote, sandbox: Sandbox) -> None:
    sandbox.google.drive.full = True
    with pytest.raises(Rejected, match="is full"):
        drive.send(upload(), b"abc")


def test_the_token_stays_with_the_api(drive: Remote, sandbox: Sandbox) -> None:
    session = drive.provider.begin_upload(drive.connection, upload())
    drive.send(upload(), b"abc", session)
    drive.provider.abandon_upload(drive.connection, session)
    sent = [seen for seen in sandbox.google.seen if seen.path == UPLOADS and seen.method != "POST"]
    assert len(sent) == 2
    assert not any("authorization" in seen.headers for seen in sent)


@pytest.mark.parametrize(
    "where", ["", "http://www.googleapis.com/upload?upload_id=1", "https://evil.example/?upload_id=1"]
)
def test_an_address_that_is_not_googles(drive: Remote, sandbox: Sandbox, where: str) -> None:
    sandbox.google.fail(UPLOADS, method="POST", headers={"Location": where})
    with pytest.raises(ProtocolBroken):
        drive.send(upload(), b"abc")


@pytest.mark.parametrize("kept", [{}, {"Range": "bytes=0-9"}, {"Range": "bytes=5-9"}, {"Range": "all of it"}])
def test_a_chunk_that_is_not_kept(drive: Remote, sandbox: Sandbox, kept: dict[str, str]) -> None:
    data = bytes(drive.provider.chunk_bytes + 1)
    session = drive.provider.begin_upload(drive.connection, upload(size=len(data)))
    step = drive.step(upload(size=len(data)), data, session)
    assert isinstance(step, Session)
    sandbox.google.fail(UPLOADS, method="PUT", status=308, headers=kept)
    with pytest.raises((Transient, ProtocolBroken)):
        drive.step(upload(size=len(data)), data, step)


@pytest.mark.parametrize("status", [400, 416])
def test_a_last_chunk_that_is_not_wanted_again(drive: Remote, sandbox: Sandbox, status: int) -> None:
    session = drive.provider.begin_upload(drive.connection, upload())
    sandbox.google.fail(UPLOADS, method="PUT", status=500, truthful=True)
    with pytest.raises(Transient):
        drive.send(upload(), b"abc", session)
    sandbox.google.fail(UPLOADS, method="PUT", status=status, body=b"no more of this")
    assert drive.send(upload(), b"abc", session).size == 3


def test_the_address_of_an_upload_is_told_to_nobody(drive: Remote, sandbox: Sandbox) -> None:
    session = drive.provider.begin_upload(drive.connection, upload())
    dead = GoogleDrive(http_of(sandbox))
    dead.http._overrides["https://www.googleapis.com"] = "http://127.0.0.1:9"
    acts: list[Callable[[], object]] = [
        lambda: dead.upload_chunk(drive.connection, upload(), session, b"abc"),
        lambda: dead.resume_upload(drive.connection, upload(), session),
        lambda: dead.abandon_upload(drive.connection, session),
    ]
    for act in acts:
        with pytest.raises(Transient) as told:
            act()
        tells_nothing(told.value, session.token, session.token.rpartition("=")[2], *drive.secrets())
    assert session.token not in repr(session)


@pytest.mark.parametrize("cursor", ["", "{}", "[]", "null", '{"page":5}', '{"page":"x","folder":{}}', '{"other":"x"}'])
def test_a_cursor_of_somebody_elses(drive: Remote, cursor: str) -> None:
    with pytest.raises(StartOver):
        drive.provider.list_files(drive.connection, None, None, cursor)


def test_a_page_that_is_no_more(drive: Remote, sandbox: Sandbox) -> None:
    folder = sandbox.google.files.at("Rushes/Day 1").id
    cursor = drive.provider.list_files(drive.connection, folder, None, None).cursor
    sandbox.google.drive.expire_tokens()
    with pytest.raises(StartOver):
        drive.provider.list_files(drive.connection, folder, None, cursor)
