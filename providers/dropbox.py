"""Dropbox. Source: developers.dropbox.com/oauth-guide, dropbox/dropbox-api-spec (auth, files and users.stone).

The refresh token never expires and is not replaced. A revocation ends it with every access token made from it.
Dropbox tells of changes by path, and of what is deleted by nothing else: the path, in lower case, is what an item is
known by. What is renamed or moved is gone at one path and new at another; `fields.id` stays.
"""

from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.base import ConnectsByOAuth, Revokes
from providers.kit.connection import Connection, Identity, Revocation
from providers.kit.dropbox.calls import API, path_of, tags_of
from providers.kit.dropbox.files import ReadsDropbox
from providers.kit.dropbox.inbound import HearsDropbox
from providers.kit.dropbox.uploads import WritesDropbox
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, ProviderError, Rejected, StartOver
from providers.kit.files import Stores
from providers.kit.items import Item, Page, Pull
from providers.kit.manifest import Feature, Manifest, OAuth2
from providers.kit.timestamps import parse_ms

PAGE = 1000
NOT_A_FOLDER = frozenset({"not_found", "not_folder", "malformed_path", "restricted_content"})


class Dropbox(ConnectsByOAuth, Revokes, Stores, ReadsDropbox, WritesDropbox, HearsDropbox):
    manifest = Manifest(
        slug="dropbox",
        name="Dropbox",
        category="storage",
        description="Import videos and files from Dropbox, and export to it",
        features=(
            Feature("File sync", ("files.metadata.read",)),
            Feature("File import", ("files.metadata.read", "files.content.read")),
            Feature("File export", ("files.metadata.read", "files.content.write")),
        ),
        removal_hint="Remove Koko at https://www.dropbox.com/account/connected_apps.",
    )
    oauth = OAuth2(
        authorize_url="https://www.dropbox.com/oauth2/authorize",
        token_url=f"{API}/oauth2/token",
        pkce=True,
        authorize_params={"token_access_type": "offline"},
        extra_scopes=("account_info.read",),
    )

    def whoami(self, connection: Connection) -> Identity:
        answer = self.call("/2/users/get_current_account", connection, repeatable=True)
        body = answer.require_success().json_object()
        name: Any = body.get("name")
        shown = name.get("display_name") if isinstance(name, dict) else None
        return Identity(account_id=self.require_text(body, "account_id"), account_name=str(shown or "Dropbox"))

    def revoke(self, connection: Connection) -> Revocation:
        try:
            self.call("/2/auth/token/revoke", connection).require_success()
        except CredentialsRefused:
            return Revocation(revoked=True, reason="Dropbox had revoked the token already")
        return Revocation(revoked=True)

    def pull(self, connection: Connection, pull: Pull) -> Page:
        position = pull.cursor or pull.since
        if position is None:
            asked = {"path": path_of(pull.container), "recursive": True, "limit": PAGE}
            answer = self.call("/2/files/list_folder", connection, asked, repeatable=True)
        else:
            answer = self.call("/2/files/list_folder/continue", connection, {"cursor": position}, repeatable=True)
        if answer.status == 400 and position is not None:
            raise StartOver("Dropbox no longer knows where we were")
        if answer.status == 409:
            raise _refusal(answer, pull.container)
        body = answer.require_success().json_object()
        entries, more = self.last_of_each(body.get("entries"), "path_lower"), body.get("has_more")
        if not isinstance(more, bool):
            raise ProtocolBroken("Dropbox did not say whether there is more")
        items, skipped = self.read_files([one for one in entries if not _is_gone(one)], self._read_file, "path_lower")
        cursor = self.require_text(body, "cursor")
        return Page(
            items=items,
            skipped=skipped,
            gone=tuple(one["path_lower"] for one in entries if _is_gone(one)),
            cursor=cursor if more else None,
            watermark=None if more else cursor,
        )

    def _read_file(self, entry: Mapping[str, Any]) -> Item:
        path, tag = self.require_text(entry, "path_lower"), entry.get(".tag")
        if tag not in ("file", "folder"):
            raise ProtocolBroken("Dropbox sent something that is neither a file nor a folder")
        return self.file_item(
            tag,
            id=path,
            name=self.require_text(entry, "name"),
            parent_id=path.rpartition("/")[0] or None,
            modified_at=parse_ms(entry.get("server_modified")),
            fields={
                "id": self.require_text(entry, "id"),
                "path": entry.get("path_display"),
                "size": entry.get("size"),
                "revision": entry.get("rev"),
                "contentHash": entry.get("content_hash"),
            },
        )


def _is_gone(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get(".tag") == "deleted" and isinstance(entry.get("path_lower"), str)


def _refusal(answer: Answer, folder: str | None) -> ProviderError:
    tags = tags_of(answer)
    reason = tags[-1] if tags else None
    if tags[:1] == ["reset"]:
        return StartOver("Dropbox no longer knows where we were", reason=reason)
    if tags[:1] == ["path"] and reason in NOT_A_FOLDER:
        return Missing(f"Dropbox has no folder {folder or '/'}: check syncFolder, an id or a path", reason=reason)
    return Rejected("Dropbox refused to list the folder", reason=reason)
