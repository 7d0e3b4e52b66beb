"""Writing to OneDrive.

Source: learn.microsoft.com/graph/api/{driveitem-createuploadsession,driveitem-put-content,drive-get}.

An upload has an address of another host that is its own permission: the token stays here. It is forgotten as soon as
the file is there. Where the answer that said so was lost, the file is looked for: one of that name and length that is
no older than the upload. The name is therefore chosen here, and Microsoft sees to it that nobody else has taken it.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

import orjson

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.errors import AlreadyThere, Missing, ProtocolBroken, Rejected, StartOver, Transient
from providers.kit.microsoft import GRAPH
from providers.kit.naming import other_names, shown
from providers.kit.onedrive.api import (
    FULL,
    NAME,
    OneDriveApi,
    address_of,
    checksums_of,
    code_of,
    key_of,
    refusal,
    size_of,
)
from providers.kit.paths import segment
from providers.kit.timestamps import parse_ms
from providers.kit.transfers import Conflict, Session, Upload, Uploaded, WritesFiles, upload_deadline_s

CONFLICT = "@microsoft.graph.conflictBehavior"
UPLOADED = "id,name,size,file,webUrl,parentReference,lastModifiedDateTime"
REFUSED = re.compile(r'["*:<>?/\\|\x00-\x1f]')
LONGEST_NAME = 255
CLOCKS_DIFFER_MS = 2_000
ENRICHED = (".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xltx", ".pptx", ".pptm", ".potx")
"""Files that SharePoint writes properties into: they are not the bytes that were sent."""
GONE = (401, 404, 410)
"""How the address of an upload says that it is good for nothing any more."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """An upload: into which folder, under which name, begun when by Microsoft's clock, and its address. A file of no
    bytes has none."""

    folder: str
    name: str
    began_at: int
    url: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, session: Session) -> "Token":
        """Raises StartOver for what is not of our making."""
        try:
            return cls(**orjson.loads(session.token))
        except (orjson.JSONDecodeError, TypeError):
            raise StartOver("It is not known any more where the upload went") from None

    def __str__(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @property
    def where(self) -> str:
        """The Graph path of the file."""
        return f"{address_of(self.folder)}:/{segment(self.name)}"

    def landed(self, found: Mapping[str, Any], upload: Upload) -> bool:
        """Whether what is there under the name has come of this upload, as far as can be told."""
        changed_at = parse_ms(found.get("lastModifiedDateTime"))
        is_new = changed_at is not None and changed_at >= self.began_at - CLOCKS_DIFFER_MS
        return is_new and found.get("file") is not None and size_of(found) == upload.size


class WritesOneDrive(OneDriveApi, WritesFiles):
    """Chunks are multiples of 320 KiB; Microsoft recommends ten MiB."""

    chunk_bytes: ClassVar[int] = 32 * 320 * 1024

    def begin_upload(self, connection: Connection, upload: Upload) -> Session:
        _check_name(upload.name)
        asked = self.get_item(connection, upload.folder, "id")
        if asked.get("folder") is None:
            raise Missing(f"{asked.get('name')} is not a folder of OneDrive")
        folder = key_of(asked)
        began_at = self._check_room(connection, folder, upload.size)
        name = self._choose_name(connection, folder, upload)
        token = Token(folder=folder, name=name, began_at=began_at)
        if not upload.size:
            return Session(token=str(token))
        how = {"item": {CONFLICT: _conflict(upload)}}
        answer = self._write(connection, "POST", f"{token.where}:/createUploadSession", upload, json=how)
        url = answer.json_object().get("uploadUrl")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise ProtocolBroken("OneDrive did not say where to send the file")
        return Session(token=str(replace(token, url=url)))

    def resume_upload(self, connection: Connection, upload: Upload, session: Session) -> Session:
        token = Token.read(session)
        if token.url is None:
            return Session(token=session.token)
        answer = self.http.request(NAME, "GET", token.url)
        if answer.status not in GONE:
            return Session(token=session.token, offset=_received(_accepted(answer), upload.size))
        self._find_landed(connection, upload, token)
        # It is there: the last chunk, once more, gets the file as its answer.
        size = self.chunk_size(upload)
        return Session(token=session.token, offset=(upload.size - 1) // size * size)

    def upload_chunk(
        self, connection: Connection, upload: Upload, session: Session, chunk: bytes | memoryview
    ) -> Session | Uploaded:
        token = Token.read(session)
        if token.url is None:
            return self._put_nothing(connection, upload, token)
        part = {"Content-Range": f"bytes {session.offset}-{session.offset + len(chunk) - 1}/{upload.size}"}
        deadline_s = upload_deadline_s(len(chunk))
        answer = self.http.request(NAME, "PUT", token.url, headers=part, content=chunk, deadline_s=deadline_s)
        if answer.status == 416:
            # It has come already, or what is before it has not.
            answer = self.http.request(NAME, "GET", token.url)
        if answer.status in GONE:
            return _read_uploaded(self._find_landed(connection, upload, token))
        if answer.status == 409:
            raise _taken(upload)
        body = _accepted(answer).json_object()
        if "id" in body:
            return _read_uploaded(body)
        received = _received(answer, upload.size)
        if received == session.offset:
            raise Transient("OneDrive did not keep what was sent", reason="not_kept")
        return Session(token=session.token, offset=received)

    def abandon_upload(self, connection: Connection, session: Session) -> None:
        url = Token.read(session).url
        if url is not None:
            answer = self.http.request(NAME, "DELETE", url, repeatable=True)
            if answer.status not in GONE:
                _accepted(answer)

    def _put_nothing(self, connection: Connection, upload: Upload, token: Token) -> Uploaded:
        """A session has room for no file of no bytes."""
        try:
            answer = self._write(
                connection,
                "PUT",
                f"{token.where}:/content",
                upload,
                params={CONFLICT: _conflict(upload)},
                headers={"Content-Type": "application/octet-stream"},
                content=b"",
            )
        except (AlreadyThere, StartOver):
            found = self._look_by_name(connection, token.folder, token.name)
            if found is None or not token.landed(found, upload):
                raise
            return _read_uploaded(found)
        return _read_uploaded(answer.json_object())

    def _write(self, connection: Connection, method: str, path: str, upload: Upload, **how: Any) -> Answer:
        answer = self.http.request(NAME, method, f"{GRAPH}{path}", bearer=connection.credentials.access_token, **how)
        if answer.status == 409:
            raise _taken(upload)
        if answer.status == 400:
            raise Rejected(f"OneDrive does not take the name {shown(upload.name)}: rename it", reason=code_of(answer))
        return _accepted(answer)

    def _check_room(self, connection: Connection, folder: str, size: int) -> int:
        """The time, by Microsoft's clock. Raises Rejected."""
        drive = folder.partition("/")[0]
        answer = self.ask(connection, "GET", f"/drives/{segment(drive)}?$select=id,quota")
        quota = answer.json_object().get("quota")
        left = quota.get("remaining") if isinstance(quota, dict) else None
        if isinstance(left, int) and left < size:
            raise Rejected(FULL, reason="quotaLimitReached")
        return answer.sent_at

    def _choose_name(self, connection: Connection, folder: str, upload: Upload) -> str:
        """Raises AlreadyThere."""
        if upload.conflict == "replace" or self._look_by_name(connection, folder, upload.name) is None:
            return upload.name
        for other in other_names(upload.name) if upload.conflict == "rename" else ():
            if self._look_by_name(connection, folder, other) is None:
                return other
        raise AlreadyThere(f"OneDrive has a file named {shown(upload.name)} there already")

    def _look_by_name(self, connection: Connection, folder: str, name: str) -> dict[str, Any] | None:
        where = Token(folder=folder, name=name, began_at=0).where
        try:
            return self.look(connection, f"{where}?$select={UPLOADED}")
        except Missing:
            return None

    def _find_landed(self, connection: Connection, upload: Upload, token: Token) -> dict[str, Any]:
        """The file, of an upload that is not known any more because it has ended. Raises StartOver for any other."""
        found = self._look_by_name(connection, token.folder, token.name)
        if found is None or not token.landed(found, upload):
            raise StartOver("OneDrive no longer knows of this upload")
        return found


def _conflict(upload: Upload) -> Conflict:
    """What Microsoft is to do where the chosen name is taken after all."""
    return "replace" if upload.conflict == "replace" else "fail"


def _taken(upload: Upload) -> AlreadyThere | StartOver:
    if upload.conflict == "rename":
        return StartOver("Somebody else has taken the name in OneDrive meanwhile")
    return AlreadyThere(f"OneDrive has {shown(upload.name)} there already")


def _check_name(name: str) -> None:
    """Of what would lead to another place. Raises Rejected."""
    if name in ("", ".", "..") or REFUSED.search(name) or len(name) > LONGEST_NAME:
        raise Rejected(
            f"OneDrive does not take the name {shown(name)}: it may have {LONGEST_NAME} characters, "
            'and none of " * : < > ? / \\ |. Rename it'
        )


def _accepted(answer: Answer) -> Answer:
    """Raises ProviderError for what is no success."""
    if 200 <= answer.status < 300:
        return answer
    raise refusal(answer)


def _received(answer: Answer, size: int) -> int:
    """The byte that is wanted next. Raises ProtocolBroken."""
    wanted = answer.json_object().get("nextExpectedRanges")
    if wanted == []:
        return size
    found = re.match(r"\d+", wanted[0]) if isinstance(wanted, list) and isinstance(wanted[0], str) else None
    if found is None:
        raise ProtocolBroken("OneDrive did not say how much of the file it has")
    return int(found[0])


def _read_uploaded(made: Mapping[str, Any]) -> Uploaded:
    name = made.get("name")
    if not isinstance(name, str):
        raise ProtocolBroken("OneDrive did not say what it has made of the file")
    done = Uploaded(path=key_of(made), name=name, url=made.get("webUrl"))
    if made["parentReference"].get("driveType") != "personal" and name.lower().endswith(ENRICHED):
        return done
    return replace(done, size=size_of(made), checksums=checksums_of(made))
