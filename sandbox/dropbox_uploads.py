"""Uploads to the sandbox's Dropbox. Source: dropbox/dropbox-api-spec (files.stone: upload_session, CommitInfo,
WriteMode, WriteError)."""

import itertools
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from sandbox.dropbox_files import DropboxFiles
from sandbox.dropbox_wire import Asked, Wire, bad, has_only, refused
from sandbox.kit.files import Node

COMMIT = "path mode autorename client_modified mute property_groups strict_conflict"
MOST_BYTES = 150 * 1024 * 1024
LONGEST_NAME = 255
DISALLOWED = frozenset({"desktop.ini", "thumbs.db", ".ds_store", ".dropbox", ".dropbox.attr"})


class DropboxUploads:
    def __init__(self, storage: DropboxFiles, wire: Wire) -> None:
        self._storage = storage
        self._wire = wire
        self.reset()

    def routes(self) -> list[BaseRoute]:
        return [
            self._wire.upload("upload_session/start", "close session_type content_hash", self._start),
            self._wire.upload("upload_session/append_v2", "cursor close content_hash", self._append),
            self._wire.upload("upload_session/finish", "cursor commit content_hash", self._finish),
        ]

    def reset(self) -> None:
        self._sessions: dict[str, bytearray] = {}
        self._numbers = itertools.count(1)
        self.room_bytes = 10**12
        self.read_only: set[str] = set()
        """Paths of folders, in lower case, that this account may not write into."""

    def expire(self) -> None:
        """A week later."""
        self._sessions.clear()

    def _start(self, asked: Asked, content: bytes) -> Response:
        session_id = f"pid_upload_session:sandbox{next(self._numbers)}"
        self._sessions[session_id] = bytearray(content)
        return JSONResponse({"session_id": session_id})

    def _append(self, asked: Asked, content: bytes) -> Response:
        return self._take("upload_session/append_v2", asked, content, "") or JSONResponse(None)

    def _finish(self, asked: Asked, content: bytes) -> Response:
        commit = asked.get("commit")
        if not has_only(commit, COMMIT) or not isinstance(commit.get("path"), str) or commit["path"][:1] != "/":
            return bad("upload_session/finish", "commit: wrong")
        refusal = self._take("upload_session/finish", asked, content, "lookup_failed/")
        if refusal is not None:
            return refusal
        session_id = asked["cursor"]["session_id"]
        written = self._commit(commit, bytes(self._sessions[session_id]))
        if isinstance(written, Response):
            return written
        del self._sessions[session_id]
        return JSONResponse(self._storage.entry(written))

    def _take(self, name: str, asked: Asked, content: bytes, within: str) -> Response | None:
        """Adds to a session; what comes for another offset is not wanted."""
        cursor = asked.get("cursor")
        if not has_only(cursor, "session_id offset") or not isinstance(cursor.get("offset"), int):
            return bad(name, "cursor: wrong")
        if len(content) > MOST_BYTES:
            return refused(409, f"{within}payload_too_large")
        session = self._sessions.get(str(cursor.get("session_id")))
        if session is None:
            return refused(409, f"{within}not_found")
        if cursor["offset"] != len(session):
            return refused(409, f"{within}incorrect_offset", correct_offset=len(session))
        session += content
        return None

    def _commit(self, commit: dict[str, Any], content: bytes) -> Node | Response:
        path, files = str(commit["path"]), self._storage.files
        *folders, name = path.strip("/").split("/")
        if not name or len(name) > LONGEST_NAME or "\\" in path or name in (".", ".."):
            return refused(409, "path/malformed_path")
        if name.lower() in DISALLOWED:
            return refused(409, "path/disallowed_name")
        if "/".join(["", *folders]).lower() in self.read_only:
            return refused(409, "path/no_write_permission")
        if len(content) > self.room_bytes:
            return refused(409, "path/insufficient_space")
        folder = files.root
        for inner in folders:
            # Folders that are not there are made.
            folder = _named(folder, inner) or files.add_folder(folder, inner)
            if not folder.is_folder:
                return refused(409, "path/conflict/file_ancestor")
        there = _named(folder, name)
        if there is not None:
            same = there.content == content and not commit.get("strict_conflict")
            replaces = commit.get("mode", "add") == "overwrite" and not there.is_folder
            if not replaces and not same and not commit.get("autorename"):
                return refused(409, f"path/conflict/{'folder' if there.is_folder else 'file'}")
            if replaces:
                files.write(there, content)
            elif not same:
                there = None
                name = _free(folder, name)
        node = there or files.add(folder, name, content)
        if "client_modified" in commit:
            self._storage.client_modified[self._storage.rev_of(node)] = commit["client_modified"]
        return node


def _named(folder: Node, name: str) -> Node | None:
    return next((node for node in folder.children.values() if node.name.lower() == name.lower()), None)


def _free(folder: Node, name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    names = (f"{stem} ({number}){dot}{ending}" for number in itertools.count(1))
    return next(other for other in names if _named(folder, other) is None)
