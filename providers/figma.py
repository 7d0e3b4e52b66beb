"""Figma. Source: developers.figma.com/docs/rest-api/{authentication,errors,files,comments},
@figma/rest-api-spec.

Token calls are HTTP Basic with a form; renewing has an address of its own and brings no new refresh token. There is no
revocation. 403 also means that the token is not valid. Apps that anybody may connect cannot list files: people paste
addresses, and a file that they do not share answers 403 or 404. How often one may ask depends on the person's seat;
Retry-After may be days.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from providers.kit.base import ConnectsByOAuth, ListsItems
from providers.kit.connection import Connection, Identity, Resource
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, Rejected
from providers.kit.figma.calls import API, SITE, address_of, file_key
from providers.kit.figma.frames import ReadsFrames
from providers.kit.figma.inbound import HearsFigma
from providers.kit.items import Item, Page, Pull
from providers.kit.manifest import Feature, Manifest, OAuth2
from providers.kit.paths import segment
from providers.kit.timestamps import parse_ms


class Figma(ConnectsByOAuth, ListsItems, ReadsFrames, HearsFigma):
    resource_kinds = ()
    entities = ("files", "comments")
    container_kind = "files"
    manifest = Manifest(
        slug="figma",
        name="Figma",
        category="creative",
        description="Import Figma frames next to the videos they belong to",
        features=(
            Feature("Design import", ("file_content:read", "file_metadata:read")),
            Feature("File sync", ("file_metadata:read",)),
            Feature("Comment sync", ("file_metadata:read", "file_comments:read")),
            Feature("Instant updates", ("webhooks:write",)),
        ),
        removal_hint="Remove Koko in Figma's settings, under Connected apps.",
    )
    oauth = OAuth2(
        authorize_url=f"{SITE}/oauth",
        token_url=f"{API}/oauth/token",
        refresh_url=f"{API}/oauth/refresh",
        pkce=False,
        client_auth="basic",
        scope_separator=",",
        extra_scopes=("current_user:read",),
    )

    def whoami(self, connection: Connection) -> Identity:
        answer = self.request(connection, "/me")
        # Reading oneself needs no more than a valid token.
        if answer.status in (401, 403):
            raise CredentialsRefused("Figma no longer accepts the token; connect Figma again")
        me = answer.require_success().json_object()
        return Identity(
            account_id=self.require_text(me, "id"), account_name=str(me.get("handle") or me.get("email") or "Figma")
        )

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        raise Rejected("Figma does not let apps list files: paste the address of the file")

    def find_containers(self, connection: Connection, targets: Iterable[str]) -> dict[str, Resource]:
        keys = {target: key for target in targets if (key := file_key(target)) is not None}
        known: dict[str, Resource] = {}
        for key in dict.fromkeys(keys.values()):
            try:
                name = self.require_text(self.meta(connection, key), "name")
            except Missing:
                continue
            known[key] = Resource(id=key, name=name)
        return {target: known[key] for target, key in keys.items() if key in known}

    def pull(self, connection: Connection, pull: Pull) -> Page:
        key = segment(str(pull.container))
        if pull.entity == "files":
            return Page(items=(self._read_file(self.meta(connection, key), key),))
        comments = self.get(connection, f"/files/{key}/comments").get("comments")
        items, skipped = self.read_items(comments, lambda entry: self._read_comment(entry, key))
        return Page(items=tuple(items), skipped=tuple(skipped))

    def _read_file(self, entry: Mapping[str, Any], key: str) -> Item:
        return Item(
            id=key,
            title=self.require_text(entry, "name"),
            url=entry.get("url") or address_of(key),
            modified_at=parse_ms(entry.get("last_touched_at")),
            fields={
                "kind": entry.get("editorType"),
                "version": entry.get("version"),
                "folder": entry.get("folder_name"),
            },
        )

    def _read_comment(self, entry: Mapping[str, Any], key: str) -> Item:
        message = entry.get("message")
        if not isinstance(message, str):
            raise ProtocolBroken("Figma sent a comment without a message")
        resolved_at = entry.get("resolved_at") or None
        # A pin on the canvas itself has coordinates and no node; a reply has neither.
        node_id = (entry.get("client_meta") or {}).get("node_id")
        return Item(
            id=self.require_text(entry, "id"),
            title="",
            text=message,
            parent_id=entry.get("parent_id") or key,
            done=resolved_at is not None,
            url=address_of(key, node_id),
            author=(entry.get("user") or {}).get("handle"),
            modified_at=parse_ms(resolved_at or entry.get("created_at")),
            fields={"nodeId": node_id, "orderId": entry.get("order_id") or None},
        )
