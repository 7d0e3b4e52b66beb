"""What importing and exporting move: entries of folders, files with their versions and checksums, uploads in chunks."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from providers.kit.base import Proves
from providers.kit.connection import Connection
from providers.kit.http import DEADLINE_S
from providers.kit.streams import Stream

Algorithm = Literal["md5", "sha1", "sha256", "quickxor", "dropbox"]
"""How a provider sums up a file's content. `quickxor` is OneDrive's, base64; `dropbox` is Dropbox's content hash; both
as kit/checksums.py computes them. All but quickxor are lower-case hexadecimal."""

EntryKind = Literal["file", "folder"]
Conflict = Literal["fail", "replace", "rename"]
"""What an upload does where a file of that name is there already."""
SLOWEST_UPLOAD_BYTES_PER_S = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What a folder shows. `path` is what integration.importAssets takes as externalPath, or integration.listFiles as
    folderId. `size` is in bytes, `modified_at` epoch milliseconds."""

    path: str
    name: str
    kind: EntryKind
    size: int | None = None
    mime_type: str | None = None
    modified_at: int | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """One page of a folder or of a search. `cursor` leads to the next, None on the last."""

    entries: tuple[Entry, ...]
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """A file as it is now: the same `id` and `version` are the same bytes.

    `name` is how it is to be called in Koko, with the ending that its bytes have: what is exported from a native
    document has the export's. `size` is None where it is only known once the bytes have come. Reading may begin at any
    byte where it is `resumable`. `source` is for the provider itself: what it needs to open the file.
    """

    path: str
    id: str
    name: str
    version: str
    size: int | None = None
    mime_type: str | None = None
    checksums: Mapping[Algorithm, str] = field(default_factory=dict)
    resumable: bool = True
    source: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that is to be written into `folder` (None: the top, or the connection's own prefix). `size` in bytes."""

    name: str
    size: int
    mime_type: str
    folder: str | None = None
    conflict: Conflict = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """What has been written."""

    path: str
    name: str
    size: int | None = None
    url: str | None = None
    checksums: Mapping[Algorithm, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """An upload on its way. `token` is the provider's own, kept sealed between chunks: it may be a credential.
    `offset` is the byte that the provider wants next."""

    token: str = field(repr=False)
    offset: int = 0


def upload_deadline_s(size: int) -> float:
    """How long sending so many bytes may take."""
    return DEADLINE_S + size / SLOWEST_UPLOAD_BYTES_PER_S


class ReadsFiles(Proves):
    """Has files that can be browsed and imported."""

    @abstractmethod
    def list_files(self, connection: Connection, folder: str | None, query: str | None, cursor: str | None) -> Listing:
        """One page of a folder (None: the top), or of a search for `query` in it and below, where the provider can.

        Raises Missing for a folder that is not there, Rejected where searching is not possible.
        """

    @abstractmethod
    def find_file(self, connection: Connection, path: str) -> RemoteFile:
        """The file as it is now. Raises Missing; Rejected for what is no file, such as a folder."""

    @abstractmethod
    def open_file(self, connection: Connection, file: RemoteFile, offset: int) -> Stream:
        """The bytes of that version from `offset` on. Raises Changed when it is another version by now, Missing, or
        any other ProviderError. The caller closes the stream."""


class WritesFiles(Proves):
    """Takes files, in chunks.

    Chunks are as long as `chunk_size` says, the last one shorter; a file of no bytes is one chunk of none.
    """

    chunk_bytes: ClassVar[int] = 8 * 1024 * 1024

    def chunk_size(self, upload: Upload) -> int:
        """In bytes, the same for all of an upload; more than `chunk_bytes` where only so many chunks are allowed."""
        return self.chunk_bytes

    @abstractmethod
    def begin_upload(self, connection: Connection, upload: Upload) -> Session:
        """Opens an upload. Raises AlreadyThere, where the provider can tell now, and Missing for the folder."""

    @abstractmethod
    def resume_upload(self, connection: Connection, upload: Upload, session: Session) -> Session:
        """How far an upload has come, after a crash. Raises StartOver when it is gone: begin again."""

    @abstractmethod
    def upload_chunk(
        self, connection: Connection, upload: Upload, session: Session, chunk: bytes | memoryview
    ) -> Session | Uploaded:
        """Sends the chunk at the session's offset; with the last one the file is there. Sending a chunk again that has
        arrived is harmless. Raises AlreadyThere, StartOver or any other ProviderError."""

    @abstractmethod
    def abandon_upload(self, connection: Connection, session: Session) -> None:
        """Gives back what an unfinished upload holds; one that is gone already is fine."""
