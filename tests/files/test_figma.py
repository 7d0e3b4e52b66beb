"""Figma's files: pages as folders, frames as pictures."""

from typing import Any

import orjson
import pytest

from providers.figma import Figma
from providers.kit.connection import Connection, Credentials
from providers.kit.errors import (
    Changed,
    CredentialsRefused,
    Missing,
    ProtocolBroken,
    ProviderError,
    Rejected,
    StartOver,
    Transient,
)
from providers.kit.figma.calls import Place, read_place
from providers.kit.transfers import Entry, RemoteFile
from sandbox.figma import BOARD, FILE
from sandbox.figma_documents import render
from sandbox.stand_ins import Sandbox
from tests.files.conftest import http_of, tells_nothing

ADDRESS = f"https://www.figma.com/design/{FILE}/Title-cards?node-id=1-2&t=abc"
META, NODES, IMAGES = f"/v1/files/{FILE}/meta", f"/v1/files/{FILE}/nodes", f"/v1/images/{FILE}"
NOBODY = "nobodyKnowsThisKey1234"


class Person:
    """Somebody with a Figma account."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.figma = sandbox.figma
        self.provider = Figma(http_of(sandbox))
        self.token = self.figma.oauth.issue(Figma.manifest.scopes)
        self.connection = Connection(credentials=Credentials(access_token=self.token.access))

    def entries(self, folder: str | None, query: str | None = None) -> tuple[Entry, ...]:
        listing = self.provider.list_files(self.connection, folder, query, None)
        assert listing.cursor is None
        return listing.entries

    def find(self, path: str) -> RemoteFile:
        return self.provider.find_file(self.connection, path)

    def read(self, file: RemoteFile) -> bytes:
        buffer = memoryview(bytearray(1 << 20))
        with self.provider.open_file(self.connection, file, 0) as stream:
            size = 0
            while count := stream.readinto(buffer[size:]):
                size += count
        return bytes(buffer[:size])

    def picture(self, node_id: str, ending: str = "png", scale: str = "2") -> bytes:
        layer = self.figma.documents.layer(FILE, node_id)
        assert layer is not None
        return render(self.figma.files[FILE], layer, ending, scale)


@pytest.fixture
def person(sandbox: Sandbox) -> Person:
    return Person(sandbox)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (FILE, Place(FILE, None, None, False)),
        (f" {FILE}/1:2\n", Place(FILE, "1:2", None, False)),
        (f"{FILE}/1-2?format=svg", Place(FILE, "1:2", "svg", False)),
        (f"{FILE}/I12:3;4:56", Place(FILE, "I12:3;4:56", None, False)),
        (ADDRESS, Place(FILE, "1:2", None, True)),
        (f"figma.com/file/{FILE}", Place(FILE, None, None, True)),
        (f"{ADDRESS}&format=pdf", Place(FILE, "1:2", "pdf", True)),
        (
            f"https://www.figma.com/design/{FILE}/branch/{BOARD}/x?node-id=I1-2%3B3-4",
            Place(BOARD, "I1:2;3:4", None, True),
        ),
        (f"https://www.figma.com/design/{FILE}/x?node-id=../../me", Place(FILE, None, None, True)),
        (f"{FILE}/../../me", None),
        (f"{FILE}/1:2/../..", None),
        ("../../etc/passwd", None),
        (f"https://evil.example/file/{FILE}", None),
        (f"https://www.figma.com.evil.example/file/{FILE}", None),
        ("", None),
    ],
)
def test_what_people_paste(text: str, place: Place | None) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize("folder", [FILE, ADDRESS, f"https://www.figma.com/file/{FILE}"])
def test_the_pages_of_a_file(person: Person, folder: str) -> None:
    pages = person.entries(folder)
    assert [(page.name, page.kind, page.path) for page in pages] == [
        ("Titles", "folder", f"{FILE}/0:1"),
        ("Übergänge", "folder", f"{FILE}/2:1"),
        ("---", "folder", f"{FILE}/3:1"),
    ]
    assert pages[1].url == f"https://www.figma.com/file/{FILE}?node-id=2-1"
    assert len(person.figma.seen) == 1


def test_the_frames_of_a_page(person: Person) -> None:
    frames = person.entries(f"{FILE}/2:1")
    assert [(one.name, one.kind, one.path) for one in frames] == [
        ("Credits 🎬.png", "file", f"{FILE}/2:2"),
        ("Frame.png", "file", f"{FILE}/2:3"),
    ], "a stray line is no frame"
    assert all((one.mime_type, one.size) == ("image/png", None) for one in frames)
    assert frames[0].modified_at is not None
    assert len(person.figma.seen) == 1
    assert person.entries(f"{FILE}/3:1") == ()


def test_a_search(person: Person) -> None:
    assert [one.name for one in person.entries(FILE, "CREDITS")] == ["Credits 🎬.png"]
    assert [one.name for one in person.entries(FILE, "ti")] == ["Titles"]
    assert [one.name for one in person.entries(f"{FILE}/0:1", "icons/")] == ["Icons/Arrow.png"]
    assert person.entries(FILE, "nothing like it") == ()


def test_there_is_no_list_of_files(person: Person) -> None:
    with pytest.raises(Rejected, match="paste the address"):
        person.entries(None)
    with pytest.raises(StartOver):
        person.provider.list_files(person.connection, FILE, None, "a cursor")
    assert not person.figma.seen


@pytest.mark.parametrize("folder", ["", "recent", "../../etc", f"{FILE}/9:9", NOBODY, f"{NOBODY}/0:1", f"{FILE}/1:2"])
def test_folders_that_are_not_there(person: Person, folder: str) -> None:
    with pytest.raises(Missing):
        person.entries(folder)


@pytest.mark.parametrize(
    ("path", "name", "mime_type", "ending", "scale"),
    [
        (f"{FILE}/1:2", "Opening.png", "image/png", "png", "2"),
        (ADDRESS, "Opening.png", "image/png", "png", "2"),
        (f"{FILE}/1-2?format=jpg", "Opening.jpg", "image/jpeg", "jpg", "2"),
        (f"{ADDRESS}&format=svg", "Opening.svg", "image/svg+xml", "svg", "1"),
        (f"{FILE}/1:2?format=pdf", "Opening.pdf", "application/pdf", "pdf", "1"),
    ],
)
def test_a_frame(person: Person, path: str, name: str, mime_type: str, ending: str, scale: str) -> None:
    file = person.find(path)
    assert (file.name, file.mime_type, file.size, file.resumable) == (name, mime_type, None, False)
    assert file.version == "4000"
    assert file.id == file.path == f"{FILE}/1:2" + ("" if ending == "png" else f"?format={ending}")
    assert person.find(file.path) == file
    assert person.read(file) == person.picture("1:2", ending, scale)


def test_the_store_sees_no_token(person: Person) -> None:
    person.read(person.find(f"{FILE}/1:2"))
    picture = person.figma.seen[-1]
    assert picture.path.startswith("/images/")
    assert "authorization" not in picture.headers
    assert person.token.access not in str(picture.headers)


def test_something_deep_inside(person: Person) -> None:
    file = person.find(f"{FILE}/1:20")
    assert file.name == "Logo.png"
    assert person.read(file) == person.picture("1:20")


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("nonsense", Missing, "not the address"),
        ("../../etc/passwd", Missing, "not the address"),
        (FILE, Rejected, "whole Figma file"),
        (f"{FILE}/0:1", Rejected, "a page"),
        (f"{FILE}/0:0", Rejected, "a page"),
        (f"{FILE}/9:9", Missing, "no such thing"),
        (f"{NOBODY}/1:2", Missing, "no such file"),
        (f"{FILE}/1:2?format=exe", Rejected, "no such format"),
    ],
)
def test_what_is_no_frame(person: Person, path: str, error: type[ProviderError], said: str) -> None:
    with pytest.raises(error, match=said):
        person.find(path)


def test_a_file_that_changes(person: Person) -> None:
    file = person.find(f"{FILE}/1:2")
    person.figma.change(FILE, "Title cards")
    with pytest.raises(Changed):
        person.read(file)
    later = person.find(f"{FILE}/1:2")
    assert (later.id, later.version) == (file.id, "4001")
    assert person.read(later) == person.picture("1:2")


def test_a_frame_that_cannot_be_rendered(person: Person) -> None:
    with pytest.raises(Rejected, match="could not render"):
        person.read(person.find(f"{FILE}/1:4"))


def test_the_address_of_a_picture_has_run_out(person: Person) -> None:
    file = person.find(f"{FILE}/1:2")
    body = {"err": None, "images": {"1:2": "https://figma-alpha-api.s3.us-west-2.amazonaws.com/images/gone-secret"}}
    person.figma.fail(IMAGES, body=orjson.dumps(body))
    with pytest.raises(Transient) as refused:
        person.read(file)
    tells_nothing(refused.value, "gone-secret", person.token.access)
    assert person.read(file) == person.picture("1:2")


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:9/x-secret", "http://10.0.0.1/x-secret", "https://localhost/x-secret"]
)
def test_a_picture_that_is_inside(person: Person, url: str) -> None:
    file = person.find(f"{FILE}/1:2")
    person.figma.fail(IMAGES, body=orjson.dumps({"err": None, "images": {"1:2": url}}))
    with pytest.raises(Rejected, match="not allowed") as refused:
        person.read(file)
    tells_nothing(refused.value, "x-secret")


@pytest.mark.parametrize(
    "images",
    [None, [], {}, {"1:3": "https://x.example"}, {"1:2": 5}, {"1:2": ""}, {"1:2": "no address"}, {"1:2": "https://["}],
)
def test_pictures_that_are_none(person: Person, images: Any) -> None:
    file = person.find(f"{FILE}/1:2")
    person.figma.fail(IMAGES, body=orjson.dumps({"err": None, "images": images}))
    with pytest.raises((ProtocolBroken, Rejected)):
        person.read(file)


@pytest.mark.parametrize("path", [META, NODES])
@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"nodes":{"1:2":5}}', b'{"nodes":{"1:2":{"document":[]}}}']
)
def test_answers_of_another_kind(person: Person, path: str, body: bytes) -> None:
    person.figma.fail(path, body=body)
    with pytest.raises((ProtocolBroken, Missing)):
        person.find(f"{FILE}/1:2")


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"document":{"children":5}}', b'{"document":{"children":[5]}}'])
def test_files_of_another_kind(person: Person, body: bytes) -> None:
    person.figma.fail(f"/v1/files/{FILE}", body=body)
    with pytest.raises(ProtocolBroken):
        person.entries(FILE)


@pytest.mark.parametrize("path", [META, NODES, IMAGES])
def test_patience_of_days(person: Person, path: str) -> None:
    file = person.find(f"{FILE}/1:2")
    person.figma.fail(path, status=429, headers={"Retry-After": "172800", "X-Figma-Rate-Limit-Type": "low"})
    with pytest.raises(Transient) as told:
        person.find(file.path) if path != IMAGES else person.read(file)
    assert told.value.retry_after_s == 172_800


def test_a_render_that_takes_too_long(person: Person) -> None:
    file = person.find(f"{FILE}/1:2")
    person.figma.fail(IMAGES, status=400, body=b'{"status":400,"err":"Render timeout, try requesting fewer images"}')
    with pytest.raises(Rejected):
        person.read(file)


def test_permissions(person: Person) -> None:
    file = person.find(f"{FILE}/1:2")
    person.token.scopes = ("file_metadata:read",)
    with pytest.raises(Rejected, match="connect Figma again") as refused:
        person.read(file)
    assert not isinstance(refused.value, Missing)
    person.token.revoked = True
    with pytest.raises(CredentialsRefused):
        person.find(file.path)
