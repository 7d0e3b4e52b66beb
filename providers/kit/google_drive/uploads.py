"""Writing to Google Drive.

Source: developers.google.com/workspace/drive/api/guides/manage-uploads#resumable,
cloud.google.com/storage/docs/performing-resumable-uploads for how a session ends.

Names are not unique there: nothing is ever overwritten by a new file of the same name, and whether there is one is
looked up before an upload begins. The address of an upload is all that is needed to send to it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.errors import AlreadyThere, Missing, ProtocolBroken, Rejected, StartOver, Transient
from providers.kit.google_drive.api import (
    ALL_DRIVES,
    FOLDER,
    NAME,
    NOT_OURS,
    OWN_KINDS,
    DriveApi,
    checksums_of,
    is_allowed,
    quoted,
    require_list,
    size_of,
    success,
)
from providers.kit.naming import MOST_NAMES, other_names, shown
from providers.kit.paths import segment
from providers.kit.transfers import Session, Upload, Uploaded, WritesFiles, upload_deadline_s

UPLOADS = "https://www.googleapis.com/upload/drive/v3/files"
UPLOADED = "id,name,size,webViewLink,md5Checksum,sha1Checksum,sha256Checksum"


class WritesDrive(DriveApi, WritesFiles):
    """Chunks are multiples of 256 KiB."""

    def begin_upload(self, connection: Connection, upload: Upload) -> Session:
        if not upload.name:
            raise Rejected("Google Drive takes no file without a name")
        folder = None if upload.folder is None else self._find_folder(connection, upload.folder)
        there = self._named(connection, folder, upload.name)
        described: dict[str, Any] = {"name": upload.name, "mimeType": upload.mime_type}
        method, where = "POST", UPLOADS
        if there and upload.conflict == "fail":
            raise AlreadyThere(f"Google Drive has a file named {shown(upload.name)} there already")
        if there and upload.conflict == "replace":
            if not is_allowed(there[0], "canEdit"):
                raise Rejected(f"Koko has not made {shown(upload.name)} itself, and may not replace it")
            method, where = "PATCH", f"{UPLOADS}/{segment(self.require_text(there[0], 'id'))}"
        else:
            if there:
                described["name"] = self._free_name(connection, folder, upload.name)
            if folder is not None:
                described["parents"] = [self.require_text(folder, "id")]
        answer = self.http.request(
            NAME,
            method,
            where,
            params={"uploadType": "resumable", "supportsAllDrives": "true", "fields": UPLOADED},
            headers={"X-Upload-Content-Type": upload.mime_type, "X-Upload-Content-Length": str(upload.size)},
            json=described,
            bearer=connection.credentials.access_token,
            # One that nobody knows of ends by itself, and shows nowhere.
            repeatable=True,
        )
        session = success(answer).headers.get("Location", "")
        parts = urlsplit(session)
        if parts.scheme != "https" or not (parts.hostname or "").endswith(".googleapis.com"):
            raise ProtocolBroken("Google Drive did not say where to send the file")
        return Session(token=session)

    def resume_upload(self, connection: Connection, upload: Upload, session: Session) -> Session:
        answer = self._ask(upload, session)
        if answer.status == 308:
            return Session(token=session.token, offset=_received(answer))
        success(answer)
        # It is all there: the last chunk, once more, gets the file as its answer.
        size = self.chunk_size(upload)
        return Session(token=session.token, offset=max(0, upload.size - 1) // size * size)

    def upload_chunk(
        self, connection: Connection, upload: Upload, session: Session, chunk: bytes | memoryview
    ) -> Session | Uploaded:
        part = f"{session.offset}-{session.offset + len(chunk) - 1}" if chunk else "*"
        answer = self._send(upload, session, part, chunk)
        if answer.status in (400, 409, 412, 416):
            # It may not be wanted because all is there already.
            asked = self._ask(upload, session)
            answer = asked if 200 <= asked.status < 300 else answer
        if answer.status != 308:
            return self._read_uploaded(success(answer).json_object())
        received = _received(answer)
        if received <= session.offset:
            raise Transient("Google Drive did not keep what was sent", reason="not_kept")
        return Session(token=session.token, offset=received)

    def abandon_upload(self, connection: Connection, session: Session) -> None:
        answer = self.http.request(NAME, "DELETE", session.token, repeatable=True)
        # 499 is how Google says that the client has closed it.
        if answer.status not in (404, 410, 499):
            success(answer)

    def _ask(self, upload: Upload, session: Session) -> Answer:
        """How far it has come; it ends an upload that lacks nothing."""
        return self._send(upload, session, "*", b"", repeatable=True)

    def _send(
        self, upload: Upload, session: Session, part: str, chunk: bytes | memoryview, *, repeatable: bool = False
    ) -> Answer:
        answer = self.http.request(
            NAME,
            "PUT",
            session.token,
            headers={"Content-Range": f"bytes {part}/{upload.size}"},
            content=chunk,
            deadline_s=upload_deadline_s(len(chunk)),
            repeatable=repeatable,
        )
        if answer.status in (404, 410):
            raise StartOver("Google Drive no longer knows of this upload")
        if answer.status == 401:
            # The address is what would have expired: there was no token.
            raise StartOver("Google Drive no longer takes this upload")
        return answer

    def _find_folder(self, connection: Connection, folder: str) -> Mapping[str, Any]:
        found = self.get_target(connection, folder, "id,driveId,capabilities(canAddChildren)")
        if found.get("mimeType") != FOLDER:
            raise Missing(f"{found.get('name')} is not a folder of Google Drive")
        if not is_allowed(found, "canAddChildren"):
            raise Rejected(NOT_OURS)
        return found

    def _named(self, connection: Connection, folder: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
        """The files of that very name in the folder, the newest first."""
        parent, drive = ("root", None) if folder is None else (self.require_text(folder, "id"), folder.get("driveId"))
        asked = {
            "q": f"{quoted(parent)} in parents and name = {quoted(name)} and trashed = false",
            "orderBy": "modifiedTime desc",
            "fields": "files(id,name,mimeType,capabilities(canEdit))",
            **ALL_DRIVES,
        }
        if drive is not None:
            asked |= {"corpora": "drive", "driveId": str(drive)}
        found = require_list(self.get(connection, "/files", asked).get("files"))
        return [one for one in found if one.get("name") == name and not str(one.get("mimeType")).startswith(OWN_KINDS)]

    def _free_name(self, connection: Connection, folder: Mapping[str, Any] | None, name: str) -> str:
        for other in other_names(name):
            if not self._named(connection, folder, other):
                return other
        raise AlreadyThere(f"Google Drive has {MOST_NAMES} files named like {shown(name)} there already")

    def _read_uploaded(self, made: Mapping[str, Any]) -> Uploaded:
        return Uploaded(
            path=self.require_text(made, "id"),
            name=self.require_text(made, "name"),
            size=size_of(made),
            url=made.get("webViewLink"),
            checksums=checksums_of(made),
        )


def _received(answer: Answer) -> int:
    """How many bytes are there. Raises ProtocolBroken."""
    told = answer.headers.get("Range", "")
    if not told:
        return 0
    found = re.fullmatch(r"(?:bytes=)?0-(\d+)", told)
    if found is None:
        raise ProtocolBroken("Google Drive did not say how much of the file it has")
    return int(found[1]) + 1
