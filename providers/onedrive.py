"""OneDrive and SharePoint libraries. Source: learn.microsoft.com/graph/api/{drive-get,driveitem-get,driveitem-delta,
driveitem-list-children}, learn.microsoft.com/onedrive/developer/rest-api/concepts/addressing-driveitems.

`delta` is of a whole drive: libraries do not give it for a folder. Everything is therefore what it says, and a folder
is gone through once and then followed in what it says of the drive.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from providers.kit.connection import Connection, Identity
from providers.kit.errors import Missing, ProtocolBroken, StartOver
from providers.kit.files import Kind
from providers.kit.folders import FollowsFolders, Way
from providers.kit.items import Item, Page, Pull
from providers.kit.manifest import Feature, Manifest
from providers.kit.microsoft import entra
from providers.kit.microsoft_inbound import HearsGraph
from providers.kit.onedrive.api import key_of, within
from providers.kit.onedrive.files import ReadsOneDrive
from providers.kit.onedrive.uploads import WritesOneDrive
from providers.kit.paths import segment
from providers.kit.timestamps import parse_ms

ITEM = "id,name,size,file,folder,package,remoteItem,root,deleted,eTag,lastModifiedDateTime,webUrl,parentReference"
PAGE = urlencode({"$top": 200, "$select": ITEM})
WHOLE_DRIVE = f"/me/drive/root/delta?{PAGE}"
# Without it, each folder above a change is told of as well.
ONLY_CHANGES = {"Prefer": "deltaExcludeParent"}
FACETS: tuple[tuple[str, Kind], ...] = (("remoteItem", "shortcut"), ("package", "package"), ("folder", "folder"))


class OneDrive(ReadsOneDrive, WritesOneDrive, FollowsFolders, HearsGraph):
    change_types = "updated"
    longest_minutes = 42_300
    told_entities = ("files",)
    manifest = Manifest(
        slug="onedrive",
        name="OneDrive",
        category="storage",
        description="Import videos and files from OneDrive, and export to it",
        features=(
            Feature("File sync", ("Files.Read",)),
            Feature("File import", ("Files.Read",)),
            Feature("File export", ("Files.ReadWrite",)),
            # Reading alone does not do for it. Work accounts may want Files.ReadWrite.All, which is more than we ask.
            Feature("Instant updates", ("Files.ReadWrite",)),
        ),
        removal_hint="Remove Koko at https://account.live.com/consent/Manage or https://myapps.microsoft.com.",
    )
    oauth = entra("common")

    def whoami(self, connection: Connection) -> Identity:
        me = self.graph(connection, "/me")
        # Refused where the account has no licence, or its drive has not been set up.
        self.graph(connection, "/me/drive")
        return Identity(account_id=self.require_text(me, "id"), account_name=str(me.get("displayName") or "OneDrive"))

    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        return (str(connection.config.get("syncFolder") or ""),)

    def resource_of(self, connection: Connection, target: str) -> str:
        """The root of a drive: of others, libraries do not tell."""
        if not target:
            return "/me/drive/root"
        drive, _, _ = key_of(self.get_item(connection, target, "id")).partition("/")
        return f"{_drive(drive)}/root"

    def pull(self, connection: Connection, pull: Pull) -> Page:
        if pull.container is not None:
            return self.follow(connection, pull)
        return self._read_delta(connection, pull.cursor or pull.since or WHOLE_DRIVE)

    def find_top(self, connection: Connection, container: str | None) -> tuple[Way, tuple[Item, ...]]:
        wanted = str(container)
        try:
            found = self.get_item(connection, wanted, ITEM)
        except Missing as missing:
            raise Missing(
                f"OneDrive has no folder {wanted}: check syncFolder, which is an id or a path that begins with /",
                reason=missing.reason,
            ) from None
        if found.get("folder") is None:
            raise Missing(f"{wanted} is not a folder of OneDrive: check syncFolder")
        drive, _, top = key_of(found).partition("/")
        return Way(drive=drive, top=top, folders=[]), (self._read_file(found),)

    def latest(self, connection: Connection, way: Way) -> str:
        body = self.graph(connection, f"{_drive(str(way.drive))}/root/delta?token=latest&{PAGE}")
        return self._delta_link(body)

    def list_changes(self, connection: Connection, way: Way, position: str) -> Page:
        return self._read_delta(connection, position, ONLY_CHANGES)

    def list_folder(self, connection: Connection, way: Way, folder: str, page: str | None) -> Page:
        begin = f"{within(str(way.drive), folder)}/children?{PAGE}"
        entries, following = self.graph_page(connection, page or begin)
        items, skipped = self.read_files(entries, self._read_file)
        return Page(items=items, skipped=skipped, cursor=following)

    def parent_of(self, connection: Connection, way: Way, folder: str) -> str | None:
        return _parent(self.graph(connection, f"{within(str(way.drive), folder)}?$select=id,parentReference"))

    def _read_delta(self, connection: Connection, path: str, headers: Mapping[str, str] | None = None) -> Page:
        try:
            body = self.graph(connection, path, headers)
        except Missing as missing:
            if path == WHOLE_DRIVE:
                raise
            raise StartOver("OneDrive no longer knows where we were", reason=missing.reason) from None
        entries = self.last_of_each(body.get("value"), "id")
        live = [one for one in entries if not _is_gone(one) and not _is_root(one)]
        items, skipped = self.read_files(live, self._read_file)
        following = self.graph_link(body, "@odata.nextLink")
        return Page(
            items=items,
            skipped=skipped,
            gone=tuple(one["id"] for one in entries if _is_gone(one)),
            cursor=following,
            watermark=None if following else self._delta_link(body),
        )

    def _delta_link(self, body: Mapping[str, Any]) -> str:
        link = self.graph_link(body, "@odata.deltaLink")
        if link is None:
            raise ProtocolBroken("OneDrive did not say where the next changes will be")
        return link

    def _read_file(self, entry: Mapping[str, Any]) -> Item:
        kind: Kind = next((kind for facet, kind in FACETS if entry.get(facet) is not None), "file")
        content = entry.get("file") or {}
        hashes = content.get("hashes") or {}
        is_file = kind == "file"
        return self.file_item(
            kind,
            id=self.require_text(entry, "id"),
            name=self.require_text(entry, "name"),
            parent_id=_parent(entry),
            url=entry.get("webUrl"),
            modified_at=parse_ms(entry.get("lastModifiedDateTime")),
            fields={
                # A folder's follow from what it holds.
                "size": entry.get("size") if is_file else None,
                "etag": entry.get("eTag") if is_file else None,
                "mimeType": content.get("mimeType"),
                "quickXorHash": hashes.get("quickXorHash"),
                "sha1": hashes.get("sha1Hash"),
            },
        )


def _drive(drive: str) -> str:
    return f"/drives/{segment(drive)}"


def _is_gone(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("id"), str) and entry.get("deleted") is not None


def _is_root(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("root") is not None


def _parent(entry: Mapping[str, Any]) -> str | None:
    found = (entry.get("parentReference") or {}).get("id")
    return None if found is None else str(found)
