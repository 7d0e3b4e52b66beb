"""Figma. Source: developers.figma.com/docs/rest-api/{authentication,errors,files,comments},
@figma/rest-api-spec.

Token calls are HTTP Basic with a form; renewing has an address of its own and brings no new refresh token. There is no
revocation. 403 also means that the token is not valid. Apps that anybody may connect cannot list files: people paste
addresses, and a file that they do not share answers 403 or 404. How often one may ask depends on the person's seat;
Retry-After may be days.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from providers.kit.answer import Answer
from providers.kit.base import ConnectsByOAuth, ListsItems
from providers.kit.connection import Connection, Identity, Resource
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, ProviderError, Rejected
from providers.kit.items import Item, Page, Pull
from providers.kit.manifest import Feature, Manifest, OAuth2
from providers.kit.paths import segment
from providers.kit.timestamps import parse_ms

API = "https://api.figma.com/v1"
SITE = "https://www.figma.com"
_KEY = r"[0-9A-Za-z]{10,128}"
_ADDRESS = re.compile(
    rf"(?:https?://)?(?:www\.)?figma\.com/(?:file|design|proto|board|slides|deck|buzz|site|make)/(?P<key>{_KEY})"
    rf"(?:/branch/(?P<branch>{_KEY}))?(?:[/?#].*)?"
)
_UNKNOWN = "Figma has no such file, or does not show it to this account"


class Figma(ConnectsByOAuth, ListsItems):
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
        answer = self._request(connection, "/me")
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
                name = self.require_text(self._meta(connection, key), "name")
            except Missing:
                continue
            known[key] = Resource(id=key, name=name)
        return {target: known[key] for target, key in keys.items() if key in known}

    def pull(self, connection: Connection, pull: Pull) -> Page:
        key = segment(str(pull.container))
        if pull.entity == "files":
            return Page(items=(self._read_file(self._meta(connection, key), key),))
        comments = self._get(connection, f"/files/{key}/comments").get("comments")
        items, skipped = self.read_items(comments, lambda entry: self._read_comment(entry, key))
        return Page(items=tuple(items), skipped=tuple(skipped))

    def _read_file(self, entry: Mapping[str, Any], key: str) -> Item:
        return Item(
            id=key,
            title=self.require_text(entry, "name"),
            url=entry.get("url") or f"{SITE}/file/{key}",
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
        at_node = f"?node-id={quote(node_id.replace(':', '-'), safe='')}" if node_id else ""
        return Item(
            id=self.require_text(entry, "id"),
            title="",
            text=message,
            parent_id=entry.get("parent_id") or key,
            done=resolved_at is not None,
            url=f"{SITE}/file/{key}{at_node}",
            author=(entry.get("user") or {}).get("handle"),
            modified_at=parse_ms(resolved_at or entry.get("created_at")),
            fields={"nodeId": node_id, "orderId": entry.get("order_id") or None},
        )

    def _meta(self, connection: Connection, key: str) -> dict[str, Any]:
        """What there is to know of a file without its content."""
        found = self._get(connection, f"/files/{key}/meta").get("file")
        if not isinstance(found, dict):
            raise ProtocolBroken("Figma sent an answer without a file")
        return found

    def _get(self, connection: Connection, path: str) -> dict[str, Any]:
        answer = self._request(connection, path)
        if answer.status == 403:
            raise _forbidden(answer)
        if answer.status == 404:
            raise Missing(_UNKNOWN)
        return answer.require_success().json_object()

    def _request(self, connection: Connection, path: str) -> Answer:
        return self.http.request("Figma", "GET", f"{API}{path}", bearer=connection.credentials.access_token)


def file_key(target: str) -> str | None:
    """The key in a file's address, or the key itself; None for anything else. A branch has a key of its own."""
    text = target.strip()
    if re.fullmatch(_KEY, text):
        return text
    found = _ADDRESS.fullmatch(text)
    return None if found is None else found["branch"] or found["key"]


def _forbidden(answer: Answer) -> ProviderError:
    """What a 403 is about is said in words alone, in one of two members."""
    body = answer.json_object()
    said = str(body.get("err") or body.get("message") or "").lower()
    if "scope" in said:
        return Rejected("Figma did not grant a permission that this needs; connect Figma again", reason="missing_scope")
    if "token" in said:
        return CredentialsRefused("Figma no longer accepts the token; connect Figma again")
    return Missing(_UNKNOWN)
