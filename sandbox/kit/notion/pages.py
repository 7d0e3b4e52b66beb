"""What the Notion stand-in holds: databases with tables, pages in them, their content and comments."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.kit.notion.wire import Json, invalid, not_found, only, plain, read_runs, runs
from sandbox.kit.work import Column, Comment, Project, Task, Work, custom_fields


@dataclass
class DataSource(Project):
    """A table of a database. `schema` says the type of each property by its name; the columns are the options."""

    database: str = ""
    schema: dict[str, str] = field(default_factory=dict)

    def names(self, *kinds: str) -> list[str]:
        return [name for name, kind in self.schema.items() if kind in kinds]

    @property
    def state(self) -> str | None:
        """The type of the property that says what is done."""
        return next((kind for kind in self.schema.values() if kind in ("status", "select", "checkbox")), None)


class Pages(Work):
    """What is done follows from the status. What is deleted is in the trash. A comment is no edit of its page."""

    def reset(self) -> None:
        super().reset()
        self.trash: dict[str, Task] = {}
        self.blocks: dict[str, list[Json]] = {}

    def new_id(self) -> str:
        return str(uuid.UUID(int=int(super().new_id()), version=4))

    def source(self, source_id: str) -> DataSource:
        found = self.projects.get(source_id)
        if not isinstance(found, DataSource):
            raise not_found(f"data_source with ID: {source_id}")
        return found

    def add_task(
        self, project_id: str, title: str, text: str = "", *, status: str | None = None, done: bool = False
    ) -> Task:
        if status is None and done:
            status = next(column.id for column in self.projects[project_id].columns if column.done)
        task = super().add_task(project_id, title, text, status=status)
        task.done = self._column(task).done
        return task

    def change(self, task_id: str, **members: object) -> Task:
        task = self.tasks[task_id]
        if "done" in members and "status" not in members and members["done"] != task.done:
            columns = self.projects[task.project].columns
            members["status"] = next(column.id for column in columns if column.done == members["done"])
        super().change(task_id, **members)
        task.done = self._column(task).done
        return task

    def comment(self, task_id: str, author: str, text: str, *, at_s: float | None = None) -> Comment:
        edited_s = self.tasks[task_id].modified_s
        made = super().comment(task_id, author, text, at_s=at_s)
        self.tasks[task_id].modified_s = edited_s
        return made

    def edit_comment(self, comment_id: str, text: str) -> Comment | None:
        edited = {task.id: task.modified_s for task in self.tasks.values()}
        found = super().edit_comment(comment_id, text)
        for task in self.tasks.values():
            task.modified_s = edited[task.id]
        return found

    def delete(self, task_id: str) -> None:
        self.trash[task_id] = self.tasks[task_id]
        super().delete(task_id)

    def find(self, page_id: str) -> Task:
        """A page, in the trash or not."""
        found = self.tasks.get(page_id) or self.trash.get(page_id)
        if found is None:
            raise not_found(f"page with ID: {page_id}")
        return found

    def live(self, page_id: str) -> Task:
        """A page that can be written to."""
        found = self.find(page_id)
        if page_id in self.trash:
            raise invalid("Can't edit page that is archived. You must unarchive the page before editing.")
        return found

    def blocks_of(self, task: Task) -> list[Json]:
        """The content of a page of a table without a text property; somebody may have changed the whole of it."""
        blocks = self.blocks.setdefault(task.id, [])
        if "rich_text" not in self.source(task.project).schema.values() and text_of(blocks) != task.text:
            blocks[:] = [self.make_block({"type": "paragraph", "paragraph": {"rich_text": runs(task.text)}})]
        return blocks

    def make_block(self, given: Any) -> Json:
        block = only(given, "object", "type", "paragraph", "quote", "to_do")
        kind = next((name for name in ("paragraph", "quote", "to_do") if name in block), "")
        if block.get("type", kind) != kind or not isinstance(block.get(kind), dict):
            raise invalid("body failed validation: a block has the member that its type names")
        return {"id": self.new_id(), "type": kind, "rich_text": read_runs(block[kind].get("rich_text"))}

    def settle(self, task: Task) -> None:
        """After its blocks were written: the page has been edited."""
        if "rich_text" not in self.source(task.project).schema.values():
            self.change(task.id, text=text_of(self.blocks[task.id]))

    def _column(self, task: Task) -> Column:
        return next(column for column in self.projects[task.project].columns if column.id == task.status)


def text_of(blocks: Iterable[Json]) -> str:
    return "\n".join(plain(block["rich_text"]) for block in blocks)


def furnish(work: Pages) -> None:
    """Two databases with a table each, filled."""
    first = DataSource(
        "5a000000-0000-4000-8000-000000000001",
        "Trailer",
        [
            Column("5c000001", "Not started"),
            Column("5c000002", "In progress"),
            Column("5c000003", "Done", done=True),
            Column("5c000004", "Dropped", done=True),
        ],
        database="5d000000-0000-4000-8000-000000000001",
        schema={
            "Task name": "title",
            "Status": "status",
            "Description": "rich_text",
            "Koko": "url",
            "Due": "date",
            "Assignee": "people",
            "Attachments": "files",
        },
    )
    # Notion's app does not offer the same name twice. Two here show that options are told apart by their ids.
    second = DataSource(
        "5a000000-0000-4000-8000-000000000002",
        "Feature film",
        [
            Column("5c000011", "To do"),
            Column("5c000012", "Review"),
            Column("5c000013", "Review"),
            Column("5c000014", "Done", done=True),
        ],
        database="5d000000-0000-4000-8000-000000000002",
        schema={"Name": "title", "Status": "select"},
    )
    for source in (first, second):
        ids = [f"%3A{source.id[-1]}{letter}" for letter in "abcdefghi"]
        source.fields = custom_fields(ids[:6], ids[6:])
        work.add_project(source)
    work.fill(first.id, 120, comments=3, files=2)
    work.fill(second.id, 5)
