"""Jira Cloud's REST API. Source: developer.atlassian.com/cloud/jira/platform/rest/v3 and the OpenAPI description there.

The workflow leads from every status to every other one, but for those in `closed_to`. `required` are fields, with their
names, that Koko knows nothing of and that every new issue must have.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.jira.issues import Issues, read_value, show_field, show_project
from sandbox.kit.jira.webhooks import JiraWebhooks
from sandbox.kit.jira.wire import (
    HOME,
    ORDERS,
    Json,
    Refused,
    make_token,
    read_document,
    read_jql,
    read_token,
    user,
)
from sandbox.kit.notifying import Notifier
from sandbox.kit.oauth import AuthorizationServer, read_bearer
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import Column, Project, Task, custom_fields

TYPES = [
    {"id": "10100", "name": "Epic", "subtask": False, "hierarchyLevel": 1, "self": "https://x/10100"},
    {"id": "10101", "name": "Task", "subtask": False, "hierarchyLevel": 0, "self": "https://x/10101"},
    {"id": "10102", "name": "Sub-task", "subtask": True, "hierarchyLevel": -1, "self": "https://x/10102"},
]
ME = "Ada Admin"
MOST_ISSUES, MOST_COMMENTS = 50, 10
FIELDS = {"summary": "title", "description": "text"}

Sites = Callable[[], list[dict[str, str]]]


class JiraApi:
    """Projects, issues, comments, attachments and remote links of the sites that the account has."""

    def __init__(self, clock: Clock, tokens: AuthorizationServer, sites: Sites, notifier: Notifier) -> None:
        self._tokens, self._sites = tokens, sites
        self.work = Issues(clock, first_id=20_000)
        self.webhooks = JiraWebhooks(clock, self.work, notifier, lambda: (tokens.client_id, tokens.client_secret))
        self.work.listeners.append(self.webhooks.told)
        self.reset()

    def reset(self) -> None:
        """As new."""
        self.webhooks.forget()
        self.work.reset()
        self.closed_to: set[str] = set()
        self.required: dict[str, str] = {}
        cut = [("10010", "To Do"), ("10011", "In Progress"), ("10012", "In Review")]
        vfx = [("10020", "To Do"), ("10021", "Review"), ("10022", "Review")]
        for project_id, key, name, open_ones in (("10000", "CUT", "Cut", cut), ("10001", "VFX", "Effects", vfx)):
            columns = [Column(*one) for one in open_ones]
            columns += [
                Column(f"{open_ones[0][0]}8", "Won't Do", done=True),
                Column(f"{open_ones[0][0]}9", "Done", done=True),
            ]
            ids = [f"customfield_10{project_id[-1]}0{number}" for number in range(5)]
            fields = custom_fields(ids, [f"1{project_id[-1]}03{number}" for number in range(3)], checkbox=False)
            self.work.add_project(Project(project_id, name, columns, key, fields))
        self.work.fill("10000", 120, comments=3, files=2)
        self.work.fill("10001", 4)

    def routes(self) -> list[BaseRoute]:
        def api(method: str, path: str, answer: Callable[..., Any], *query: str, code: int = 200,
                scope: str = "read:jira-work") -> Route:  # fmt: skip
            async def endpoint(request: Request) -> Response:
                if (refusal := self._refusal(request, scope)) is not None:
                    return refusal
                body = orjson.loads(await request.body()) if method != "GET" else None
                asked = dict(request.query_params)
                names = {name: value for name, value in request.path_params.items() if name != "cloud_id"}
                try:
                    if unknown := asked.keys() - set(query):
                        raise Refused(400, f"{min(unknown)} is not a parameter here.")
                    found = answer(**names, **({"asked": asked} if query else {}), **({"body": body} if body else {}))
                except Refused as refused:
                    return JSONResponse(refused.body, refused.status)
                status_code, content = found if isinstance(found, tuple) else (code, found)
                if content is None:
                    return Response(status_code=204 if status_code == 200 else status_code)
                return JSONResponse(content, status_code)

            return Route(f"/ex/jira/{{cloud_id}}/rest/api/3{path}", endpoint, methods=[method])

        write, issue, hooks = "write:jira-work", "/issue/{issue}", "manage:jira-webhook"
        return [
            api("GET", "/myself", self._myself, scope="read:jira-user"),
            api("GET", "/project/search", self._projects, "startAt", "maxResults"),
            api("GET", "/project/{project}", self._project),
            api("GET", "/project/{project}/statuses", self._statuses),
            api("POST", "/search/jql", self._search),
            api("GET", "/issue/createmeta/{project}/issuetypes", self._types, "startAt", "maxResults"),
            api("GET", "/issue/createmeta/{project}/issuetypes/{kind}", self._fields, "startAt", "maxResults"),
            api("POST", "/issue", self._create, code=201, scope=write),
            api("GET", issue, self._issue, "fields"),
            api("PUT", issue, self._edit, scope=write),
            api("GET", f"{issue}/transitions", self._transitions),
            api("POST", f"{issue}/transitions", self._move, scope=write),
            api("GET", f"{issue}/comment", self._comments, "startAt", "maxResults", "orderBy"),
            api("POST", f"{issue}/comment", self._say, code=201, scope=write),
            api("PUT", f"{issue}/comment/{{comment}}", self._say_better, scope=write),
            api("GET", f"{issue}/remotelink", self._links, "globalId"),
            api("POST", f"{issue}/remotelink", self._link, scope=write),
            api("GET", "/webhook", self.webhooks.listed, "startAt", "maxResults", scope=hooks),
            api("POST", "/webhook", self.webhooks.register, scope=hooks),
            api("DELETE", "/webhook", self.webhooks.remove, scope=hooks),
            api("PUT", "/webhook/refresh", self.webhooks.refresh, scope=hooks),
        ]

    def _refusal(self, request: Request, scope: str) -> Response | None:
        token = self._tokens.find_live(read_bearer(request))
        if token is None:
            return JSONResponse({"code": 401, "message": "Unauthorized"}, 401)
        if scope not in token.scopes:
            return JSONResponse({"code": 401, "message": "Unauthorized; scope does not match"}, 401)
        if request.path_params["cloud_id"] not in {site["id"] for site in self._sites()}:
            return JSONResponse({"errorMessages": ["Site not found"], "errors": {}}, 404)
        return None

    def _myself(self) -> Json:
        return user(ME) | {"timeZone": HOME.key}

    # Projects

    def _find_project(self, name: str) -> Project:
        found = next((project for project in self.work.projects.values() if name in (project.id, project.key)), None)
        if found is None:
            raise Refused(404, f"No project could be found with key '{name}'.")
        return found

    def _projects(self, asked: Json) -> Json:
        # One a page, so that whoever asks has to turn pages.
        every, start = list(self.work.projects.values()), int(asked.get("startAt", 0))
        page = [show_project(one) for one in every[start : start + 1]]
        last = start + 1 >= len(every)
        return {"values": page, "startAt": start, "maxResults": 1, "total": len(every), "isLast": last}

    def _project(self, project: str) -> Json:
        return show_project(self._find_project(project)) | {"description": "", "versions": [], "issueTypes": TYPES}

    def _statuses(self, project: str) -> list[Json]:
        statuses = self.work.columns(self._find_project(project))
        return [
            {name: one[name] for name in ("id", "name", "self", "subtask")} | {"statuses": statuses} for one in TYPES
        ]

    def _types(self, project: str, asked: Json) -> Json:
        self._find_project(project)
        return {"issueTypes": TYPES, "startAt": 0, "maxResults": 50, "total": len(TYPES)}

    # Issues

    def _find(self, name: str) -> Task:
        found = next((task for task in self.work.tasks.values() if name in (task.id, self.work.key(task))), None)
        if found is None:
            raise Refused(404, "Issue does not exist or you do not have permission to see it.")
        return found

    def _search(self, body: Json) -> Json:
        if unknown := body.keys() - {"jql", "fields", "maxResults", "nextPageToken"}:
            raise Refused(400, f"Unrecognized field {min(unknown)!r}")
        query = read_jql(body.get("jql"))
        try:
            project = self._find_project(query.project)
        except Refused:
            raise Refused(400, f"The value '{query.project}' does not exist for the field 'project'.") from None
        key, backwards = ORDERS[query.order]
        found = sorted(self.work.of(project.id, query.since_s), key=key, reverse=backwards)
        start = read_token(body.get("nextPageToken"), body["jql"])
        end = start + min(int(body.get("maxResults", 50)), MOST_ISSUES)
        answer: Json = {"issues": [self.work.show(task, body.get("fields", [])) for task in found[start:end]]}
        if end < len(found):
            answer["nextPageToken"] = make_token(body["jql"], end)
        return answer | {"isLast": end >= len(found)}

    def _issue(self, issue: str, asked: Json) -> Json:
        return self.work.show(self._find(issue), asked.get("fields", "summary").split(","))

    def _create(self, body: Json) -> Json:
        fields = dict(body["fields"])
        named = fields.pop("project", {})
        kind = fields.pop("issuetype", {}).get("id")
        errors = {name: f"{label} is required." for name, label in self.required.items() if name not in fields}
        try:
            project = self._find_project(str(named.get("id") or named.get("key")))
        except Refused:
            raise Refused(400, project="Specify a valid project ID or key") from None
        if kind not in {one["id"] for one in TYPES if not one["subtask"]}:
            errors["issuetype"] = "Specify a valid issue type"
        if not fields.get("summary"):
            errors["summary"] = "You must specify a summary of the issue."
        if errors:
            raise Refused(400, **errors)
        changes, given, values = self._read(fields, project)
        made = self.work.add_task(project.id, changes["title"], changes.get("text", ""))
        self.work.keep(made.id, given)
        made.fields.update(values)
        return {"id": made.id, "key": self.work.key(made), "self": f"https://x/issue/{made.id}"}

    def _edit(self, issue: str, body: Json) -> None:
        task = self._find(issue)
        changes, given, values = self._read(body["fields"], self.work.projects[task.project])
        self.work.change(task.id, **changes)
        task.fields.update(values)
        self.work.keep(task.id, given)

    def _fields(self, project: str, kind: str, asked: Json) -> Json:
        if kind not in {one["id"] for one in TYPES}:
            raise Refused(404, "Issue type not found.")
        found = [show_field(one) for one in self._find_project(project).fields]
        found += [{"fieldId": one, "key": one, "name": one.title(), "required": True, "operations": ["set"],
                   "schema": {"type": "string", "system": one}} for one in FIELDS]  # fmt: skip
        # A few a page, so that whoever asks has to turn pages.
        start = int(asked.get("startAt", 0))
        return {"fields": found[start : start + 3], "startAt": start, "maxResults": 3, "total": len(found)}

    def _read(
        self, fields: Mapping[str, Any], project: Project
    ) -> tuple[dict[str, str], tuple[Json, str] | None, dict[str, object]]:
        own = {one.id: one for one in project.fields}
        values = {name: read_value(own[name], value) for name, value in fields.items() if name in own}
        if unknown := fields.keys() - FIELDS.keys() - own.keys():
            raise Refused(400, **dict.fromkeys(unknown, "Field cannot be set. It is not on the appropriate screen."))
        summary = fields.get("summary")
        if summary is not None and (not summary.strip() or "\n" in summary or len(summary) > 255):
            raise Refused(400, summary="The summary is invalid.")
        given = read_document(fields["description"], "description") if "description" in fields else None
        changes = {} if summary is None else {"title": summary}
        return changes | ({} if given is None else {"text": given[1]}), given, values

    def _transitions(self, issue: str) -> Json:
        task = self._find(issue)
        columns = self.work.columns(self.work.projects[task.project])
        return {
            "transitions": [
                # Not doing something wants to be explained.
                {"id": f"7{one['id']}", "name": f"To {one['name']}", "to": one, "hasScreen": one["name"] == "Won't Do"}
                for one in columns
                if one["id"] != task.status and one["id"] not in self.closed_to
            ]
        }

    def _move(self, issue: str, body: Json) -> None:
        asked = body["transition"]["id"]
        offered = {one["id"]: one["to"]["id"] for one in self._transitions(issue)["transitions"]}
        if asked not in offered:
            raise Refused(400, f"It seems that you have tried to perform an illegal workflow operation ({asked}).")
        self.work.change(self._find(issue).id, status=offered[asked])

    # Comments and links

    def _comments(self, issue: str, asked: Json) -> Json:
        if asked.get("orderBy", "created") != "created":
            raise Refused(400, "orderBy accepts created only.")
        every, start = self._find(issue).comments, int(asked.get("startAt", 0))
        size = min(int(asked.get("maxResults", 100)), MOST_COMMENTS)
        page = [self.work.show_comment(one, self._find(issue)) for one in every[start : start + size]]
        return {"comments": page, "startAt": start, "maxResults": size, "total": len(every)}

    def _say(self, issue: str, body: Json) -> Json:
        task, given = self._find(issue), read_document(body.get("body"), "comment")
        made = self.work.comment(task.id, ME, given[1])
        self.work.keep(made.id, given)
        return self.work.show_comment(made, task)

    def _say_better(self, issue: str, comment: str, body: Json) -> Json:
        task, given = self._find(issue), read_document(body.get("body"), "comment")
        found = next((one for one in task.comments if one.id == comment), None)
        if found is None:
            raise Refused(404, f"Can not find a comment for the id: {comment}.")
        self.work.edit_comment(comment, given[1])
        self.work.keep(comment, given)
        return self.work.show_comment(found, task)

    def _links(self, issue: str, asked: Json) -> Json:
        found = [one for one in self._find(issue).links if one["globalId"] == asked["globalId"]]
        if not found:
            raise Refused(404, "No remote issue link with that global id.")
        return found[0]

    def _link(self, issue: str, body: Json) -> tuple[int, Json]:
        task = self._find(issue)
        if not (body.get("object", {}).get("url") and body["object"].get("title")):
            raise Refused(400, title="'title' and 'url' are required.")
        before = [one for one in task.links if one["globalId"] == body.get("globalId")]
        link = {"id": before[0]["id"] if before else 40_000 + len(task.links), "self": "https://x/link", **body}
        task.links[:] = [one for one in task.links if one not in before] + [link]
        self.work.change(task.id)
        return 200 if before else 201, {"id": link["id"], "self": link["self"]}
