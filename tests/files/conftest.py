"""A provider on its own, without the service, whose peer the sandbox plays."""

from dataclasses import dataclass
from typing import Any

import pytest

from providers.kit.base import Provider
from providers.kit.connection import Connection
from providers.kit.egress import EgressGuard
from providers.kit.errors import ProviderError
from providers.kit.http import HttpClient
from providers.kit.transfers import Entry, Listing, ReadsFiles, RemoteFile, Session, Upload, Uploaded, WritesFiles
from sandbox.stand_ins import Sandbox
from tests.files.cases import CASES, Case
from tests.sync.storage import Person


@dataclass
class Remote:
    """A connected provider."""

    case: Case
    sandbox: Sandbox
    provider: Any
    connection: Connection

    @property
    def person(self) -> Person:
        return self.case.person(self.sandbox)

    def again(self) -> "Remote":
        """As another process has it."""
        return Remote(self.case, self.sandbox, self.case.provider(http_of(self.sandbox)), self.connection)

    def by(self, connection: Connection) -> "Remote":
        return Remote(self.case, self.sandbox, self.provider, connection)

    def fail(self, request: tuple[str, str], **fault: Any) -> None:
        method, path = request
        self.case.stand_in(self.sandbox).fail(path, method=method, **fault)

    def path_of(self, path: str) -> str:
        return self.case.path_of(self.sandbox, path)

    # Reading

    def pages(self, folder: str | None, query: str | None = None) -> list[tuple[Entry, ...]]:
        """What listFiles shows of a folder."""
        pages: list[tuple[Entry, ...]] = []
        cursor: str | None = None
        while True:
            listing: Listing = self.provider.list_files(self.connection, folder, query, cursor)
            pages.append(listing.entries)
            cursor = listing.cursor
            if cursor is None:
                return pages

    def entries(self, folder: str | None, query: str | None = None) -> list[Entry]:
        return [entry for page in self.pages(folder, query) for entry in page]

    def find(self, path: str) -> RemoteFile:
        """By what listFiles shows."""
        found: RemoteFile = self.provider.find_file(self.connection, path)
        return found

    def read(self, file: RemoteFile, offset: int = 0) -> bytes:
        """With a buffer that no size is a multiple of."""
        content, buffer = bytearray(), memoryview(bytearray(10_007))
        with self.provider.open_file(self.connection, file, offset) as stream:
            while count := stream.readinto(buffer):
                content += buffer[:count]
        return bytes(content)

    # Writing

    def chunks(self, upload: Upload, content: bytes) -> list[bytes]:
        size = self.provider.chunk_size(upload)
        return [content[at : at + size] for at in range(0, len(content), size)] or [b""]

    def send(self, upload: Upload, content: bytes, session: Session | None = None) -> Uploaded:
        """All of it, or what is left."""
        session = self.provider.begin_upload(self.connection, upload) if session is None else session
        while True:
            step = self.step(upload, content, session)
            if isinstance(step, Uploaded):
                return step
            assert step.offset > session.offset
            session = step

    def step(self, upload: Upload, content: bytes, session: Session) -> Session | Uploaded:
        """One chunk."""
        size = self.provider.chunk_size(upload)
        chunk = memoryview(content)[session.offset : session.offset + size]
        done: Session | Uploaded = self.provider.upload_chunk(self.connection, upload, session, chunk)
        return done

    def go_on(self, upload: Upload, content: bytes, session: Session) -> Session:
        """One chunk, which is not the last."""
        after = self.step(upload, content, session)
        assert isinstance(after, Session)
        return after

    def resume(self, upload: Upload, session: Session) -> Session:
        """In another process, which knows what was kept."""
        other = self.again()
        resumed: Session = other.provider.resume_upload(
            other.connection, upload, Session(token=session.token, offset=session.offset)
        )
        return resumed

    # Trouble

    def secrets(self) -> list[str]:
        credentials = self.connection.credentials
        return [one for one in (credentials.access_token, *credentials.secrets.values()) if one]


def http_of(sandbox: Sandbox) -> HttpClient:
    return HttpClient(EgressGuard(), sandbox.hosting.origins, sleep=lambda _: None)


def tells_nothing(error: ProviderError, *secrets: str) -> None:
    """Neither the error nor what caused it holds a secret."""
    one: BaseException | None = error
    while one is not None:
        for secret in secrets:
            assert secret not in f"{one} {one!r} {vars(one)}"
        one = one.__cause__


def remote_named(sandbox: Sandbox, slug: str) -> Remote:
    return _remote(next(case for case in CASES if case.slug == slug), sandbox)


def _remote(case: Case, sandbox: Sandbox) -> Remote:
    provider: Provider = case.provider(http_of(sandbox))
    return Remote(case, sandbox, provider, case.connect(sandbox))


@pytest.fixture(params=[case for case in CASES if issubclass(case.provider, ReadsFiles)], ids=lambda case: case.slug)
def remote(request: pytest.FixtureRequest, sandbox: Sandbox) -> Remote:
    """Each provider in turn."""
    return _remote(request.param, sandbox)


@pytest.fixture(params=[case for case in CASES if issubclass(case.provider, WritesFiles)], ids=lambda case: case.slug)
def target(request: pytest.FixtureRequest, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """Each provider that takes files in turn, in small chunks."""
    case: Case = request.param
    monkeypatch.setattr(case.provider, "chunk_bytes", case.chunk_bytes)
    return _remote(case, sandbox)
