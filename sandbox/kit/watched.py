"""Work that says what happens to it."""

from collections.abc import Callable
from typing import NamedTuple

from sandbox.kit.work import Comment, Task, Work


class Event(NamedTuple):
    """`what` is `created`, `changed`, `deleted`, `left` (for another project), `commented` or `reworded`."""

    what: str
    project: str
    task: Task
    comment: Comment | None = None


class WatchedWork(Work):
    """`tell` is told, from the moment on when it is set."""

    tell: Callable[[Event], None] = staticmethod(lambda _: None)

    def add_task(
        self, project_id: str, title: str, text: str = "", *, status: str | None = None, done: bool = False
    ) -> Task:
        made = super().add_task(project_id, title, text, status=status, done=done)
        self.tell(Event("created", project_id, made))
        return made

    def change(self, task_id: str, **members: object) -> Task:
        before = self.tasks[task_id].project
        task = super().change(task_id, **members)
        if task.project != before:
            self.tell(Event("left", before, task))
        self.tell(Event("changed", task.project, task))
        return task

    def comment(self, task_id: str, author: str, text: str, *, at_s: float | None = None) -> Comment:
        made = super().comment(task_id, author, text, at_s=at_s)
        task = self.tasks[task_id]
        self.tell(Event("commented", task.project, task, made))
        return made

    def edit_comment(self, comment_id: str, text: str) -> Comment | None:
        found = super().edit_comment(comment_id, text)
        for task in self.tasks.values():
            if found is not None and found in task.comments:
                self.tell(Event("reworded", task.project, task, found))
        return found

    def delete(self, task_id: str) -> None:
        task = self.tasks[task_id]
        super().delete(task_id)
        self.tell(Event("deleted", task.project, task))
