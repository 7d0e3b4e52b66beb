"""Files into a Dropbox, by upload sessions, whatever their size.

Source: dropbox/dropbox-api-spec (files.stone: upload_session/start, append:2, finish, CommitInfo). A session ends by
itself after a week. Its position cannot be asked for, but whoever sends to another one is told. A finished session is
as unknown as one that never was: by when the upload began, which is kept with the file, we know our own.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import orjson

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.dropbox.calls import CallsDropbox, error_in, path_of, tags_of
from providers.kit.errors import AlreadyThere, Missing, ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.naming import other_names, shown
from providers.kit.timestamps import iso_seconds
from providers.kit.transfers import Session, Upload, Uploaded, WritesFiles, upload_deadline_s

LONGEST_NAME = 255
MOST_NAMES = 20
FINISHING_S = 300.0
"""Putting a large file together takes Dropbox minutes."""
LOST = frozenset({"not_found", "closed"})
NO_RIGHTS = frozenset({"no_write_permission", "team_folder", "access_restricted", "operation_suppressed"})
MODES: Mapping[str, Mapping[str, Any]] = {
    # Content that is the same as what is there is a conflict too.
    "fail": {"mode": "add", "autorename": False, "strict_conflict": True},
    "rename": {"mode": "add", "autorename": True, "strict_conflict": True},
    "replace": {"mode": "overwrite", "autorename": False},
}


@dataclass(frozen=True)
class Token:
    """What an upload goes by: the session, where the file is to be, and when it began."""

    session_id: str
    path: str
    began: str

    @classmethod
    def read(cls, session: Session) -> "Token":
        """Raises StartOver for what is not of our making."""
        try:
            return cls(**orjson.loads(session.token))
        except (orjson.JSONDecodeError, TypeError):
            raise StartOver("It is not known any more how far the upload was") from None

    def __str__(self) -> str:
        return orjson.dumps(asdict(self)).decode()


class WritesDropbox(CallsDropbox, WritesFiles):
    """The half of Dropbox that writes."""

    def begin_upload(self, connection: Connection, upload: Upload) -> Session:
        if not upload.name or upload.name in (".", "..") or {"/", "\\"} & set(upload.name):
            raise Rejected("This cannot be the name of a file in Dropbox: rename it first")
        if len(upload.name) > LONGEST_NAME:
            raise Rejected(f"Dropbox takes names of up to {LONGEST_NAME} characters: rename it first")
        path = f"{self._folder(connection, upload.folder)}/{upload.name}"
        if upload.conflict == "fail" and self._at(connection, path) is not None:
            raise _taken(path)
        began = self.send("/2/files/upload_session/start", connection, {}, b"", upload_deadline_s(0))
        session_id = self.require_text(began.require_success().json_object(), "session_id")
        return Session(token=str(Token(session_id, path, iso_seconds(int(time.time() * 1000)))))

    def resume_upload(self, connection: Connection, upload: Upload, session: Session) -> Session:
        token = Token.read(session)
        answer = self._append(connection, token, session.offset, b"")
        if answer.status == 409:
            if not LOST.isdisjoint(tags_of(answer)):
                if self._find_ours(connection, upload, token) is None:
                    raise _lost()
                offset = upload.size
            else:
                offset = _correct_offset(answer)
        else:
            answer.require_success()
            offset = session.offset
        # The last chunk is sent again, whatever has become of it: the file is only there after that.
        size = self.chunk_size(upload)
        return Session(token=session.token, offset=min(offset, max(upload.size - 1, 0) // size * size))

    def upload_chunk(
        self, connection: Connection, upload: Upload, session: Session, chunk: bytes | memoryview
    ) -> Session | Uploaded:
        token, after = Token.read(session), session.offset + len(chunk)
        if after >= upload.size:
            return self._finish(connection, upload, token, session, chunk)
        answer = self._append(connection, token, session.offset, chunk)
        if answer.status == 409:
            if LOST.isdisjoint(tags_of(answer)):
                return Session(token=session.token, offset=_correct_offset(answer))
            raise _lost()
        answer.require_success()
        return Session(token=session.token, offset=after)

    def abandon_upload(self, connection: Connection, session: Session) -> None:
        """Dropbox has no way to; a session that is not finished leaves nothing."""

    def _append(self, connection: Connection, token: Token, offset: int, chunk: bytes | memoryview) -> Answer:
        cursor = {"session_id": token.session_id, "offset": offset}
        return self.send(
            "/2/files/upload_session/append_v2", connection, {"cursor": cursor}, chunk, upload_deadline_s(len(chunk))
        )

    def _finish(
        self, connection: Connection, upload: Upload, token: Token, session: Session, chunk: bytes | memoryview
    ) -> Session | Uploaded:
        cursor = {"session_id": token.session_id, "offset": session.offset}
        commit = {"path": token.path, "client_modified": token.began, **MODES[upload.conflict]}
        answer = self.send(
            "/2/files/upload_session/finish",
            connection,
            {"cursor": cursor, "commit": commit},
            chunk,
            FINISHING_S + upload_deadline_s(len(chunk)),
        )
        if answer.status != 409:
            return self._uploaded(answer.require_success().json_object())
        tags = tags_of(answer)
        if tags[:1] != ["lookup_failed"]:
            raise _refusal(tags, token.path)
        if not LOST.isdisjoint(tags):
            ours = self._find_ours(connection, upload, token)
            if ours is None:
                raise _lost()
            return self._uploaded(ours)
        offset = _correct_offset(answer)
        if offset == upload.size and chunk:
            # Every byte has arrived, and the file is not there yet.
            return self._finish(connection, upload, token, Session(token=session.token, offset=offset), b"")
        return Session(token=session.token, offset=offset)

    def _folder(self, connection: Connection, folder: str | None) -> str:
        """The path of a folder, which may be given by its id. Raises Missing."""
        asked = path_of(folder)
        if not asked:
            return ""
        found = self.find_metadata(connection, asked)
        if found[".tag"] != "folder":
            raise Missing("Dropbox has a file there, not a folder")
        path = found.get("path_display") or found.get("path_lower")
        if not isinstance(path, str):
            raise Rejected("The folder is not in this Dropbox: add it to your Dropbox first")
        return path

    def _find_ours(self, connection: Connection, upload: Upload, token: Token) -> dict[str, Any] | None:
        """The file, if it is what this upload has become."""
        folder, _, name = token.path.rpartition("/")
        # Dropbox gives a file another name in the same way.
        others = islice(other_names(name), MOST_NAMES) if upload.conflict == "rename" else ()
        for path in (token.path, *(f"{folder}/{other}" for other in others)):
            found = self._at(connection, path)
            if found is None:
                return None
            if (found.get("size"), found.get("client_modified")) == (upload.size, token.began):
                return found
        return None

    def _at(self, connection: Connection, path: str) -> dict[str, Any] | None:
        try:
            return self.find_metadata(connection, path)
        except Missing:
            return None

    def _uploaded(self, found: Mapping[str, Any]) -> Uploaded:
        size, content_hash = found.get("size"), found.get("content_hash")
        return Uploaded(
            path=str(found.get("path_display") or found.get("path_lower") or self.require_text(found, "id")),
            name=self.require_text(found, "name"),
            size=size if isinstance(size, int) else None,
            checksums={"dropbox": content_hash} if isinstance(content_hash, str) else {},
        )


def _correct_offset(answer: Answer) -> int:
    """Of a 409 incorrect_offset. Raises Transient for one that is something else."""
    error = error_in(answer)
    inner = error.get("lookup_failed", error)
    offset = inner.get("correct_offset") if isinstance(inner, dict) else None
    if isinstance(offset, int):
        return offset
    tags = tags_of(answer)
    if tags[-1:] == ["incorrect_offset"]:
        raise ProtocolBroken("Dropbox did not say how far the upload is")
    raise _refusal(tags, "")


def _lost() -> StartOver:
    return StartOver("Dropbox does not know this upload any more")


def _taken(path: str) -> AlreadyThere:
    return AlreadyThere(f"Dropbox has something named {shown(path.rpartition('/')[2])} there already")


def _refusal(tags: list[str], path: str) -> ProviderError:
    """Why a file is not written: the tags of a 409."""
    reason = tags[-1] if tags else None
    if "conflict" in tags and reason != "file_ancestor":
        return _taken(path)
    if reason in ("too_many_write_operations", "content_hash_mismatch"):
        return Transient("Dropbox could not take the file right now", reason=reason)
    if reason == "insufficient_space":
        return Rejected("The Dropbox is full: make room in it", reason=reason)
    if reason in NO_RIGHTS:
        return Rejected("This account may not write into that folder of Dropbox: choose another", reason=reason)
    if reason in ("disallowed_name", "malformed_path"):
        return Rejected("Dropbox does not take such a name: rename it first", reason=reason)
    if reason in ("too_large", "payload_too_large"):
        return Rejected("The file is too large for Dropbox", reason=reason)
    return Rejected("Dropbox refused the file", reason=reason)
