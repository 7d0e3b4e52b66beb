"""What the account of the monday.com stand-in holds: work, with the log that monday keeps of each board.

Where monday does not say, it is hard to please: the log knows nothing of updates, and neither does the time at which an
item was last changed.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from sandbox.kit.work import A_DAY_S, Comment, Task, Work


@dataclass
class LogEntry:
    id: str
    board: str
    event: str
    data: dict[str, Any]
    at_s: float


class LoggedWork(Work):
    """Work whose `done` follows from the status. `replies` are by update; archived items are in no list."""

    log: list[LogEntry]
    archived: set[str]
    replies: dict[str, list[Comment]]

    def reset(self) -> None:
        super().reset()
        self.log, self.archived, self.replies = [], set(), {}

    def fill(self, project_id: str, tasks: int, comments: int = 0, files: int = 0) -> None:
        known = len(self.log)
        super().fill(project_id, tasks, comments, files)
        for entry in self.log[known:]:
            entry.at_s -= A_DAY_S

    def add_task(
        self, project_id: str, title: str, text: str = "", *, status: str | None = None, done: bool = False
    ) -> Task:
        task = super().add_task(project_id, title, text, status=status, done=done)
        task.done = self._is_done(task)
        self.note(task, "create_pulse")
        return task

    def change(self, task_id: str, **members: object) -> Task:
        task = super().change(task_id, **members)
        task.done = self._is_done(task)
        for name in members:
            self.note(task, "update_name" if name == "title" else "update_column_value")
        return task

    def comment(self, task_id: str, author: str, text: str, *, at_s: float | None = None) -> Comment:
        task = self.tasks[task_id]
        modified_s = task.modified_s
        made = super().comment(task_id, author, text, at_s=at_s)
        task.modified_s = modified_s
        return made

    def reply(self, update_id: str, author: str, text: str) -> Comment:
        now = self._clock.now_s()
        made = Comment(self.new_id(), author, text, now, now)
        self.replies.setdefault(update_id, []).append(made)
        return made

    def edit_comment(self, comment_id: str, text: str) -> Comment | None:
        before = {task.id: task.modified_s for task in self.tasks.values()}
        found = super().edit_comment(comment_id, text)
        for task in self.tasks.values():
            task.modified_s = before[task.id]
        return found

    def archive(self, task_id: str) -> None:
        self.archived.add(task_id)
        self.note(self.tasks[task_id], "archive_pulse")

    def restore(self, task_id: str) -> None:
        self.archived.discard(task_id)
        self.note(self.tasks[task_id], "restore_pulse")

    def delete(self, task_id: str) -> None:
        self.note(self.tasks[task_id], "delete_pulse")
        super().delete(task_id)

    def note(self, task: Task, event: str) -> None:
        data = {"board_id": int(task.project), "pulse_id": int(task.id), "pulse_name": task.title}
        self.log.append(LogEntry(secrets.token_hex(8), task.project, event, data, self._clock.now_s()))

    def _is_done(self, task: Task) -> bool:
        return any(label.id == task.status and label.done for label in self.projects[task.project].columns)
