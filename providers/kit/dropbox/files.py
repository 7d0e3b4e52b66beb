"""Folders and files of a Dropbox, and their bytes.

Source: dropbox/dropbox-api-spec (files.stone: list_folder, search:2, get_metadata, download, export). A file is known
by its id, a version by its rev, by which Dropbox gives older versions too. What cannot be downloaded, such as a Paper
document, is exported.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.dropbox.calls import (
    NOT_THERE,
    CallsDropbox,
    lookup_refusal,
    path_of,
    permission_refusal,
    tags_of,
)
from providers.kit.errors import Changed, Missing, ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.ranges import begins_at, from_byte
from providers.kit.streams import Stream
from providers.kit.timestamps import parse_ms
from providers.kit.transfers import Entry, Listing, ReadsFiles, RemoteFile

PAGE = 500
MATCHES = 100


class ReadsDropbox(CallsDropbox, ReadsFiles):
    """The half of Dropbox that reads."""

    def list_files(self, connection: Connection, folder: str | None, query: str | None, cursor: str | None) -> Listing:
        path = path_of(folder)
        call, asked = "/2/files/list_folder", {"path": path, "limit": PAGE}
        if query:
            within = {"path": path} if path else {}
            call, asked = (
                "/2/files/search_v2",
                {
                    "query": query,
                    "options": {"max_results": MATCHES, "filename_only": True, **within},
                },
            )
        if cursor is not None:
            call, asked = f"/2/files/{'search/continue_v2' if query else 'list_folder/continue'}", {"cursor": cursor}
        answer = self.call(call, connection, asked, repeatable=True)
        if cursor is not None and answer.status in (400, 409):
            raise StartOver("Dropbox no longer knows where we were")
        if answer.status == 409:
            raise _no_folder(answer)
        body = answer.require_success().json_object()
        found, more = body.get("matches" if query else "entries"), body.get("has_more")
        if not isinstance(found, list) or not isinstance(more, bool):
            raise ProtocolBroken("Dropbox sent a list of the wrong shape")
        shown = [_matched(one) for one in found] if query else found
        # What is deleted while somebody pages is told of by its path alone.
        entries = [self._entry(one) for one in shown if one is not None and one.get(".tag") in ("file", "folder")]
        return Listing(entries=tuple(entries), cursor=self.require_text(body, "cursor") if more else None)

    def find_file(self, connection: Connection, path: str) -> RemoteFile:
        asked = path_of(path)
        found = self.find_metadata(connection, asked) if asked else {".tag": "folder"}
        if found[".tag"] == "folder":
            raise Rejected("This is a folder, not a file")
        entry = self._entry(found)
        file = RemoteFile(
            path=entry.path,
            id=self.require_text(found, "id"),
            name=entry.name,
            version=self.require_text(found, "rev"),
            size=entry.size,
            checksums={"dropbox": found["content_hash"]} if found.get("content_hash") else {},
        )
        if found.get("is_downloadable") is False:
            return _exported(file, found)
        if file.size is None:
            raise ProtocolBroken("Dropbox did not say how large a file is")
        return file

    def open_file(self, connection: Connection, file: RemoteFile, offset: int) -> Stream:
        if "export" in file.source:
            return self._open_export(connection, file)
        stream = self.receive("/2/files/download", connection, {"path": f"rev:{file.version}"}, from_byte(offset))
        if begins_at(stream, offset, "Dropbox"):
            return stream
        with stream:
            raise _refusal(stream.answer())

    def _open_export(self, connection: Connection, file: RemoteFile) -> Stream:
        stream = self.receive("/2/files/export", connection, {"path": file.id}, {})
        if not begins_at(stream, 0, "Dropbox"):
            with stream:
                raise _refusal(stream.answer())
        try:
            exported = orjson.loads(stream.headers.get("Dropbox-API-Result", ""))["file_metadata"]["rev"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            stream.close()
            raise ProtocolBroken("Dropbox did not say what it exported") from None
        if exported != file.version:
            stream.close()
            raise Changed("The document has been changed in Dropbox meanwhile")
        return stream

    def _entry(self, found: Mapping[str, Any]) -> Entry:
        path, size = found.get("path_display") or found.get("path_lower"), found.get("size")
        is_file = found.get(".tag") == "file"
        return Entry(
            # What is shared and not mounted has no path.
            path=path if isinstance(path, str) else self.require_text(found, "id"),
            name=self.require_text(found, "name"),
            kind="file" if is_file else "folder",
            size=size if isinstance(size, int) and found.get("is_downloadable") is not False else None,
            modified_at=parse_ms(found.get("server_modified")) if is_file else None,
        )


def _exported(file: RemoteFile, found: Mapping[str, Any]) -> RemoteFile:
    """What cannot be downloaded, as it is exported: its size is not known, and its checksum is not what comes."""
    ending = (found.get("export_info") or {}).get("export_as")
    if not isinstance(ending, str):
        raise Rejected("Dropbox does not let this kind of file be downloaded or exported")
    stem = file.name.rpartition(".")[0] or file.name
    return replace(file, name=f"{stem}.{ending}", size=None, checksums={}, resumable=False, source={"export": ending})


def _matched(match: Any) -> dict[str, Any] | None:
    """What a search found; None for what is of no known kind."""
    try:
        found = match["metadata"].get("metadata")
    except (TypeError, KeyError, AttributeError):
        raise ProtocolBroken("Dropbox sent a match of the wrong shape") from None
    return found if isinstance(found, dict) else None


def _no_folder(answer: Answer) -> ProviderError:
    tags = tags_of(answer)
    reason = tags[-1] if tags else None
    if reason in NOT_THERE:
        return Missing("Dropbox has no such folder", reason=reason)
    if reason == "internal_error":
        return Transient("Dropbox cannot search right now", reason=reason)
    return Rejected("Dropbox refused to list the folder", reason=reason)


def _refusal(answer: Answer) -> ProviderError:
    """Why a file's bytes do not come."""
    if answer.status in (401, 403):
        return permission_refusal(answer)
    if answer.status == 416:
        return Changed("The file in Dropbox has fewer bytes than it had")
    if answer.status != 409:
        return answer.error()
    reason = tags_of(answer)[-1:]
    if reason == ["not_found"]:
        return Changed("Dropbox does not have this version of the file any more", reason="not_found")
    if reason == ["retry_error"]:
        return Transient("Dropbox is still preparing the document", reason="retry_error")
    return lookup_refusal(answer)
