"""Google Drive. Source: developers.google.com/identity/protocols/oauth2/web-server, Drive v3 discovery document,
developers.google.com/workspace/drive/api/guides/{search-files,manage-changes,about-changes}.

Users may untick scopes on the consent page, so what was granted is read from the answer. Refresh tokens are not
replaced. The change log is of a user, or of a shared drive for what is in one: everything means what the account has in
its own drive, was shared or has opened, and a shared drive is followed as a folder. What is in the bin is gone.
"""

from collections.abc import Mapping
from typing import Any

from providers.kit.base import Revokes
from providers.kit.connection import Connection, Identity, Revocation
from providers.kit.errors import Missing, ProtocolBroken, StartOver
from providers.kit.files import Kind
from providers.kit.folders import EVERYTHING, FollowsFolders, Way
from providers.kit.google_drive.api import ALL_DRIVES, FOLDER, SHORTCUT, quoted
from providers.kit.google_drive.files import ReadsDrive
from providers.kit.google_drive.inbound import HearsDrive
from providers.kit.google_drive.uploads import WritesDrive
from providers.kit.items import Item, Page, Pull
from providers.kit.manifest import Feature, Manifest, OAuth2
from providers.kit.timestamps import parse_ms

SCOPE = "https://www.googleapis.com/auth"
ITEM = (
    "id,name,mimeType,parents,size,md5Checksum,modifiedTime,webViewLink,headRevisionId,trashed,"
    "shortcutDetails(targetId)"
)
PAGE = "1000"
CHANGES = "200"
"""In one page: for each folder in it that is not known, another question may be needed."""


class GoogleDrive(ReadsDrive, WritesDrive, Revokes, FollowsFolders, HearsDrive):
    manifest = Manifest(
        slug="google_drive",
        name="Google Drive",
        category="storage",
        description="Import videos and files from Google Drive, and export to it",
        # Browsing folders needs drive.readonly, which Google restricts to assessed apps; drive.file sees picked files.
        features=(
            Feature("File sync", (f"{SCOPE}/drive.readonly",)),
            Feature("File import", (f"{SCOPE}/drive.readonly",)),
            Feature("File export", (f"{SCOPE}/drive.file",)),
        ),
        removal_hint="Remove Koko at https://myaccount.google.com/connections.",
    )
    oauth = OAuth2(
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        pkce=True,
        authorize_params={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "false"},
    )

    def whoami(self, connection: Connection) -> Identity:
        user: Any = self.get(connection, "/about", {"fields": "user,storageQuota"}).get("user")
        if not isinstance(user, dict):
            raise ProtocolBroken("Google Drive did not say who this is")
        return Identity(
            account_id=self.require_text(user, "permissionId"),
            account_name=str(user.get("emailAddress") or user.get("displayName") or "Google Drive"),
        )

    def revoke(self, connection: Connection) -> Revocation:
        token = connection.credentials.refresh_token or connection.credentials.access_token or ""
        answer = self.http.request(
            "Google Drive", "POST", "https://oauth2.googleapis.com/revoke", form={"token": token}
        )
        if answer.status == 400 and answer.json_object().get("error") == "invalid_token":
            return Revocation(revoked=True, reason="Google had revoked the token already")
        answer.require_success()
        return Revocation(revoked=True)

    def pull(self, connection: Connection, pull: Pull) -> Page:
        return self.follow(connection, pull)

    def find_top(self, connection: Connection, container: str | None) -> tuple[Way, tuple[Item, ...]]:
        if container is None:
            return Way(folders=[]), ()
        no_such = f"Google Drive has no folder {container}, or does not show it to this account: check syncFolder"
        try:
            found = self.get_file(connection, container, f"{ITEM},driveId")
        except Missing as missing:
            raise Missing(no_such, reason=missing.reason) from None
        if found.get("mimeType") != FOLDER or found.get("trashed") is True:
            raise Missing(f"{container} is not a folder of Google Drive, or is in the bin: check syncFolder")
        way = Way(drive=found.get("driveId"), top=self.require_text(found, "id"), folders=[])
        return way, (self._read_file(found),)

    def latest(self, connection: Connection, way: Way) -> str:
        asked = {"supportsAllDrives": "true", **_of_drive(way)}
        return self.require_text(self.get(connection, "/changes/startPageToken", asked), "startPageToken")

    def list_changes(self, connection: Connection, way: Way, position: str) -> Page:
        fields = f"nextPageToken,newStartPageToken,changes(changeType,fileId,removed,file({ITEM}))"
        asked = {"pageToken": position, "pageSize": CHANGES, "includeRemoved": "true", "fields": fields}
        try:
            body = self.get(connection, "/changes", asked | ALL_DRIVES | _of_drive(way))
        except Missing as missing:
            raise StartOver("Google Drive no longer knows where we were", reason=missing.reason) from None
        changes = self.last_of_each(body.get("changes"), "fileId")
        # Changes of a shared drive itself, such as its name, come along.
        changes = [one for one in changes if not isinstance(one, dict) or one.get("changeType") != "drive"]
        items, skipped = self.read_files(
            [one.get("file") if isinstance(one, dict) else one for one in changes if not _is_gone(one)], self._read_file
        )
        following = self.next_page(body, "nextPageToken")
        return Page(
            items=items,
            skipped=skipped,
            gone=tuple(one["fileId"] for one in changes if _is_gone(one)),
            cursor=following,
            watermark=None if following else self.require_text(body, "newStartPageToken"),
        )

    def list_folder(self, connection: Connection, way: Way, folder: str, page: str | None) -> Page:
        within = "" if folder == EVERYTHING else f"{quoted(folder)} in parents and "
        asked = {"q": f"{within}trashed = false", "pageSize": PAGE, "fields": f"nextPageToken,files({ITEM})"}
        if way.drive is not None:
            asked |= {"corpora": "drive", **_of_drive(way)}
        if page is not None:
            asked["pageToken"] = page
        body = self.get(connection, "/files", asked | ALL_DRIVES)
        items, skipped = self.read_files(body.get("files"), self._read_file)
        return Page(items=items, skipped=skipped, cursor=self.next_page(body, "nextPageToken"))

    def parent_of(self, connection: Connection, way: Way, folder: str) -> str | None:
        return _parent(self.get_file(connection, folder, "id,parents"))

    def _read_file(self, entry: Mapping[str, Any]) -> Item:
        mime_type, size = self.require_text(entry, "mimeType"), entry.get("size")
        kind: Kind = "folder" if mime_type == FOLDER else "shortcut" if mime_type == SHORTCUT else "file"
        target = entry.get("shortcutDetails") or {}
        return self.file_item(
            kind,
            id=self.require_text(entry, "id"),
            name=self.require_text(entry, "name"),
            parent_id=_parent(entry),
            url=entry.get("webViewLink"),
            modified_at=parse_ms(entry.get("modifiedTime")),
            fields={
                "mimeType": mime_type,
                "size": None if size is None else int(size),
                "md5": entry.get("md5Checksum"),
                # Google's own documents have no revisions to name.
                "revision": entry.get("headRevisionId") or (entry.get("modifiedTime") if kind == "file" else None),
                "targetId": target.get("targetId"),
            },
        )


def _of_drive(way: Way) -> dict[str, str]:
    return {} if way.drive is None else {"driveId": way.drive}


def _is_gone(change: Any) -> bool:
    if not isinstance(change, dict) or not isinstance(change.get("fileId"), str):
        return False
    found = change.get("file")
    return change.get("removed") is True or (isinstance(found, dict) and found.get("trashed") is True)


def _parent(entry: Mapping[str, Any]) -> str | None:
    parents = entry.get("parents") or []
    return str(parents[0]) if parents else None
