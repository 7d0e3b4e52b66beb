"""Asana. Source: developers.asana.com/docs/oauth, Asana/openapi.

The refresh token comes with the code exchange alone and stays; it is also what revocation wants. A personal access
token works in place of OAuth. A status is a section of the project; what is done is said by `completed`. Lists of
changes leave out what was deleted or taken out of the project: full passes notice it.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from providers.kit.asana.calls import PAGE
from providers.kit.asana.fields import QUERY, VALUES, read_fields, read_values, write_fields
from providers.kit.asana.paging import is_comment, next_offset
from providers.kit.asana.webhooks import HearsAsana
from providers.kit.base import ConnectsByKeys, ConnectsByOAuth, Revokes
from providers.kit.connection import Connection, Identity, Resource, Revocation
from providers.kit.errors import ProtocolBroken, ProviderError
from providers.kit.field_values import ExternalField
from providers.kit.fields import MapsFields
from providers.kit.items import Change, Draft, Item, Page, Pull, Status
from providers.kit.manifest import Feature, Field, Manifest, OAuth2, Rate
from providers.kit.paths import segment
from providers.kit.timestamps import iso_seconds, parse_ms

TASKS = ("workspaces:read", "projects:read", "tasks:read", "tasks:write")
OVERLAP_MS = 30_000
"""Longer than an answer may take, which is dated when it is ready: what changed meanwhile comes again."""
FIELDS = {
    "projects": "name,modified_at,permalink_url,archived",
    "tasks": "name,notes,completed,due_on,assignee.name,modified_at,permalink_url,"
    "memberships.project,memberships.section",
    "comments": "resource_subtype,text,created_at,created_by.name",
    "files": "name,size,created_at,view_url,resource_subtype",
}


class Asana(HearsAsana, ConnectsByOAuth, ConnectsByKeys, Revokes, MapsFields):
    resource_kinds = ("workspaces", "projects", "statuses", "fields")
    entities = ("projects", "tasks", "comments", "files")
    per_task = frozenset({"comments", "files"})
    manifest = Manifest(
        slug="asana",
        name="Asana",
        category="project_management",
        description="Keep video feedback and Asana tasks in step",
        features=(
            Feature("Task sync", TASKS),
            Feature("Comment sync", (*TASKS, "stories:read", "stories:write")),
            Feature("File sync", (*TASKS, "attachments:read")),
            Feature("Field mapping", (*TASKS, "custom_fields:read")),
            Feature("Changes within seconds", ("webhooks:read", "webhooks:write", "webhooks:delete")),
        ),
        fields=(Field(name="accessToken", hint="a personal access token", secret=True, required=True, alias="apiKey"),),
        # A paid workspace's; a free one, with a tenth of it, says so by 429.
        rate_per_connection=Rate(1500, 60),
        removal_hint="Remove Koko in Asana's settings, under Apps.",
    )
    oauth = OAuth2(
        authorize_url="https://app.asana.com/-/oauth_authorize",
        token_url="https://app.asana.com/-/oauth_token",  # noqa: S106 - an address
        pkce=True,
        extra_scopes=("users:read",),
    )

    def whoami(self, connection: Connection) -> Identity:
        me = self._data(connection, "GET", "/users/me", {"opt_fields": "name,email"})
        return Identity(account_id=self.require_text(me, "gid"), account_name=str(me.get("name") or "Asana"))

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        if kind == "statuses":
            return self.status_resources(connection, container)
        if kind == "fields":
            return self.field_resources(connection, container)
        workspaces = self.read_resources(self._all(connection, "/workspaces", {"opt_fields": "name"}), id_name="gid")
        if kind == "workspaces":
            return workspaces
        asked = {"archived": "false", "opt_fields": "name"}
        return [
            project
            for workspace in workspaces
            for project in self.read_resources(
                self._all(connection, "/projects", {"workspace": workspace.id, **asked}),
                id_name="gid",
                parent_name=workspace.name,
            )
        ]

    def pull(self, connection: Connection, pull: Pull) -> Page:
        if pull.entity == "projects":
            return self._pull_projects(connection, pull)
        asked = {"limit": PAGE, "opt_fields": _asked(pull.reads) if pull.entity == "tasks" else FIELDS[pull.entity]}
        if pull.cursor is not None:
            asked["offset"] = pull.cursor
        if pull.entity == "tasks":
            asked["project"] = str(pull.container)
            if pull.since is not None:
                asked["modified_since"] = pull.since
            path = "/tasks"
        elif pull.entity == "comments":
            path = f"/tasks/{segment(str(pull.parent))}/stories"
        else:
            path = "/attachments"
            asked["parent"] = str(pull.parent)
        answer = self._request(connection, "GET", path, asked)
        body = answer.json_object()
        entries = body.get("data")
        if pull.entity == "comments" and isinstance(entries, list):
            # The story of a task is mostly made by Asana itself.
            entries = [one for one in entries if not isinstance(one, dict) or is_comment(one)]
        items, skipped = self.read_items(entries, lambda entry: self._read(pull, entry))
        first = pull.entity == "tasks" and pull.cursor is None
        return Page(
            items=tuple(items),
            skipped=tuple(skipped),
            cursor=next_offset(body),
            watermark=iso_seconds(answer.sent_at - OVERLAP_MS) if first else None,
        )

    def list_statuses(self, connection: Connection, container: str) -> list[Status]:
        sections = self._all(connection, f"/projects/{segment(container)}/sections", {"opt_fields": "name"})
        return [Status(id=one.id, name=one.name) for one in self.read_resources(sections, id_name="gid")]

    def list_fields(self, connection: Connection, container: str) -> list[ExternalField]:
        return read_fields(self._data(connection, "GET", f"/projects/{segment(container)}", {"opt_fields": QUERY}))

    def create_task(self, connection: Connection, container: str, draft: Draft) -> Item:
        data = {"name": draft.title, "notes": draft.text, "projects": [container], "completed": draft.done}
        data |= write_fields(draft.fields)
        made = self._write(connection, "POST", "/tasks", data, _asked(draft.reads))
        if draft.status_id is not None:
            # Once the task is made nothing is raised, for that would have it made once more.
            with contextlib.suppress(ProviderError):
                self._move(connection, draft.status_id, self.require_text(made, "gid"))
                made = self._data(
                    connection, "GET", f"/tasks/{segment(made['gid'])}", {"opt_fields": _asked(draft.reads)}
                )
        return self._read_task(made, container, draft.reads)

    def update_task(self, connection: Connection, container: str, task_id: str, change: Change) -> Item:
        if change.status_id is not None:
            self._move(connection, change.status_id, task_id)
        wanted = {"name": change.title, "notes": change.text, "completed": change.done}
        data = {name: value for name, value in wanted.items() if value is not None} | write_fields(change.fields)
        written = self._write(connection, "PUT", f"/tasks/{segment(task_id)}", data, _asked(change.reads))
        return self._read_task(written, container, change.reads)

    def create_comment(self, connection: Connection, container: str, task_id: str, text: str) -> Item:
        made = self._write(connection, "POST", f"/tasks/{segment(task_id)}/stories", {"text": text}, FIELDS["comments"])
        return self._read_comment(made, task_id)

    def update_comment(self, connection: Connection, container: str, task_id: str, comment_id: str, text: str) -> Item:
        made = self._write(connection, "PUT", f"/stories/{segment(comment_id)}", {"text": text}, FIELDS["comments"])
        return self._read_comment(made, task_id)

    def revoke(self, connection: Connection) -> Revocation:
        if connection.credentials.refresh_token is None:
            return Revocation(revoked=False, reason="a personal access token is revoked in Asana itself")
        form = {
            "client_id": self.oauth_app.client_id,
            "client_secret": self.oauth_app.client_secret,
            "token": connection.credentials.refresh_token,
        }
        self.http.request("Asana", "POST", "https://app.asana.com/-/oauth_revoke", form=form).require_success()
        return Revocation(revoked=True)

    def _pull_projects(self, connection: Connection, pull: Pull) -> Page:
        asked = {"opt_fields": FIELDS["projects"]}
        if pull.container is not None:
            found = [self._data(connection, "GET", f"/projects/{segment(pull.container)}", asked)]
        else:
            found = [
                project
                for workspace in self.list_resources(connection, "workspaces")
                for project in self._all(
                    connection, "/projects", {"workspace": workspace.id, "archived": "false", **asked}
                )
            ]
        items, skipped = self.read_items(found, self._read_project)
        return Page(items=tuple(items), skipped=tuple(skipped))

    def _read(self, pull: Pull, entry: Mapping[str, Any]) -> Item:
        if pull.entity == "tasks":
            return self._read_task(entry, str(pull.container), pull.reads)
        if pull.entity == "comments":
            return self._read_comment(entry, str(pull.parent))
        return Item(
            id=self.require_text(entry, "gid"),
            title=str(entry.get("name") or ""),
            parent_id=pull.parent,
            url=entry.get("view_url"),
            fields={"size": entry.get("size"), "kind": entry.get("resource_subtype")},
        )

    def _read_project(self, entry: Mapping[str, Any]) -> Item:
        return Item(
            id=self.require_text(entry, "gid"),
            title=self.require_text(entry, "name"),
            url=entry.get("permalink_url"),
            modified_at=parse_ms(entry.get("modified_at")),
            fields={"archived": bool(entry.get("archived"))},
        )

    def _read_task(self, entry: Mapping[str, Any], container: str, reads: Sequence[ExternalField]) -> Item:
        completed, notes = entry.get("completed"), entry.get("notes") or ""
        if not isinstance(completed, bool) or not isinstance(notes, str):
            raise ProtocolBroken("Asana sent a task without completed or notes")
        memberships = entry.get("memberships") or []
        here = [one for one in memberships if (one.get("project") or {}).get("gid") == container]
        section = (here[0].get("section") or {}).get("gid") if here else None
        assignee = entry.get("assignee") or {}
        return Item(
            id=self.require_text(entry, "gid"),
            # A task may be without a name.
            title=str(entry.get("name") or ""),
            text=notes,
            status_id=section,
            done=completed,
            url=entry.get("permalink_url"),
            modified_at=parse_ms(entry.get("modified_at")),
            fields={"dueOn": entry.get("due_on"), "assignee": assignee.get("name")},
            mapped=read_values(entry, reads),
        )

    def _read_comment(self, entry: Mapping[str, Any], task_id: str) -> Item:
        author = entry.get("created_by") or {}
        return Item(
            id=self.require_text(entry, "gid"),
            title="",
            text=str(entry.get("text") or ""),
            parent_id=task_id,
            author=author.get("name"),
            modified_at=parse_ms(entry.get("created_at")),
        )

    def _move(self, connection: Connection, section: str, task_id: str) -> None:
        self._request(connection, "POST", f"/sections/{segment(section)}/addTask", data={"task": task_id})

    def _write(
        self, connection: Connection, method: str, path: str, data: Mapping[str, Any], asked: str
    ) -> dict[str, Any]:
        return self._data(connection, method, path, {"opt_fields": asked}, data)


def _asked(reads: Sequence[ExternalField]) -> str:
    """What is asked for of a task."""
    return FIELDS["tasks"] + (VALUES if reads else "")
