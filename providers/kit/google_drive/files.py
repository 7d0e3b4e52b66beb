"""Browsing and reading Google Drive.

Source: developers.google.com/workspace/drive/api/guides/{search-files,manage-downloads,ref-export-formats,shortcuts}.

Downloads take no condition, and revisions are shown to editors alone. A file is therefore opened first and looked at
then: what is still the version that was asked for was that when its bytes began.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson

from providers.kit.connection import Connection
from providers.kit.errors import Changed, Missing, ProtocolBroken, Rejected, StartOver
from providers.kit.google_drive.api import (
    ALL_DRIVES,
    API,
    FOLDER,
    KEPT,
    NAME,
    OWN_KINDS,
    SHORTCUT,
    DriveApi,
    checksums_of,
    is_allowed,
    quoted,
    refusal,
    require_list,
    size_of,
    target_of,
)
from providers.kit.paths import segment
from providers.kit.ranges import begins_at, from_byte
from providers.kit.streams import Stream
from providers.kit.timestamps import parse_ms
from providers.kit.transfers import Entry, Listing, ReadsFiles, RemoteFile

SHARED_WITH_ME = "sharedWithMe"
"""In place of a folder: what others have shared with the account, which is in no folder of its own."""
ENTRY = "id,name,mimeType,size,modifiedTime,webViewLink,shortcutDetails(targetId,targetMimeType)"
VERSION = "headRevisionId,md5Checksum,modifiedTime"
FILE = f"id,size,sha1Checksum,sha256Checksum,{VERSION},capabilities(canDownload)"
PAGE = "200"
OFFICE = "application/vnd.openxmlformats-officedocument"


class Export(NamedTuple):
    mime_type: str
    ending: str


EXPORTS = {
    f"{OWN_KINDS}document": Export(f"{OFFICE}.wordprocessingml.document", ".docx"),
    f"{OWN_KINDS}spreadsheet": Export(f"{OFFICE}.spreadsheetml.sheet", ".xlsx"),
    f"{OWN_KINDS}presentation": Export(f"{OFFICE}.presentationml.presentation", ".pptx"),
    f"{OWN_KINDS}drawing": Export("image/png", ".png"),
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a listing is: a folder, or everything where it is None, of a shared drive or of all that there is, from a
    page on. Its text is a cursor."""

    folder: str | None = None
    drive: str | None = None
    page: str | None = None

    @classmethod
    def read(cls, text: str) -> "Place":
        """Raises StartOver for what is not of our making."""
        try:
            found = cls(**orjson.loads(text))
        except (orjson.JSONDecodeError, TypeError):
            found = cls()
        if found.page is None or not all(isinstance(value, str | None) for value in asdict(found).values()):
            raise StartOver("This is no cursor of Google Drive's: begin the list again")
        return found

    def asked(self, query: str | None) -> dict[str, str]:
        """The parameters of files.list."""
        terms = ["trashed = false"]
        if query is not None:
            terms.insert(0, f"name contains {quoted(query)}")
        if self.folder is not None:
            terms.insert(0, SHARED_WITH_ME if self.folder == SHARED_WITH_ME else f"{quoted(self.folder)} in parents")
        asked = {"q": " and ".join(terms), "orderBy": "folder,name", "pageSize": PAGE, **ALL_DRIVES}
        if self.drive is not None:
            asked |= {"corpora": "drive", "driveId": self.drive}
        elif self.folder is None:
            asked["corpora"] = "allDrives"
        return asked if self.page is None else asked | {"pageToken": self.page}


class ReadsDrive(DriveApi, ReadsFiles):
    """At the top are My Drive's own files, the shared drives, and a folder of what others have shared. A search at the
    top, or in a shared drive, is for everything in it; in a folder it is for what is right there. Google finds names by
    how their words begin."""

    def list_files(self, connection: Connection, folder: str | None, query: str | None, cursor: str | None) -> Listing:
        before: list[Entry] = []
        if cursor is not None:
            place = Place.read(cursor)
        elif folder is None and not query:
            place, before = Place(folder="root"), self._beside_my_drive(connection)
        else:
            place = self._find_place(connection, folder, bool(query))
        body = self.get(connection, "/files", place.asked(query or None) | {"fields": f"nextPageToken,files({ENTRY})"})
        following = body.get("nextPageToken")
        return Listing(
            entries=(*before, *self._entries(body.get("files"))),
            cursor=None if following is None else orjson.dumps(asdict(replace(place, page=following))).decode(),
        )

    def find_file(self, connection: Connection, path: str) -> RemoteFile:
        found = self.get_target(connection, path, FILE)
        name, kind = self.require_text(found, "name"), self.require_text(found, "mimeType")
        if kind == FOLDER:
            raise Rejected(f"{name} is a folder of Google Drive: import the files in it")
        export = EXPORTS.get(kind)
        if export is None and kind.startswith(OWN_KINDS):
            raise Rejected(f"{name} is of a kind that Google Drive cannot export ({kind.removeprefix(OWN_KINDS)})")
        if not is_allowed(found, "canDownload"):
            raise Rejected(KEPT)
        file = RemoteFile(
            path=path, id=self.require_text(found, "id"), name=name, version=self._version(found), mime_type=kind
        )
        if export is None:
            return replace(file, size=size_of(found), checksums=checksums_of(found))
        return replace(
            file,
            name=name if name.lower().endswith(export.ending) else name + export.ending,
            mime_type=export.mime_type,
            resumable=False,
            source={"export": export.mime_type},
        )

    def open_file(self, connection: Connection, file: RemoteFile, offset: int) -> Stream:
        where, export = f"{API}/files/{segment(file.id)}", file.source.get("export")
        how = {"alt": "media", "supportsAllDrives": "true"} if export is None else {"mimeType": export}
        url = f"{where}?{urlencode(how)}" if export is None else f"{where}/export?{urlencode(how)}"
        token = connection.credentials.access_token
        stream = self.http.open(NAME, "GET", url, headers=from_byte(offset), bearer=token)
        try:
            begun = begins_at(stream, offset, NAME)
            if not begun and stream.status != 416:
                raise refusal(stream.answer())
            if self._version(self.get_file(connection, file.id, VERSION)) != file.version:
                raise Changed(f"{file.name} has changed in Google Drive since: import it again")
            if not begun:
                raise ProtocolBroken("Google Drive has less of the file than it says")
        except BaseException:
            stream.close()
            raise
        return stream

    def _find_place(self, connection: Connection, folder: str | None, searches: bool) -> Place:
        """Raises Missing, Rejected for what is no folder."""
        if folder is None:
            return Place()
        if folder == SHARED_WITH_ME:
            return Place(folder=folder)
        found = self.get_target(connection, folder, "id,driveId")
        if found.get("mimeType") != FOLDER:
            raise Missing(f"{found.get('name')} is not a folder of Google Drive")
        place = Place(folder=self.require_text(found, "id"), drive=found.get("driveId"))
        return replace(place, folder=None) if searches and place.folder == place.drive else place

    def _beside_my_drive(self, connection: Connection) -> list[Entry]:
        found: list[Entry] = []
        asked = {"pageSize": "100", "fields": "nextPageToken,drives(id,name)"}
        while True:
            body = self.get(connection, "/drives", asked)
            for drive in require_list(body.get("drives")):
                drive_id, name = self.require_text(drive, "id"), self.require_text(drive, "name")
                url = f"https://drive.google.com/drive/folders/{drive_id}"
                found.append(Entry(path=drive_id, name=name, kind="folder", url=url))
            if body.get("nextPageToken") is None:
                break
            asked["pageToken"] = self.require_text(body, "nextPageToken")
        shared = "https://drive.google.com/drive/shared-with-me"
        return [*found, Entry(path=SHARED_WITH_ME, name="Shared with me", kind="folder", url=shared)]

    def _entries(self, files: Any) -> list[Entry]:
        found: list[Entry] = []
        for entry in require_list(files):
            try:
                found.append(self._entry(entry))
            except ProtocolBroken:
                # It cannot be imported either; the others can.
                continue
        return found

    def _entry(self, entry: Mapping[str, Any]) -> Entry:
        path, kind = self.require_text(entry, "id"), self.require_text(entry, "mimeType")
        if kind == SHORTCUT:
            path, kind = target_of(entry, "targetId"), target_of(entry, "targetMimeType")
        is_own = kind.startswith(OWN_KINDS)
        return Entry(
            path=path,
            name=self.require_text(entry, "name"),
            kind="folder" if kind == FOLDER else "file",
            # Google gives its own documents the size that they take up, which is not that of an export.
            size=None if is_own else size_of(entry),
            mime_type=None if kind == FOLDER else kind,
            modified_at=parse_ms(entry.get("modifiedTime")),
            url=entry.get("webViewLink"),
        )

    def _version(self, entry: Mapping[str, Any]) -> str:
        """Google's own documents have no revisions to name; some accounts are not told of a file's."""
        return self.require_text(
            entry, next((name for name in VERSION.split(",") if entry.get(name) is not None), "modifiedTime")
        )
