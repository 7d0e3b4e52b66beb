"""What the project management stand-ins hold: projects with tasks, comments and files, made up and changeable.

Each stand-in shows them in its provider's own shape. Times are epoch seconds of the sandbox's clock.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.kit.stand_in import Clock

A_DAY_S = 86_400


@dataclass
class Comment:
    id: str
    author: str
    text: str
    created_s: float
    edited_s: float


@dataclass
class File:
    id: str
    name: str
    size: int


@dataclass
class Task:
    id: str
    project: str
    title: str
    text: str
    status: str
    done: bool
    created_s: float
    modified_s: float
    comments: list[Comment] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    links: list[dict[str, object]] = field(default_factory=list)
    fields: dict[str, object] = field(default_factory=dict)


@dataclass
class Column:
    """A status, list or section of a project."""

    id: str
    name: str
    done: bool = False


@dataclass
class CustomField:
    """A field that a team has made. The type is text, number, date, checkbox, choice - by the id of one of `options` -
    or any other, which nobody can write. A task's `fields` have the value by the field's id."""

    id: str
    name: str
    type: str
    options: Sequence[Column] = ()


@dataclass
class Project:
    id: str
    name: str
    columns: Sequence[Column]
    key: str = ""
    fields: list[CustomField] = field(default_factory=list)

    def field(self, field_id: str) -> CustomField | None:
        return next((one for one in self.fields if one.id == field_id), None)


def custom_fields(ids: Sequence[str], option_ids: Sequence[str], *, checkbox: bool = True) -> list[CustomField]:
    """What teams here have made: six fields with these ids, or five where there are no checkboxes."""
    stages = [Column(one, name) for one, name in zip(option_ids, ("Processing", "Ready", "Failed"), strict=True)]
    kinds = [("Timecode", "text"), ("Seconds", "number"), ("Noted on", "date"), ("Stage", "choice"), ("Votes", "votes")]
    kinds += [("Approved", "checkbox")] * checkbox
    return [
        CustomField(one, name, kind, stages if kind == "choice" else ())
        for one, (name, kind) in zip(ids, kinds, strict=True)
    ]


def is_value(field: CustomField, value: object) -> bool:
    """Whether the field can have this value, in the form in which it is kept here."""
    if value is None:
        return field.type in ("text", "number", "date", "checkbox", "choice")
    if field.type == "choice":
        return value in [one.id for one in field.options]
    if field.type == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if field.type == "date":
        return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", value) is not None
    kinds = {"text": str, "checkbox": bool}
    return field.type in kinds and isinstance(value, kinds[field.type])


@dataclass(frozen=True)
class Happening:
    """What has been done to a task, or to a comment on it: `what` is task or comment, `done` is added, changed or
    deleted, `members` are those of the task that were changed."""

    what: str
    done: str
    task: Task
    id: str
    members: tuple[str, ...] = ()


class Work:
    """Everything in one account. `gone` are the ids of deleted tasks with the time of their deletion. `listeners` are
    told of what is done in it."""

    def __init__(self, clock: Clock, first_id: int = 2000) -> None:
        self._clock = clock
        self._first_id = first_id
        self.listeners: list[Callable[[Happening], None]] = []
        self.reset()

    def reset(self) -> None:
        """Nothing in it."""
        self._ids = itertools.count(self._first_id)
        self.projects: dict[str, Project] = {}
        self.tasks: dict[str, Task] = {}
        self.gone: dict[str, tuple[str, float]] = {}

    def new_id(self) -> str:
        return str(next(self._ids))

    def add_project(self, project: Project) -> Project:
        self.projects[project.id] = project
        return project

    def fill(self, project_id: str, tasks: int, comments: int = 0, files: int = 0) -> None:
        """So many tasks, the first of them with a comment or a file, all as of yesterday."""
        for number in range(tasks):
            task = self.add_task(project_id, f"Task {number + 1}", f"What task {number + 1} is about")
            task.created_s = task.modified_s = self._clock.now_s() - A_DAY_S
            if number < comments:
                self.comment(task.id, "Grace", f"On task {number + 1}", at_s=task.modified_s)
            if number < files:
                task.files.append(File(self.new_id(), f"frame-{number + 1}.png", 1000 + number))

    def add_task(
        self, project_id: str, title: str, text: str = "", *, status: str | None = None, done: bool = False
    ) -> Task:
        now = self._clock.now_s()
        column = status or self.projects[project_id].columns[0].id
        task = Task(self.new_id(), project_id, title, text, column, done, now, now)
        self.tasks[task.id] = task
        self._tell(Happening("task", "added", task, task.id))
        return task

    def change(self, task_id: str, **members: object) -> Task:
        """Changes members of a task, as somebody at the provider would."""
        task = self.tasks[task_id]
        for name, value in members.items():
            setattr(task, name, value)
        task.modified_s = self._clock.now_s()
        self._tell(Happening("task", "changed", task, task.id, tuple(members)))
        return task

    def comment(self, task_id: str, author: str, text: str, *, at_s: float | None = None) -> Comment:
        task = self.tasks[task_id]
        moment = self._clock.now_s() if at_s is None else at_s
        made = Comment(self.new_id(), author, text, moment, moment)
        task.comments.append(made)
        task.modified_s = moment
        self._tell(Happening("comment", "added", task, made.id))
        return made

    def edit_comment(self, comment_id: str, text: str) -> Comment | None:
        for task in self.tasks.values():
            for comment in task.comments:
                if comment.id == comment_id:
                    comment.text = text
                    comment.edited_s = task.modified_s = self._clock.now_s()
                    self._tell(Happening("comment", "changed", task, comment.id))
                    return comment
        return None

    def delete(self, task_id: str) -> None:
        task = self.tasks.pop(task_id)
        self.gone[task_id] = (task.project, self._clock.now_s())
        self._tell(Happening("task", "deleted", task, task_id))

    def _tell(self, happening: Happening) -> None:
        for listener in self.listeners:
            listener(happening)

    def of(self, project_id: str, since_s: float | None = None) -> list[Task]:
        """A project's tasks, those changed since then alone if it is given, the oldest change first."""
        found = [task for task in self.tasks.values() if task.project == project_id]
        if since_s is not None:
            found = [task for task in found if task.modified_s >= since_s]
        return sorted(found, key=lambda task: task.modified_s)


def iso(at_s: float) -> str:
    """With milliseconds and Z."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at_s * 1000) % 1000:03d}Z"


def seconds_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
