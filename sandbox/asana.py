"""Asana. Source: developers.asana.com/docs/oauth, Asana/openapi."""

from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.asana_webhooks import AsanaWebhooks
from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer, read_form
from sandbox.kit.stand_in import Clock, StandIn
from sandbox.kit.work import Column, Comment, CustomField, Project, Task, Work, custom_fields, is_value, iso, seconds_of

PERSONAL_TOKEN = "2/1200000000000001/1200000000000002:sandboxpersonaltoken"
ME = {"gid": "1200000000000001", "name": "Ada Admin", "email": "ada@sandbox.example", "resource_type": "user"}
TASKS_EACH = 250
SITE = "https://app.asana.com"


class AsanaStandIn(StandIn):
    slug = "asana"
    origins = (SITE,)

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Asana",
            account="Sandbox Workspace",
            client_id="1200000000000000",
            client_secret="sandbox-asana-client-secret",
            pkce=True,
            rotates=False,
            # Asana does not repeat the scopes.
            omits=("scope",),
            succeed=lambda _: {"data": {"id": 1200000000000001, **ME}},
        )
        self.work = Work(clock, first_id=1_500_000)
        self.hooks = AsanaWebhooks(clock, self.work)
        super().__init__(clock)
        self._furnish()

    def _furnish(self) -> None:
        for gid, name in (("1400", "Trailer"), ("1401", "Feature film")):
            names = ("To do", "In review", "Done") if gid == "1400" else ("To do", "In review", "In review", "Done")
            sections = [Column(f"{gid}{number}", section) for number, section in enumerate(names, 1)]
            fields = custom_fields(
                [f"{gid}7{number}" for number in range(5)], [f"{gid}8{n}" for n in range(3)], checkbox=False
            )
            self.work.add_project(Project(gid, name, sections, fields=fields))
            self.work.fill(gid, TASKS_EACH, comments=3, files=2)

    def routes(self) -> list[BaseRoute]:
        def api(path: str, scope: str, answer: Callable[[Request], Any], method: str = "GET") -> Route:
            async def endpoint(request: Request) -> Response:
                refusal = self._refusal(request, scope)
                return refusal or await answer(request)

            return Route(f"/api/1.0{path}", endpoint, methods=[method])

        return [
            Route("/-/oauth_authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/-/oauth_token", self.oauth.token, methods=["POST"]),
            Route("/-/oauth_revoke", self._revoke, methods=["POST"]),
            api("/users/me", "users:read", self._me),
            api("/workspaces", "workspaces:read", self._workspaces),
            api("/projects", "projects:read", self._projects),
            api("/projects/{gid}", "projects:read", self._project),
            api("/projects/{gid}/sections", "projects:read", self._sections),
            api("/tasks", "tasks:read", self._tasks),
            api("/tasks", "tasks:write", self._create_task, "POST"),
            api("/tasks/{gid}", "tasks:read", self._task),
            api("/tasks/{gid}", "tasks:write", self._update_task, "PUT"),
            api("/sections/{gid}/addTask", "tasks:write", self._add_to_section, "POST"),
            api("/tasks/{gid}/stories", "stories:read", self._stories),
            api("/tasks/{gid}/stories", "stories:write", self._create_story, "POST"),
            api("/stories/{gid}", "stories:write", self._update_story, "PUT"),
            api("/attachments", "attachments:read", self._attachments),
            api("/webhooks", "webhooks:write", self.hooks.create, "POST"),
            api("/webhooks/{gid}", "webhooks:read", self.hooks.read),
            api("/webhooks/{gid}", "webhooks:delete", self.hooks.delete, "DELETE"),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: {**self.oauth.announcement(), "example": {"accessToken": PERSONAL_TOKEN}}}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()
        self.hooks.reset()
        self.work.reset()
        self._furnish()

    async def _revoke(self, request: Request) -> Response:
        form = await read_form(request)
        if (form.get("client_id"), form.get("client_secret")) != (self.oauth.client_id, self.oauth.client_secret):
            return JSONResponse({"error": "invalid_client"}, 401)
        if any(form.get("token") == token.access for token in self.oauth.tokens):
            return JSONResponse({"error": "invalid_request"}, 400)
        self.oauth.revoke(form.get("token"))
        return JSONResponse({})

    async def _me(self, request: Request) -> Response:
        return JSONResponse({"data": ME})

    async def _workspaces(self, request: Request) -> Response:
        workspace = {"gid": "1300", "name": "Sandbox Workspace", "resource_type": "workspace"}
        return JSONResponse({"data": [workspace], "next_page": None})

    async def _projects(self, request: Request) -> Response:
        # One a page, so that whoever asks has to turn pages.
        return _page(request, [_project(one) for one in self.work.projects.values()], at_most=1)

    async def _project(self, request: Request) -> Response:
        found = self.work.projects.get(request.path_params["gid"])
        return _unknown() if found is None else JSONResponse({"data": _project(found)})

    async def _sections(self, request: Request) -> Response:
        found = self.work.projects.get(request.path_params["gid"])
        if found is None:
            return _unknown()
        return _page(request, [_named(one.id, one.name, "section") for one in found.columns])

    async def _tasks(self, request: Request) -> Response:
        asked = request.query_params
        if asked.get("project") not in self.work.projects:
            return _unknown()
        since = asked.get("modified_since")
        found = self.work.of(asked["project"], None if since is None else seconds_of(since))
        return _page(request, [_task(one) for one in found])

    async def _task(self, request: Request) -> Response:
        found = self.work.tasks.get(request.path_params["gid"])
        return _unknown() if found is None else JSONResponse({"data": _task(found)})

    async def _create_task(self, request: Request) -> Response:
        data = await _data(request)
        project = next(iter(data.get("projects", [])), None)
        if project not in self.work.projects:
            return JSONResponse({"errors": [{"message": "projects: Not a recognized ID", "help": ""}]}, 400)
        fields = _read_fields(self.work.projects[str(project)], data)
        if fields is None:
            return _not_a_value()
        made = self.work.add_task(
            str(project), str(data.get("name", "")), str(data.get("notes", "")), done=bool(data.get("completed"))
        )
        made.fields.update(fields)
        return JSONResponse({"data": _task(made)}, 201)

    async def _update_task(self, request: Request) -> Response:
        gid = request.path_params["gid"]
        if gid not in self.work.tasks:
            return _unknown()
        names = {"name": "title", "notes": "text", "completed": "done"}
        data = await _data(request)
        changes = {names[name]: value for name, value in data.items() if name in names}
        fields = _read_fields(self.work.projects[self.work.tasks[gid].project], data)
        if fields is None:
            return _not_a_value()
        changed = self.work.change(gid, **changes)
        changed.fields.update(fields)
        return JSONResponse({"data": _task(changed)})

    async def _add_to_section(self, request: Request) -> Response:
        task = str((await _data(request)).get("task"))
        if task not in self.work.tasks:
            return _unknown()
        self.work.change(task, status=request.path_params["gid"])
        return JSONResponse({"data": {}})

    async def _stories(self, request: Request) -> Response:
        found = self.work.tasks.get(request.path_params["gid"])
        if found is None:
            return _unknown()
        made = {"gid": f"{found.id}0", "resource_subtype": "added_to_project", "text": "added to the project"}
        return _page(request, [made, *(_story(one) for one in found.comments)])

    async def _create_story(self, request: Request) -> Response:
        gid = request.path_params["gid"]
        if gid not in self.work.tasks:
            return _unknown()
        made = self.work.comment(gid, str(ME["name"]), str((await _data(request)).get("text", "")))
        return JSONResponse({"data": _story(made)}, 201)

    async def _update_story(self, request: Request) -> Response:
        found = self.work.edit_comment(request.path_params["gid"], str((await _data(request)).get("text", "")))
        return _unknown() if found is None else JSONResponse({"data": _story(found)})

    async def _attachments(self, request: Request) -> Response:
        found = self.work.tasks.get(request.query_params.get("parent", ""))
        if found is None:
            return _unknown()
        files = [
            {
                **_named(one.id, one.name, "attachment"),
                "resource_subtype": "asana",
                "size": one.size,
                "view_url": f"{SITE}/-/download_attachment?id={one.id}",
            }
            for one in found.files
        ]
        return _page(request, files)

    def _refusal(self, request: Request, scope: str) -> Response | None:
        given = read_bearer(request)
        live: Token | None = self.oauth.find_live(given)
        if live is None and given != PERSONAL_TOKEN:
            return JSONResponse({"errors": [{"message": "Not Authorized"}]}, 401)
        if live is not None and scope not in live.scopes:
            return JSONResponse({"errors": [{"message": f"Missing scope {scope}"}]}, 403)
        return None


async def _data(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(await request.body())["data"]
    return body


def _page(request: Request, entries: list[dict[str, Any]], at_most: int = 100) -> Response:
    start, limit = int(request.query_params.get("offset", 0)), int(request.query_params.get("limit", at_most))
    end = start + min(limit, at_most)
    following = None
    if end < len(entries):
        following = {"offset": str(end), "path": request.url.path, "uri": f"{SITE}{request.url.path}?offset={end}"}
    return JSONResponse({"data": entries[start:end], "next_page": following})


def _unknown() -> Response:
    return JSONResponse({"errors": [{"message": "Not a recognized ID", "help": ""}]}, 404)


def _named(gid: str, name: str, kind: str) -> dict[str, Any]:
    return {"gid": gid, "name": name, "resource_type": kind}


def _project(found: Project) -> dict[str, Any]:
    return {
        **_named(found.id, found.name, "project"),
        "archived": False,
        "permalink_url": f"{SITE}/0/{found.id}",
        "custom_field_settings": [
            {"gid": f"9{one.id}", "resource_type": "custom_field_setting", "custom_field": _custom_field(one)}
            for one in found.fields
        ],
    }


def _custom_field(field: CustomField) -> dict[str, Any]:
    kind = {"choice": "enum", "votes": "people"}.get(field.type, field.type)
    options = [{**_named(one.id, one.name, "enum_option"), "enabled": True} for one in field.options]
    return {**_named(field.id, field.name, "custom_field"), "resource_subtype": kind, "enum_options": options}


def _read_fields(project: Project, data: dict[str, Any]) -> dict[str, object] | None:
    """The values of custom fields; None where one is none of the project's, or not of its type."""
    found: dict[str, object] = {"due_on": data["due_on"]} if "due_on" in data else {}
    for field_id, value in data.get("custom_fields", {}).items():
        field = project.field(field_id)
        if field is not None and field.type == "date" and isinstance(value, dict):
            value = value.get("date")
        if field is None or not is_value(field, value):
            return None
        found[field_id] = value
    return found


def _not_a_value() -> Response:
    return JSONResponse({"errors": [{"message": "custom_fields: Not a valid value", "help": ""}]}, 400)


def _task(found: Task) -> dict[str, Any]:
    return {
        **_named(found.id, found.title, "task"),
        "notes": found.text,
        "completed": found.done,
        "due_on": found.fields.get("due_on"),
        "custom_fields": [
            {**_named(field_id, "", "custom_field"), "text_value": value if isinstance(value, str) else None}
            for field_id, value in found.fields.items()
            if field_id != "due_on"
        ],
        "assignee": _named(ME["gid"], ME["name"], "user"),
        "modified_at": iso(found.modified_s),
        "permalink_url": f"{SITE}/0/{found.project}/{found.id}",
        "memberships": [
            {"project": _named(found.project, "", "project"), "section": _named(found.status, "", "section")}
        ],
    }


def _story(comment: Comment) -> dict[str, Any]:
    return {
        "gid": comment.id,
        "resource_type": "story",
        "resource_subtype": "comment_added",
        "text": comment.text,
        "created_at": iso(comment.created_s),
        "created_by": _named("1200000000000009", comment.author, "user"),
    }
