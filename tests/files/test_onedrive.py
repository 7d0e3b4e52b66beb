"""What is particular to OneDrive's files."""

from typing import Any

import orjson
import pytest

from providers.kit.connection import Connection, Credentials
from providers.kit.errors import Changed, Missing, ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.transfers import Upload
from providers.onedrive import OneDrive
from sandbox.onedrive_drives import DRIVE, HOST, LIBRARY
from sandbox.onedrive_transfers import DOWNLOAD, UPLOAD
from sandbox.stand_ins import Sandbox
from tests.files.cases import CASES
from tests.files.conftest import Remote, http_of, tells_nothing
from tests.sync.storage import ODD, TAKE

CASE = next(case for case in CASES if case.slug == "onedrive")


def allowed(sandbox: Sandbox, *scopes: str) -> Remote:
    token = sandbox.microsoft.oauth.issue(scopes).access
    connection = Connection(credentials=Credentials(access_token=token))
    return Remote(CASE, sandbox, OneDrive(http_of(sandbox)), connection)


@pytest.fixture
def drive(sandbox: Sandbox) -> Remote:
    return allowed(sandbox, "Files.Read", "Files.ReadWrite")


@pytest.fixture
def everywhere(sandbox: Sandbox) -> Remote:
    return allowed(sandbox, "Files.Read.All", "Files.ReadWrite.All")


def upload(name: str = "new.mp4", size: int = 3, **changes: Any) -> Upload:
    return Upload(name=name, size=size, mime_type="video/mp4", **changes)


def content_path(sandbox: Sandbox, path: str) -> str:
    return f"/v1.0/drives/{DRIVE}/items/{sandbox.microsoft.files.at(path).id}/content"


@pytest.mark.parametrize("path", [TAKE, ODD])
def test_ways_to_name_a_thing(drive: Remote, sandbox: Sandbox, path: str) -> None:
    node = sandbox.microsoft.files.at(path)
    found = {drive.find(name).id for name in (node.id, f"/{path}", f"{DRIVE}/{node.id}")}
    assert found == {node.id}
    assert drive.read(drive.find(f"/{path}"), 2) == (node.content or b"")[2:]
    folder = node.parent
    assert folder is not None
    listed = [drive.entries(name) for name in (folder.id, folder.path, f"{DRIVE}/{folder.id}")]
    assert listed[0] == listed[1] == listed[2]
    assert drive.entries("/") == drive.entries(None)


@pytest.mark.parametrize(
    "path", ["/no/such", f"{DRIVE}/", f"{DRIVE}/01SANDBOX9", "b!other/01SANDBOX9", "a/b/c", "?x", "#"]
)
def test_names_of_nothing(everywhere: Remote, path: str) -> None:
    for act in (everywhere.find, everywhere.entries):
        with pytest.raises(Missing):
            act(path)


def test_the_token_stays_with_graph(drive: Remote, sandbox: Sandbox) -> None:
    drive.read(drive.find(f"/{TAKE}"))
    data = bytes(drive.provider.chunk_bytes + 1)
    whole = drive.send(upload(size=len(data)), data)
    session = drive.provider.begin_upload(drive.connection, upload("other.mp4"))
    drive.resume(upload("other.mp4"), session)
    drive.provider.abandon_upload(drive.connection, session)
    elsewhere = [seen for seen in sandbox.microsoft.seen if not seen.path.startswith("/v1.0/")]
    assert [seen.path for seen in elsewhere] == [DOWNLOAD, UPLOAD, UPLOAD, UPLOAD, UPLOAD]
    assert not any("authorization" in seen.headers for seen in elsewhere)
    assert whole.size == len(data)
    token = {"Authorization": "Bearer x"}
    assert drive.provider.http.request("OneDrive", "GET", f"{HOST}{DOWNLOAD}", headers=token).status == 401


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("http://sandbox-my.sharepoint.example/x?tempauth=secret", ProtocolBroken),
        ("", ProtocolBroken),
        ("/relative", ProtocolBroken),
        ("https://127.0.0.1:9/x?tempauth=secret", Rejected),
        ("https://169.254.169.254/latest?tempauth=secret", Rejected),
        ("https://localhost/x?tempauth=secret", Rejected),
    ],
)
def test_where_bytes_are_is_checked(drive: Remote, sandbox: Sandbox, where: str, expected: type[ProviderError]) -> None:
    file = drive.find(f"/{TAKE}")
    sandbox.microsoft.fail(content_path(sandbox, TAKE), status=302, headers={"Location": where})
    with pytest.raises(expected) as refused:
        drive.read(file)
    tells_nothing(refused.value, "secret", *drive.secrets())


@pytest.mark.parametrize("status", [200, 404, 401, 403, 500])
def test_no_address_is_given(drive: Remote, sandbox: Sandbox, status: int) -> None:
    file = drive.find(f"/{TAKE}")
    sandbox.microsoft.fail(content_path(sandbox, TAKE), status=status, body=b"<html>")
    with pytest.raises(ProviderError):
        drive.read(file)


def test_an_address_that_ran_out(drive: Remote, sandbox: Sandbox) -> None:
    file = drive.find(f"/{TAKE}")
    sandbox.microsoft.fail(DOWNLOAD, status=401, body=b'{"error":{"code":"unauthenticated"}}')
    with pytest.raises(Transient):
        drive.read(file)
    assert drive.read(file) == sandbox.microsoft.files.at(TAKE).content


def test_another_version_while_it_is_opened(drive: Remote, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    file, look = drive.find(f"/{TAKE}"), drive.provider.look

    def look_late(*given: object) -> object:
        sandbox.microsoft.files.write(sandbox.microsoft.files.at(TAKE), b"written just now")
        return look(*given)

    monkeypatch.setattr(drive.provider, "look", look_late)
    with pytest.raises(Changed):
        drive.read(file)


def test_a_library(everywhere: Remote, sandbox: Sandbox) -> None:
    library = sandbox.microsoft.drive.library
    top = everywhere.entries(f"{LIBRARY}/{library.root.id}")
    assert [entry.name for entry in top] == ["Shared with the team"]
    cuts = everywhere.entries(top[0].path)
    assert {entry.path for entry in cuts} == {
        f"{LIBRARY}/{library.at(f'Shared with the team/cut {n}.mp4').id}" for n in (1, 2, 3)
    }
    assert everywhere.read(everywhere.find(cuts[1].path)) == b"cut 2"
    assert [entry.name for entry in everywhere.entries(f"{LIBRARY}/{library.root.id}", "cut 3")] == ["cut 3.mp4"]
    done = everywhere.send(upload(folder=top[0].path), b"abc")
    assert done.path == f"{LIBRARY}/{library.at('Shared with the team/new.mp4').id}"


def test_what_is_shown_here_and_is_elsewhere(everywhere: Remote, sandbox: Sandbox) -> None:
    api, files = sandbox.microsoft.drive, sandbox.microsoft.files
    shared = api.library.at("Shared with the team")
    folder = api.add_remote(files.at("Empty"), "Team", shared)
    file = api.add_remote(files.at("Empty"), "First cut", api.library.at("Shared with the team/cut 1.mp4"))
    entries = {entry.name: entry for entry in everywhere.entries("/Empty")}
    assert (entries["Team"].kind, entries["Team"].path) == ("folder", f"{LIBRARY}/{shared.id}")
    assert (entries["First cut"].kind, entries["First cut"].size) == ("file", len(b"cut 1"))
    assert len(everywhere.entries(entries["Team"].path)) == len(everywhere.entries(folder.id)) == 3
    for path in (entries["First cut"].path, file.id, "/Empty/First cut"):
        found = everywhere.find(path)
        assert (found.name, everywhere.read(found)) == ("cut 1.mp4", b"cut 1")
    done = everywhere.send(upload(folder="/Empty/Team"), b"abc")
    assert done.path.startswith(f"{LIBRARY}/")


def test_other_drives_need_another_permission(drive: Remote, sandbox: Sandbox) -> None:
    api = sandbox.microsoft.drive
    api.add_remote(sandbox.microsoft.files.at("Empty"), "Team", api.library.at("Shared with the team"))
    (entry,) = drive.entries("/Empty")
    for act in (lambda: drive.entries(entry.path), lambda: drive.send(upload(folder=entry.path), b"abc")):
        with pytest.raises(Rejected, match=r"Files\.Read\.All"):
            act()


def test_reading_alone(sandbox: Sandbox) -> None:
    drive = allowed(sandbox, "Files.Read")
    assert drive.find(f"/{TAKE}").name == TAKE.rpartition("/")[2]
    with pytest.raises(Rejected) as refused:
        drive.send(upload(), b"abc")
    assert refused.value.reason == "accessDenied"


def test_a_notebook(drive: Remote, sandbox: Sandbox) -> None:
    notes = sandbox.microsoft.drive.add_package(sandbox.microsoft.files.at("Empty"), "Notes")
    assert [(entry.name, entry.kind) for entry in drive.entries("/Empty")] == [("Notes", "file")]
    with pytest.raises(Rejected, match="notebook"):
        drive.find(notes.id)


def test_malware(drive: Remote, sandbox: Sandbox) -> None:
    file = drive.find(f"/{TAKE}")
    sandbox.microsoft.drive.infected.add(file.id)
    for act in (lambda: drive.find(f"/{TAKE}"), lambda: drive.read(file)):
        with pytest.raises(Rejected, match="malware"):
            act()


def test_a_file_without_a_checksum(drive: Remote, sandbox: Sandbox) -> None:
    """Some personal accounts give others, or none."""
    node = sandbox.microsoft.files.at(TAKE)
    where = {"driveId": DRIVE}
    told = {"id": node.id, "name": "a.mp4", "size": 5, "cTag": "c", "parentReference": where}
    for facet, expected in (
        ({}, {}),
        ({"hashes": None}, {}),
        ({"hashes": {"sha1Hash": "AB12", "sha256Hash": "CD", "crc32Hash": "1"}}, {"sha1": "ab12", "sha256": "cd"}),
    ):
        body = orjson.dumps(told | {"file": facet})
        sandbox.microsoft.fail(f"/v1.0/drives/{DRIVE}/items/{node.id}", body=body)
        assert drive.find(f"{DRIVE}/{node.id}").checksums == expected


def test_a_next_page_that_leads_elsewhere(drive: Remote, sandbox: Sandbox) -> None:
    body = orjson.dumps({"value": [], "@odata.nextLink": "https://graph.microsoft.com.evil.example/v1.0/me/drive/x"})
    sandbox.microsoft.fail("/v1.0/me/drive/root/children", body=body)
    with pytest.raises(ProtocolBroken):
        drive.entries(None)


@pytest.mark.parametrize(
    "cursor", ["", "/me/messages", "@evil.example/", "https://evil.example/me/drive/", "me/drive/x"]
)
def test_a_cursor_of_somebody_elses(drive: Remote, sandbox: Sandbox, cursor: str) -> None:
    with pytest.raises(StartOver):
        drive.provider.list_files(drive.connection, None, None, cursor)
    assert sandbox.microsoft.seen == []
