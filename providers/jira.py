"""Jira Cloud by OAuth 2.0 (3LO). Source: developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps, /rest/v3.

A token reaches sites through api.atlassian.com/ex/jira/{cloudId}. PKCE is not offered, refresh tokens rotate, and there
is no revocation endpoint. A status is changed by one of the transitions that an issue has, and in no other way.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from providers.kit.atlassian import atlassian
from providers.kit.connection import Connection, Identity, Resource
from providers.kit.errors import Missing, ProtocolBroken, ProviderError, Rejected, StartOver
from providers.kit.field_values import ExternalField
from providers.kit.fields import MapsFields
from providers.kit.items import Change, Draft, Item, Page, Pull, Skipped, Status
from providers.kit.jira.adf import from_text
from providers.kit.jira.fields import read_fields, write_fields
from providers.kit.jira.inbound import HearsJira
from providers.kit.jira.items import (
    CHILDREN,
    FIELDS,
    all_comments,
    is_done,
    is_for_all,
    read_comment,
    read_file,
    read_issue,
    read_project,
)
from providers.kit.jira.site import API, MINUTE_MS, JiraSite
from providers.kit.jira.workflow import move, status_of
from providers.kit.manifest import Feature, Field, Manifest

READS, WRITES = "read:jira-work", "write:jira-work"
OVERLAP_MS = 2 * MINUTE_MS
"""Searches lag behind changes: those of the last minutes come again."""


class Jira(HearsJira, MapsFields):
    resource_kinds = ("sites", "projects", "statuses", "fields")
    entities = ("projects", "tasks", "comments", "files")
    with_tasks = frozenset({"comments", "files"})
    settles_after_s = 10.0
    manifest = Manifest(
        slug="jira",
        name="Jira",
        category="project_management",
        description="Link Jira issues to videos and the comments on them",
        features=(
            Feature("Issue linking", (READS, WRITES)),
            Feature("Comment sync", (READS, WRITES)),
            Feature("File sync", (READS,)),
            Feature("Instant updates", (READS, "manage:jira-webhook")),
        ),
        fields=(Field(name="cloudId", hint="the id of the Jira site, where there are several"),),
        removal_hint="Remove Koko at https://id.atlassian.com, under Connected apps.",
    )
    oauth = atlassian(
        pkce=False,
        extra_scopes=("read:jira-user",),
        authorize_params={"audience": "api.atlassian.com"},
    )

    def whoami(self, connection: Connection) -> Identity:
        sites = self._sites(connection)
        wanted = connection.config.get("cloudId")
        site = next((one for one in sites if wanted in (None, one.get("id"))), None)
        if site is None:
            raise Rejected("This Atlassian account has no access to the chosen Jira site")
        cloud_id = self.require_text(site, "id")
        JiraSite(self.http, connection, cloud_id).call("GET", "myself")
        scopes = site.get("scopes")
        config: dict[str, Any] = {"cloudId": cloud_id, "siteUrl": site.get("url"), "siteName": site.get("name")}
        if len(sites) > 1:
            config["sites"] = [{name: one.get(name) for name in ("id", "name", "url")} for one in sites]
        return Identity(
            account_id=cloud_id,
            account_name=str(site.get("name") or "Jira"),
            scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else None,
            config=config,
        )

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        if kind == "statuses":
            return self.status_resources(connection, container)
        if kind == "fields":
            return self.field_resources(connection, container)
        if kind == "sites":
            return self.read_resources(self._sites(connection))
        return self.read_resources(JiraSite(self.http, connection).projects())

    def find_containers(self, connection: Connection, targets: Iterable[str]) -> dict[str, Resource]:
        """By id or by key. What is kept is the id: a project may be given another key."""
        projects = JiraSite(self.http, connection).projects()
        resources = self.read_resources(projects)
        keys = {str(project.get("key")): resource for project, resource in zip(projects, resources, strict=True)}
        known = keys | {resource.id: resource for resource in resources}
        return {target: known[target] for target in targets if target in known}

    def pull(self, connection: Connection, pull: Pull) -> Page:
        site = JiraSite(self.http, connection)
        if pull.entity == "projects":
            return self._pull_projects(site, pull)
        if pull.since is not None and not pull.since.isdecimal():
            raise StartOver("This is not where Jira left off")
        found = site.search(
            str(pull.container),
            (*FIELDS, *CHILDREN, *(one.id for one in pull.reads)),
            since_ms=None if pull.since is None else int(pull.since),
            cursor=pull.cursor,
        )
        children: list[Item] = []
        unread: list[Skipped] = []

        def read(entry: Mapping[str, Any]) -> Item:
            item = read_issue(site, entry, pull.reads)
            for some, others in self._read_children(site, entry):
                children.extend(some)
                unread.extend(others)
            return item

        items, skipped = self.read_items(found.issues, read)
        return Page(
            items=(*items, *children),
            skipped=(*skipped, *unread),
            cursor=found.cursor,
            watermark=str(found.answer.sent_at - OVERLAP_MS) if pull.cursor is None else None,
        )

    def list_statuses(self, connection: Connection, container: str) -> list[Status]:
        by_type = JiraSite(self.http, connection).call("GET", "project", container, "statuses").json()
        if not isinstance(by_type, list) or not all(isinstance(one, dict) for one in by_type):
            raise ProtocolBroken("Jira sent statuses of the wrong shape")
        # Types of issues share statuses.
        found: dict[str, Status] = {}
        for one in by_type:
            entries = one.get("statuses")
            for resource, entry in zip(self.read_resources(entries), entries, strict=True):
                found[resource.id] = Status(id=resource.id, name=resource.name, done=is_done(entry))
        return list(found.values())

    def list_fields(self, connection: Connection, container: str) -> list[ExternalField]:
        """Of the type of issue that comments become."""
        site = JiraSite(self.http, connection)
        return read_fields(site.create_fields(container, self._issue_type(site, container)))

    def create_task(self, connection: Connection, container: str, draft: Draft) -> Item:
        """Once the issue is made nothing is raised, for that would have it made once more: the item tells how far it
        went, and updates do the rest."""
        site = JiraSite(self.http, connection)
        fields = {
            "project": {"id" if container.isdecimal() else "key": container},
            "issuetype": {"id": self._issue_type(site, container)},
            "summary": draft.title,
            "description": from_text(draft.text),
        } | write_fields(draft.fields)
        made = site.call("POST", "issue", json={"fields": fields}).json_object()
        issue_id, resolved = self.require_text(made, "id"), False
        with contextlib.suppress(ProviderError):
            if draft.done or draft.status_id is not None:
                move(site, issue_id, draft.status_id, done=draft.done)
            resolved = draft.done
        with contextlib.suppress(ProviderError):
            _link(site, issue_id, draft, resolved=resolved)
        try:
            return _issue(site, issue_id, draft.reads)
        except ProviderError:
            url = site.address_of(f"/browse/{made.get('key')}")
            return Item(id=issue_id, title=draft.title, text=draft.text, done=resolved, url=url)

    def update_task(self, connection: Connection, container: str, task_id: str, change: Change) -> Item:
        site = JiraSite(self.http, connection)
        description = None if change.text is None else from_text(change.text)
        wanted = {"summary": change.title, "description": description}
        fields = {name: value for name, value in wanted.items() if value is not None} | write_fields(change.fields)
        if fields:
            site.call("PUT", "issue", task_id, json={"fields": fields}, repeatable=True)
        if change.status_id is not None or change.done is not None:
            move(site, task_id, change.status_id, done=bool(change.done))
        # Not everybody may link issues: the rest is done all the same.
        with contextlib.suppress(Rejected):
            _keep_linked(site, task_id, change)
        return _issue(site, task_id, change.reads)

    def create_comment(self, connection: Connection, container: str, task_id: str, text: str) -> Item:
        path, body = ("issue", task_id, "comment"), {"body": from_text(text)}
        made = JiraSite(self.http, connection).call("POST", *path, json=body)
        return read_comment(made.json_object(), task_id)

    def update_comment(self, connection: Connection, container: str, task_id: str, comment_id: str, text: str) -> Item:
        path, body = ("issue", task_id, "comment", comment_id), {"body": from_text(text)}
        made = JiraSite(self.http, connection).call("PUT", *path, json=body, repeatable=True)
        return read_comment(made.json_object(), task_id)

    def _pull_projects(self, site: JiraSite, pull: Pull) -> Page:
        cursor: str | None = None
        if pull.container is not None:
            entries: Any = [site.call("GET", "project", pull.container).json()]
        else:
            entries, cursor = site.project_page(pull.cursor)
        items, skipped = self.read_items(entries, lambda entry: read_project(site, entry))
        return Page(items=tuple(items), skipped=tuple(skipped), cursor=cursor)

    def _read_children(self, site: JiraSite, issue: Mapping[str, Any]) -> list[tuple[list[Item], list[Skipped]]]:
        """The comments and the files of an issue that came with a search. Raises ProviderError."""
        task_id, comments = issue["id"], all_comments(issue)
        if comments is None:
            comments = site.comments(task_id)
        shown = [one for one in comments if is_for_all(one)]
        return [
            self.read_items(shown, lambda one: read_comment(one, task_id)),
            self.read_items(issue["fields"].get("attachment") or [], lambda one: read_file(site, one, task_id)),
        ]

    def _issue_type(self, site: JiraSite, container: str) -> str:
        """A task where there is such a type, or else the first that stands by itself and is no epic."""
        asked = {"maxResults": "200"}
        body = site.call("GET", "issue", "createmeta", container, "issuetypes", params=asked).json_object()
        types = [one for one in body.get("issueTypes") or () if isinstance(one, dict) and not one.get("subtask")]
        if not types:
            raise Rejected("Jira has no type of issue that this account may make in the project")
        best = min(types, key=lambda one: (one.get("name") != "Task", one.get("hierarchyLevel") not in (None, 0)))
        return self.require_text(best, "id")

    def _sites(self, connection: Connection) -> list[dict[str, Any]]:
        url = f"{API}/oauth/token/accessible-resources"
        answer = self.http.request("Jira", "GET", url, bearer=connection.credentials.access_token)
        found = answer.require_success().json()
        if not isinstance(found, list) or not all(isinstance(site, dict) for site in found):
            raise ProtocolBroken("Jira did not say which sites there are")
        if not found:
            raise Rejected("This Atlassian account has no Jira site")
        return found


def _issue(site: JiraSite, issue_id: str, reads: Sequence[ExternalField]) -> Item:
    asked = {"fields": ",".join((*FIELDS, *(one.id for one in reads)))}
    return read_issue(site, site.call("GET", "issue", issue_id, params=asked).json_object(), reads)


def _link(site: JiraSite, issue_id: str, about: Draft | Change, *, resolved: bool) -> None:
    """The issue's link to the frame. Made or brought up to date: there is one for each comment in Koko."""
    link = {
        "globalId": _link_id(about),
        "application": {"type": "com.koko", "name": "Koko"},
        "relationship": "review",
        "object": {"url": about.url, "title": "The frame in Koko", "status": {"resolved": resolved}},
    }
    site.call("POST", "issue", issue_id, "remotelink", json=link, repeatable=True)


def _keep_linked(site: JiraSite, issue_id: str, change: Change) -> None:
    """Lets the link say what the comment is now. One that could not be made with the issue is made."""
    # What was deleted in Koko has no address there any more.
    if not change.url:
        return
    if change.done is None:
        with contextlib.suppress(Missing):
            site.call("GET", "issue", issue_id, "remotelink", params={"globalId": _link_id(change)})
            return
    resolved = is_done(status_of(site, issue_id)) if change.done is None else change.done
    _link(site, issue_id, change, resolved=resolved)


def _link_id(about: Draft | Change) -> str:
    return f"koko:comment:{about.koko_id}"
