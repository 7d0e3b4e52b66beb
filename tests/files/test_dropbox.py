"""What only Dropbox has: ids beside paths, documents, older versions."""

import orjson
import pytest

from providers.kit.connection import Connection, Credentials
from providers.kit.dropbox.calls import in_header
from providers.kit.errors import (
    Changed,
    Missing,
    ProtocolBroken,
    Rejected,
    StartOver,
    Transient,
)
from providers.kit.transfers import Upload
from sandbox.dropbox_files import Document
from sandbox.stand_ins import Sandbox
from tests.files.conftest import Remote, remote_named
from tests.sync.storage import TAKE

EXPORT = "/2/files/export"


@pytest.fixture
def dropbox(sandbox: Sandbox) -> Remote:
    return remote_named(sandbox, "dropbox")


def test_arguments_in_a_header() -> None:
    asked = {"path": '/a\x7f\u2028é🎬"\\\n'}
    told = in_header(asked)
    assert told.isascii()
    assert told.isprintable()
    assert orjson.loads(told) == asked


def test_a_file_by_its_id(dropbox: Remote) -> None:
    node = dropbox.sandbox.dropbox.files.at(TAKE)
    by_id, by_path = dropbox.find(node.id), dropbox.find(f"/{TAKE}".upper())
    assert by_id == by_path == dropbox.find(TAKE)
    assert by_id.id == node.id
    dropbox.person.rename(TAKE, "Another name.mp4")
    renamed = dropbox.find(node.id)
    assert (renamed.name, renamed.version) == ("Another name.mp4", by_id.version)
    assert dropbox.read(by_id) == node.content


def test_folders_by_their_ids(dropbox: Remote) -> None:
    folder = dropbox.sandbox.dropbox.files.at("Empty")
    assert dropbox.entries(folder.id) == []
    done = dropbox.send(Upload(name="new.mp4", size=1, mime_type="video/mp4", folder=folder.id), b"x")
    assert done.path == "/Empty/new.mp4"
    assert [entry.name for entry in dropbox.entries(folder.id)] == ["new.mp4"]
    assert [entry.name for entry in dropbox.entries(folder.id, "NEW")] == ["new.mp4"]


def test_a_folder_that_changes_while_somebody_pages(dropbox: Remote) -> None:
    day = dropbox.path_of("Rushes/Day 1")
    listing = dropbox.provider.list_files(dropbox.connection, day, None, None)
    dropbox.person.delete("Rushes/Day 1/Scene 11 take 540.mp4")
    rest = dropbox.provider.list_files(dropbox.connection, day, None, listing.cursor)
    assert len(listing.entries) + len(rest.entries) == 550
    dropbox.sandbox.dropbox.storage.expire_cursors()
    for query in (None, "take"):
        with pytest.raises(StartOver):
            dropbox.provider.list_files(dropbox.connection, day, query, listing.cursor)


# Documents


@pytest.fixture
def document(dropbox: Remote) -> str:
    """The path of one."""
    path = dropbox.case.put(dropbox.sandbox, "Shot list.paper", b"{}")
    node = dropbox.sandbox.dropbox.files.at(f"Empty{path.removeprefix('/Empty')}")
    dropbox.sandbox.dropbox.storage.documents[node.id] = Document("html", b"<h1>Shots \xc3\xa9</h1>")
    return path


def test_a_document_is_exported(dropbox: Remote, document: str) -> None:
    file = dropbox.find(document)
    assert (file.name, file.size, file.resumable, file.checksums) == ("Shot list.html", None, False, {})
    assert dropbox.read(file) == "<h1>Shots é</h1>".encode()
    assert [(entry.name, entry.size) for entry in dropbox.entries("/Empty")] == [("Shot list.paper", None)]


def test_a_document_that_changes(dropbox: Remote, document: str) -> None:
    file = dropbox.find(document)
    dropbox.person.write("Empty/Shot list.paper", b"{ }")
    with pytest.raises(Changed):
        dropbox.read(file)


@pytest.mark.parametrize("told", ["", "no json", "[]", '{"file_metadata":5}'])
def test_an_export_of_nobody_knows_what(dropbox: Remote, document: str, told: str) -> None:
    file = dropbox.find(document)
    dropbox.sandbox.dropbox.fail(EXPORT, body=b"x", headers={"Dropbox-API-Result": told})
    with pytest.raises(ProtocolBroken):
        dropbox.read(file)


def test_a_document_that_is_not_ready(dropbox: Remote, document: str) -> None:
    file = dropbox.find(document)
    body = b'{"error_summary":"retry_error/..","error":{".tag":"retry_error"}}'
    dropbox.sandbox.dropbox.fail(EXPORT, status=409, body=body)
    with pytest.raises(Transient):
        dropbox.read(file)


def test_what_cannot_be_exported(dropbox: Remote, document: str) -> None:
    node = dropbox.sandbox.dropbox.files.at("Empty/Shot list.paper")
    dropbox.sandbox.dropbox.storage.documents[node.id] = Document(None, b"")
    with pytest.raises(Rejected, match="downloaded or exported"):
        dropbox.find(document)


def test_a_file_that_somebody_claims(dropbox: Remote) -> None:
    file = dropbox.find(TAKE)
    dropbox.sandbox.dropbox.storage.claimed.add(file.id)
    with pytest.raises(Rejected, match="claimed rights") as refused:
        dropbox.find(file.path)
    assert not isinstance(refused.value, Missing)
    with pytest.raises(Rejected, match="claimed rights"):
        dropbox.read(file)


def test_a_version_that_dropbox_has_no_more(dropbox: Remote) -> None:
    file = dropbox.find(TAKE)
    dropbox.person.delete(TAKE)
    with pytest.raises(Changed):
        dropbox.read(file)


def test_fewer_bytes_than_there_were(dropbox: Remote) -> None:
    with pytest.raises(Changed):
        dropbox.read(dropbox.find(TAKE), 10_000)


def test_a_token_is_refused_while_reading(dropbox: Remote) -> None:
    file = dropbox.find(TAKE)
    token = dropbox.sandbox.dropbox.oauth.issue(("files.metadata.read",)).access
    other = dropbox.by(Connection(credentials=Credentials(access_token=token)))
    with pytest.raises(Rejected, match="connect again") as refused:
        other.read(file)
    assert refused.value.reason == "missing_scope"
