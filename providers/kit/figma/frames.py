"""What is in a Figma file: pages as folders, what lies on them as pictures that Figma renders when they are wanted.

Source: developers.figma.com/docs/rest-api/files (GET file, GET file nodes, GET image), @figma/rest-api-spec. Each of
these counts against the same small number of requests, which for some people is six a month.
"""

from collections.abc import Mapping
from typing import Any

from providers.kit.connection import Connection
from providers.kit.errors import Changed, Missing, ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.figma.calls import CallsFigma, Place, address_of, read_place
from providers.kit.ranges import begins_at
from providers.kit.streams import Stream
from providers.kit.timestamps import parse_ms
from providers.kit.transfers import Entry, Listing, ReadsFiles, RemoteFile

FORMATS = {"png": "image/png", "jpg": "image/jpeg", "svg": "image/svg+xml", "pdf": "application/pdf"}
SCALED = frozenset({"png", "jpg"})
SCALE = "2"
SHOWN = frozenset({"FRAME", "COMPONENT", "COMPONENT_SET", "INSTANCE", "GROUP", "SECTION"})
RENDERING_S = 120.0


class ReadsFrames(CallsFigma, ReadsFiles):
    """Files are not listed: somebody has to know the address of one. It is a folder of pages."""

    def list_files(self, connection: Connection, folder: str | None, query: str | None, cursor: str | None) -> Listing:
        if folder is None:
            raise Rejected("Figma does not let apps list files: paste the address of a file as the folder")
        if cursor is not None:
            raise StartOver("Figma shows everything at once")
        place = read_place(folder)
        if place is None:
            raise Missing("This is neither the address nor the key of a Figma file")
        # The address of a file names whatever was selected when it was copied.
        page_id = None if place.pasted else place.node_id
        asked = {"depth": "1" if page_id is None and not query else "2"}
        if page_id is not None:
            asked["ids"] = page_id
        body = self.get(connection, f"/files/{place.key}", asked)
        pages = [one for one in self._children(body.get("document")) if one.get("type") == "CANVAS"]
        if page_id is not None:
            pages = [page for page in pages if page.get("id") == page_id]
            if not pages:
                raise Missing("There is no such page in the Figma file")
        modified_at = parse_ms(body.get("lastModified"))
        frames = [
            self._entry(place.key, node, modified_at)
            for page in pages
            for node in self._children(page)
            if node.get("type") in SHOWN
        ]
        shown = frames if page_id is not None else [self._entry(place.key, page, None) for page in pages] + frames
        wanted = (query or "").casefold()
        return Listing(entries=tuple(entry for entry in shown if wanted in entry.name.casefold()))

    def find_file(self, connection: Connection, path: str) -> RemoteFile:
        place = read_place(path)
        if place is None:
            raise Missing("This is not the address of something in a Figma file")
        if place.node_id is None:
            raise Rejected("This is a whole Figma file: choose a frame, or paste the address of one")
        ending = place.format or "png"
        if ending not in FORMATS:
            raise Rejected(f"Figma renders no such format: choose {', '.join(FORMATS)}")
        # Before what is in it: what changes in between is then noticed.
        version = self.require_text(self.meta(connection, place.key), "version")
        node = self._node(connection, place, place.node_id)
        exact = f"{place.key}/{place.node_id}" + ("" if ending == "png" else f"?format={ending}")
        return RemoteFile(
            path=exact,
            id=exact,
            name=f"{node.get('name') or 'Frame'}.{ending}",
            version=version,
            mime_type=FORMATS[ending],
            resumable=False,
            source={"key": place.key, "node": place.node_id, "format": ending},
        )

    def open_file(self, connection: Connection, file: RemoteFile, offset: int) -> Stream:
        key, node_id, ending = file.source["key"], file.source["node"], file.source["format"]
        asked = {"ids": node_id, "format": ending} | ({"scale": SCALE} if ending in SCALED else {})
        images = self.get(connection, f"/images/{key}", asked, RENDERING_S).get("images")
        if not isinstance(images, dict) or node_id not in images:
            raise ProtocolBroken("Figma sent an answer without a picture")
        url = images[node_id]
        if url is None:
            raise Rejected("Figma could not render this: it may be empty, hidden or too large")
        if self.require_text(self.meta(connection, key), "version") != file.version:
            raise Changed("The Figma file has been changed meanwhile")
        try:
            # It leads to a store of Figma's, which is to see no token.
            stream = self.http.open("Figma", "GET", url)
        except (ValueError, TypeError):
            raise ProtocolBroken("Figma sent an address that is none") from None
        if begins_at(stream, offset, "Figma"):
            return stream
        with stream:
            raise _refusal(stream)

    def _node(self, connection: Connection, place: Place, node_id: str) -> dict[str, Any]:
        """Something in a file, without what is in it. Raises Missing."""
        nodes = self.get(connection, f"/files/{place.key}/nodes", {"ids": node_id, "depth": "1"}).get("nodes")
        if not isinstance(nodes, dict):
            raise ProtocolBroken("Figma sent an answer of the wrong shape")
        found = nodes.get(node_id)
        if found is None:
            raise Missing("There is no such thing in the Figma file")
        node = found.get("document") if isinstance(found, dict) else None
        if not isinstance(node, dict):
            raise ProtocolBroken("Figma sent an answer of the wrong shape")
        if node.get("type") in ("DOCUMENT", "CANVAS"):
            raise Rejected("This is a page of a Figma file: choose a frame on it")
        return node

    def _entry(self, key: str, node: Mapping[str, Any], modified_at: int | None) -> Entry:
        node_id, name = self.require_text(node, "id"), str(node.get("name") or "")
        is_page = node.get("type") == "CANVAS"
        return Entry(
            path=f"{key}/{node_id}",
            name=name or "Page" if is_page else f"{name or 'Frame'}.png",
            kind="folder" if is_page else "file",
            mime_type=None if is_page else FORMATS["png"],
            modified_at=modified_at,
            url=address_of(key, node_id),
        )

    def _children(self, node: Any) -> list[dict[str, Any]]:
        found = node.get("children", []) if isinstance(node, dict) else None
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise ProtocolBroken("Figma sent a file of the wrong shape")
        return found


def _refusal(stream: Stream) -> ProviderError:
    """Of the store: its address may have run out, and another is had by asking again."""
    if stream.status in (400, 403, 404, 410):
        return Transient(f"The picture that Figma made is not there (HTTP {stream.status})")
    return stream.answer().error()
