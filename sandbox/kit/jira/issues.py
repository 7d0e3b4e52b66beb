"""Jira's issues as the stand-in holds and shows them.

Source: developer.atlassian.com/cloud/jira/platform/rest/v3, groups of issues and comments.
"""

from typing import Any

from sandbox.kit.jira.wire import Json, Refused, document, stamp, status, user
from sandbox.kit.work import Column, Comment, CustomField, Project, Task, Work, is_value

COMMENTS_WITH_ISSUE = 20


class Issues(Work):
    """Whether an issue is done follows from its status; who says only that it is done means the first such status.

    Comments in `restricted` are not for everybody.
    """

    def reset(self) -> None:
        super().reset()
        self.restricted: set[str] = set()
        self._documents: dict[str, tuple[str, Json]] = {}

    def add_task(
        self, project_id: str, title: str, text: str = "", *, status: str | None = None, done: bool = False
    ) -> Task:
        made = super().add_task(project_id, title, text)
        if status is not None or done:
            created_s = made.modified_s
            self.change(made.id, **({"done": done} if status is None else {"status": status}))
            made.modified_s = created_s
        return made

    def change(self, task_id: str, **members: object) -> Task:
        columns = self.projects[str(members.get("project", self.tasks[task_id].project))].columns
        wanted = str(members.get("status", self.tasks[task_id].status))
        now = next(column for column in columns if column.id == wanted)
        if "status" not in members and members.get("done", now.done) != now.done:
            now = next(column for column in columns if column.done == members["done"])
        return super().change(task_id, **(members | {"status": now.id, "done": now.done}))

    def column(self, task: Task) -> Column:
        return next(column for column in self.projects[task.project].columns if column.id == task.status)

    def key(self, task: Task) -> str:
        return f"{self.projects[task.project].key}-{task.id}"

    def columns(self, project: Project) -> list[Json]:
        return [status(column, first=column is project.columns[0]) for column in project.columns]

    def show(self, task: Task, fields: list[str]) -> Json:
        column, project = self.column(task), self.projects[task.project]
        comments = [self.show_comment(one, task) for one in task.comments[:COMMENTS_WITH_ISSUE]]
        known: Json = {
            "summary": task.title,
            "description": self._document(task.id, task.text) if task.text else None,
            "status": status(column, first=column is project.columns[0]),
            "assignee": None,
            "duedate": None,
            "updated": stamp(task.modified_s),
            "attachment": [
                {"id": one.id, "filename": one.name, "size": one.size, "mimeType": "image/png",
                 "created": stamp(task.created_s), "content": f"https://api.atlassian.com/attachment/{one.id}"}
                for one in task.files
            ],
            "comment": {
                "comments": comments, "startAt": 0, "maxResults": len(comments), "total": len(task.comments)
            },
        }  # fmt: skip
        known |= {one.id: task.fields.get(one.id) for one in project.fields}
        shown = {name: known[name] for name in fields if name in known}
        return {"id": task.id, "key": self.key(task), "self": f"https://x/issue/{task.id}", "fields": shown}

    def _document(self, owner: str, text: str) -> Json:
        """The document as it was given; another where somebody has changed the text since."""
        said, given = self._documents.get(owner, ("", {}))
        return given if said == text else document(text)

    def show_comment(self, comment: Comment, task: Task) -> Json:
        shown = {
            "self": f"https://x/issue/{task.id}/comment/{comment.id}",
            "id": comment.id,
            "author": user(comment.author),
            "body": self._document(comment.id, comment.text),
            "created": stamp(comment.created_s),
            "updated": stamp(comment.edited_s),
            "jsdPublic": True,
        }
        if comment.id in self.restricted:
            shown["visibility"] = {"type": "role", "value": "Administrators"}
        return shown

    def keep(self, owner: str, given: tuple[Json, str] | None) -> None:
        if given is not None:
            self._documents[owner] = (given[1], given[0])


def show_project(found: Project) -> Json:
    return {"id": found.id, "key": found.key, "name": found.name, "self": f"https://x/project/{found.id}"}


TYPES = {"text": "string", "choice": "option"}
CUSTOM = {"text": "textfield", "number": "float", "date": "datepicker", "choice": "select", "votes": "jsm-votes"}


def show_field(field: CustomField) -> Json:
    """What the metadata of a type of issue says of it."""
    kind = TYPES.get(field.type, field.type)
    custom = f"com.atlassian.jira.plugin.system.customfieldtypes:{CUSTOM[field.type]}"
    shown = {"fieldId": field.id, "key": field.id, "name": field.name, "required": False, "operations": ["set"]}
    values = [{"id": one.id, "value": one.name, "self": f"https://x/option/{one.id}"} for one in field.options]
    schema = {"type": kind, "custom": custom, "customId": int(field.id.rpartition("_")[2])}
    return shown | {"schema": schema} | ({"allowedValues": values} if values else {})


def read_value(field: CustomField, value: Any) -> object:
    if field.type == "choice" and isinstance(value, dict):
        value = value.get("id")
    if not is_value(field, value):
        raise Refused(400, **{field.id: f"Operation value must be a {field.type}"})
    found: object = value
    return found
