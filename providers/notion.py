"""Notion. Source: developers.notion.com/reference, API version 2025-09-03; makenotion/notion-sdk-js.

No scopes and no PKCE: the user picks pages on the consent page. Token calls are HTTP Basic with JSON; the lifetime is
not published, so a token is renewed when it is refused.

A project is a data source - a table, of which a database may have several - and a task is a page in it; what of a page
is its title, state and text is in providers/kit/notion/page.py. Notion's lists leave out what is in the trash, and a
new comment does not count as an edit of its page: both are noticed by full passes. Comments that belong to a resolved
discussion, or to a passage in the page, are not listed at all.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from providers.kit.answer import Answer
from providers.kit.base import ConnectsByOAuth, Revokes
from providers.kit.connection import Connection, Identity, Resource, Revocation
from providers.kit.errors import Missing, ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.field_values import ExternalField
from providers.kit.fields import MapsFields
from providers.kit.items import Change, Draft, Item, Page, Pull, Status
from providers.kit.manifest import Feature, Manifest, OAuth2, Rate
from providers.kit.notion.fields import read_fields, write_fields
from providers.kit.notion.inbound import HearsNotion
from providers.kit.notion.page import Schema, is_trashed, read_files, read_page, source_title, status_ids
from providers.kit.notion.paging import PAGE_SIZE, Bookmark, next_cursor, read_results
from providers.kit.notion.text import block_text, paragraph, to_plain, to_rich_text
from providers.kit.paging import all_pages
from providers.kit.paths import segment
from providers.kit.timestamps import parse_ms

API = "https://api.notion.com/v1"
VERSION = {"Notion-Version": "2025-09-03"}


class Notion(ConnectsByOAuth, Revokes, MapsFields, HearsNotion):
    resource_kinds = ("projects", "statuses", "fields")
    entities = ("projects", "tasks", "comments", "files")
    per_task = frozenset({"comments"})
    with_tasks = frozenset({"files"})
    settles_after_s = 10.0
    manifest = Manifest(
        slug="notion",
        name="Notion",
        category="project_management",
        description="Keep video feedback and Notion pages in step",
        features=(Feature("Page sync"), Feature("Comment sync"), Feature("File sync")),
        rate_per_connection=Rate(3, 1),
        removal_hint="Remove Koko in Notion's settings, under Connections.",
    )
    oauth = OAuth2(
        authorize_url=f"{API}/oauth/authorize",
        token_url=f"{API}/oauth/token",
        pkce=False,
        client_auth="basic",
        encoding="json",
        authorize_params={"owner": "user"},
    )

    def token_error(self, answer: Answer) -> ProviderError | None:
        if answer.status in (400, 401, 403):
            body = answer.json_object()
            # Notion's own errors say `code`, its RFC 6749 ones `error`.
            return self.token_refusal(str(body.get("error") or body.get("code") or "invalid_request"))
        return super().token_error(answer)

    def whoami(self, connection: Connection) -> Identity:
        me = self._object(connection, "GET", "/users/me")
        bot: Any = me.get("bot")
        if not isinstance(bot, dict):
            raise ProtocolBroken("Notion did not say which workspace this is")
        return Identity(account_id=self.require_text(me, "id"), account_name=str(bot.get("workspace_name") or "Notion"))

    def revoke(self, connection: Connection) -> Revocation:
        app = self.oauth_app
        self.http.request(
            "Notion",
            "POST",
            f"{API}/oauth/revoke",
            basic=(app.client_id, app.client_secret),
            json={"token": connection.credentials.access_token},
            headers=VERSION,
        ).require_success()
        return Revocation(revoked=True)

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        if kind == "statuses":
            return self.status_resources(connection, container)
        if kind == "fields":
            return self.field_resources(connection, container)

        def ask(cursor: str | None) -> tuple[list[Resource], str | None]:
            body = self._search(connection, cursor)
            return [self._resource(one) for one in read_results(body)], next_cursor(body)

        return all_pages("Notion", ask)

    def find_containers(self, connection: Connection, targets: Iterable[str]) -> dict[str, Resource]:
        """Asks for each: what has been shared a moment ago is not in the search yet. The id of a database, which is in
        its address, will do where it has a single data source. Raises Rejected where it has several."""
        found = {target: self._find_container(connection, target) for target in dict.fromkeys(targets)}
        return {target: resource for target, resource in found.items() if resource is not None}

    def pull(self, connection: Connection, pull: Pull) -> Page:
        if pull.entity == "projects":
            return self._pull_projects(connection, pull)
        if pull.entity == "comments":
            return self._pull_comments(connection, pull)
        return self._pull_pages(connection, pull)

    def list_statuses(self, connection: Connection, container: str) -> list[Status]:
        return list(self._schema(connection, container).statuses)

    def list_fields(self, connection: Connection, container: str) -> list[ExternalField]:
        source = self._data_source(connection, container)
        return read_fields(Schema.read(source), source["properties"])

    def create_task(self, connection: Connection, container: str, draft: Draft) -> Item:
        schema = self._schema(connection, container)
        # Without a state given, Notion chooses.
        done = True if draft.done else None
        body: dict[str, Any] = {
            "parent": {"type": "data_source_id", "data_source_id": container},
            "properties": schema.values(
                title=draft.title, text=draft.text, url=draft.url, done=done, status_id=draft.status_id
            )
            | write_fields(draft.fields),
        }
        if schema.text is None:
            body["children"] = [paragraph(draft.text)]
        return schema.read_page(self._object(connection, "POST", "/pages", json=body), draft.reads)

    def update_task(self, connection: Connection, container: str, task_id: str, change: Change) -> Item:
        schema = self._schema(connection, container)
        path = f"/pages/{segment(task_id)}"
        values = schema.values(
            title=change.title, text=change.text, url=change.url, done=change.done, status_id=change.status_id
        ) | write_fields(change.fields)
        try:
            if change.text is not None and schema.text is None:
                self._write_content(connection, task_id, change.koko_id, change.text)
            page = self._object(connection, "PATCH", path, json={"properties": values}) if values else None
        except Missing:
            raise
        except Rejected:
            # Notion refuses to write to what is in the trash, as it refuses anything invalid.
            if is_trashed(self._object(connection, "GET", path)):
                raise Missing("This page is in Notion's trash", reason="in_trash") from None
            raise
        return schema.read_page(page or self._object(connection, "GET", path), change.reads)

    def create_comment(self, connection: Connection, container: str, task_id: str, text: str) -> Item:
        body = {"parent": {"page_id": task_id}, "rich_text": to_rich_text(text)}
        return self._read_comment(self._object(connection, "POST", "/comments", json=body), task_id)

    def update_comment(self, connection: Connection, container: str, task_id: str, comment_id: str, text: str) -> Item:
        path = f"/comments/{segment(comment_id)}"
        changed = self._object(connection, "PATCH", path, json={"rich_text": to_rich_text(text)})
        return self._read_comment(changed, task_id)

    def _pull_projects(self, connection: Connection, pull: Pull) -> Page:
        if pull.container is not None:
            items, skipped = self.read_items([self._data_source(connection, pull.container)], self._read_project)
            return Page(items=tuple(items), skipped=tuple(skipped))
        body = self._search(connection, pull.cursor)
        items, skipped = self.read_items(read_results(body), self._read_project)
        return Page(items=tuple(items), skipped=tuple(skipped), cursor=next_cursor(body))

    def _pull_comments(self, connection: Connection, pull: Pull) -> Page:
        asked = {"block_id": str(pull.parent), "page_size": str(PAGE_SIZE)}
        if pull.cursor is not None:
            asked["start_cursor"] = pull.cursor
        body = self._object(connection, "GET", "/comments", params=asked)
        items, skipped = self.read_items(read_results(body), lambda entry: self._read_comment(entry, str(pull.parent)))
        return Page(items=tuple(items), skipped=tuple(skipped), cursor=next_cursor(body))

    def _pull_pages(self, connection: Connection, pull: Pull) -> Page:
        mark = Bookmark.load(pull.cursor or pull.since)
        path = f"/data_sources/{segment(str(pull.container))}/query"
        answer = self._request(connection, "POST", path, json=mark.query(), repeatable=True)
        body = answer.json_object()
        # The table of a wiki has other tables among its pages.
        entries = [one for one in read_results(body) if not isinstance(one, dict) or one.get("object") == "page"]
        live = [one for one in entries if not isinstance(one, dict) or not is_trashed(one)]
        statuses = mark.statuses
        if not status_ids(live) <= statuses.keys():
            statuses = {one.id: one.done for one in self.list_statuses(connection, str(pull.container))}
        files: list[Item] = []

        def read(entry: Mapping[str, Any]) -> Item:
            task, found = read_page(entry, statuses, pull.reads), list(read_files(entry))
            files.extend(found)
            return task

        items, skipped = self.read_items(live, read)
        following = mark.after(body, statuses)
        first = Bookmark.for_next_pass(answer.sent_at, statuses) if pull.cursor is None else None
        return Page(
            items=(*items, *files),
            gone=tuple(str(one.get("id")) for one in entries if isinstance(one, dict) and is_trashed(one)),
            skipped=tuple(skipped),
            cursor=None if following is None else following.dump(),
            watermark=None if first is None else first.dump(),
        )

    def _find_container(self, connection: Connection, target: str) -> Resource | None:
        try:
            asked = str(UUID(target))
        except ValueError:
            return None
        with contextlib.suppress(Rejected):
            found = self._data_source(connection, asked)
            return None if is_trashed(found) else self._resource(found)
        try:
            database = self._object(connection, "GET", f"/databases/{asked}")
        except Missing:
            return None
        sources = self.read_resources(database.get("data_sources"))
        if len(sources) > 1:
            choice = ", ".join(f"{one.name} ({one.id})" for one in sources)
            raise Rejected(f"This Notion database has {len(sources)} data sources; give the id of one: {choice}")
        return sources[0] if sources else None

    def _data_source(self, connection: Connection, container: str) -> dict[str, Any]:
        return self._object(connection, "GET", f"/data_sources/{segment(container)}")

    def _schema(self, connection: Connection, container: str) -> Schema:
        return Schema.read(self._data_source(connection, container))

    def _search(self, connection: Connection, cursor: str | None) -> dict[str, Any]:
        body: dict[str, Any] = {"filter": {"property": "object", "value": "data_source"}, "page_size": PAGE_SIZE}
        if cursor is not None:
            body["start_cursor"] = cursor
        return self._object(connection, "POST", "/search", json=body, repeatable=True)

    def _resource(self, data_source: Mapping[str, Any]) -> Resource:
        return Resource(id=self.require_text(data_source, "id"), name=source_title(data_source))

    def _read_project(self, entry: Mapping[str, Any]) -> Item:
        return Item(
            id=self.require_text(entry, "id"),
            title=source_title(entry),
            url=entry.get("url"),
            modified_at=parse_ms(entry.get("last_edited_time")),
        )

    def _read_comment(self, entry: Mapping[str, Any], page_id: str) -> Item:
        return Item(
            id=self.require_text(entry, "id"),
            title="",
            text=to_plain(entry.get("rich_text")),
            parent_id=page_id,
            author=(entry.get("display_name") or {}).get("resolved_name"),
            modified_at=parse_ms(entry.get("last_edited_time")),
        )

    def _write_content(self, connection: Connection, page_id: str, koko_id: str, text: str) -> None:
        """Changes the block that carries our link, whatever people made of it; what else is in the page stays."""
        wanted = paragraph(text)
        for block in self._blocks(connection, page_id):
            if quote(koko_id, safe="") in block_text(block):
                path = f"/blocks/{segment(str(block['id']))}"
                self._object(connection, "PATCH", path, json={block["type"]: wanted["paragraph"]})
                return
        path = f"/blocks/{segment(page_id)}/children"
        self._object(connection, "PATCH", path, json={"children": [wanted]})

    def _blocks(self, connection: Connection, page_id: str) -> Iterator[dict[str, Any]]:
        asked = {"page_size": str(PAGE_SIZE)}
        while True:
            body = self._object(connection, "GET", f"/blocks/{segment(page_id)}/children", params=asked)
            yield from read_results(body)
            cursor = next_cursor(body)
            if cursor is None:
                return
            asked["start_cursor"] = cursor

    def _object(self, connection: Connection, method: str, path: str, **sent: Any) -> dict[str, Any]:
        return self._request(connection, method, path, **sent).json_object()

    def _request(self, connection: Connection, method: str, path: str, **sent: Any) -> Answer:
        token = connection.credentials.access_token
        answer = self.http.request("Notion", method, f"{API}{path}", bearer=token, headers=VERSION, **sent)
        if 200 <= answer.status < 300:
            return answer
        try:
            code = answer.json_object().get("code")
        except ProtocolBroken:
            code = None
        reason = code if isinstance(code, str) else None
        if answer.status == 409:
            raise Transient("Notion could not do this because of another change at the same time", reason=reason)
        if answer.status == 403:
            raise Rejected("Notion does not allow Koko's connection to do this", reason=reason)
        if answer.status == 400 and "start_cursor" in {**(sent.get("json") or {}), **(sent.get("params") or {})}:
            raise StartOver("Notion no longer knows where we were", reason=reason)
        raise answer.error(reason)
