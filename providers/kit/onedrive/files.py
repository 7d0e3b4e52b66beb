"""Browsing and reading OneDrive.

Source: learn.microsoft.com/graph/api/{driveitem-list-children,driveitem-search,driveitem-get-content}.

Bytes come from an address of another host that is its own permission: the token stays here. It takes no condition, so
a file is opened first and looked at then: what is still the version that was asked for was that when its bytes began.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from providers.kit.connection import Connection
from providers.kit.errors import Changed, Missing, ProtocolBroken, Rejected, StartOver, Transient
from providers.kit.microsoft import GRAPH
from providers.kit.onedrive.api import NAME, OneDriveApi, address_of, checksums_of, key_of, refusal, size_of
from providers.kit.ranges import begins_at, from_byte
from providers.kit.streams import Stream
from providers.kit.timestamps import parse_ms
from providers.kit.transfers import Entry, Listing, ReadsFiles, RemoteFile

ENTRY = "id,name,size,file,folder,package,remoteItem,lastModifiedDateTime,webUrl,parentReference"
VERSION = "id,cTag,eTag"
FILE = f"{VERSION},size,file,package,malware"
PAGE = urlencode({"$top": 200, "$select": ENTRY})
LISTS = ("/me/drive/", "/drives/", "/users/")
"""How the paths of next pages begin."""


class ReadsOneDrive(OneDriveApi, ReadsFiles):
    """A search finds what Microsoft has indexed, by names and by what is in the files, in the folder and below it."""

    def list_files(self, connection: Connection, folder: str | None, query: str | None, cursor: str | None) -> Listing:
        if cursor is None:
            cursor = self._first_page(connection, folder, query)
        elif not cursor.startswith(LISTS):
            raise StartOver("This is no cursor of OneDrive's: begin the list again")
        body = self.ask(connection, "GET", cursor).json_object()
        rows = body.get("value")
        if not isinstance(rows, list):
            raise ProtocolBroken("OneDrive sent a list of the wrong shape")
        return Listing(entries=tuple(self._entries(rows)), cursor=self.graph_link(body, "@odata.nextLink"))

    def find_file(self, connection: Connection, path: str) -> RemoteFile:
        found = self.get_item(connection, path, FILE)
        name, facet = self.require_text(found, "name"), found.get("file")
        if found.get("folder") is not None:
            raise Rejected(f"{name} is a folder of OneDrive: import the files in it")
        if found.get("package") is not None:
            raise Rejected(f"{name} is a notebook or another package of OneDrive, which cannot be downloaded")
        if found.get("malware") is not None:
            raise Rejected("Microsoft has found malware in this file and does not give it out")
        if not isinstance(facet, dict):
            raise ProtocolBroken("OneDrive sent something that is neither a file nor a folder")
        mime_type = facet.get("mimeType")
        return RemoteFile(
            path=path,
            id=self.require_text(found, "id"),
            name=name,
            version=self._version(found),
            size=size_of(found),
            mime_type=mime_type if isinstance(mime_type, str) else None,
            checksums=checksums_of(found),
            source={"key": key_of(found)},
        )

    def open_file(self, connection: Connection, file: RemoteFile, offset: int) -> Stream:
        where = address_of(file.source["key"])
        stream = self.http.open(NAME, "GET", self._find_bytes(connection, where), headers=from_byte(offset))
        try:
            begun = begins_at(stream, offset, NAME)
            if not begun and stream.status in (401, 403):
                raise Transient("OneDrive's address of the file ran out before it was used", reason="address_expired")
            if not begun and stream.status != 416:
                raise refusal(stream.answer())
            if self._version(self.look(connection, f"{where}?$select={VERSION}")) != file.version:
                raise Changed(f"{file.name} has changed in OneDrive since: import it again")
            if not begun:
                raise ProtocolBroken("OneDrive has less of the file than it says")
        except BaseException:
            stream.close()
            raise
        return stream

    def _find_bytes(self, connection: Connection, where: str) -> str:
        """The address of the bytes, good for some minutes."""
        token = connection.credentials.access_token
        with self.http.open(NAME, "GET", f"{GRAPH}{where}/content", bearer=token) as answer:
            if answer.status not in (301, 302, 303, 307, 308):
                raise refusal(answer.answer())
            address = answer.headers.get("Location", "")
        if not address.startswith("https://"):
            raise ProtocolBroken("OneDrive did not say where the file's bytes are")
        return address

    def _first_page(self, connection: Connection, folder: str | None, query: str | None) -> str:
        """The Graph path of the first page."""
        where = "/me/drive/root"
        if folder is not None:
            found = self.get_item(connection, folder, "id")
            if found.get("folder") is None:
                raise Missing(f"{found.get('name')} is not a folder of OneDrive")
            where = address_of(key_of(found))
        if not query:
            return f"{where}/children?{PAGE}"
        wanted = query.replace("'", "''")
        return f"{where}/search(q='{quote(wanted, safe='')}')?{PAGE}"

    def _entries(self, rows: list[Any]) -> list[Entry]:
        found: list[Entry] = []
        for row in rows:
            try:
                found.append(self._entry(row))
            except ProtocolBroken:
                # It cannot be imported either; the others can.
                continue
        return found

    def _entry(self, row: Any) -> Entry:
        if not isinstance(row, dict):
            raise ProtocolBroken("OneDrive sent an entry of the wrong shape")
        # What is in another drive is shown as it is there, under the name that it has here.
        remote = row.get("remoteItem")
        real: Mapping[str, Any] = remote if isinstance(remote, dict) else row
        is_folder, facet = real.get("folder") is not None, real.get("file")
        return Entry(
            path=key_of(real),
            name=self.require_text(row, "name"),
            kind="folder" if is_folder else "file",
            size=None if is_folder else size_of(real),
            mime_type=facet.get("mimeType") if isinstance(facet, dict) else None,
            modified_at=parse_ms(row.get("lastModifiedDateTime")),
            url=row.get("webUrl"),
        )

    def _version(self, entry: Mapping[str, Any]) -> str:
        """cTag is of the content, eTag of all that there is to tell."""
        return self.require_text(entry, "cTag" if entry.get("cTag") is not None else "eTag")
