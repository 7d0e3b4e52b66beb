"""An account of monday.com: what can be asked of its GraphQL API, and what can be changed by it.

Source: developer.monday.com/api-reference/reference/{boards,items,items-page,updates,status,long-text,link}.
"""

import html
import json
import re
from typing import Any

from sandbox.kit.monday.showing import ACCOUNT, Info, Showing, Shown, need, post, refusal, turn
from sandbox.kit.monday.webhooks import MondayWebhooks
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import Column, Project, custom_fields, is_value

TYPES = {"number": "numbers", "choice": "status", "votes": "file"}
ME = {"id": "1", "name": "Ada Admin", "email": "ada@sandbox.example"}


class Account(Showing):
    """Two boards, one with a column for text and links, one without."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.hooks = MondayWebhooks(clock, self.work)
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.hooks.reset()
        self.columns["501"] = [
            ("owner", "people"),
            ("status", "status"),
            ("due", "date"),
            ("notes", "long_text"),
            ("frame", "link"),
        ]
        self.columns["502"] = [("priority", "status"), ("status", "status")]
        labels = [Column("0", "Working on it"), Column("2", "Stuck"), Column("1", "Done", done=True)]
        self.work.add_project(Project("501", "Shots", labels))
        labels = [Column("0", "To do"), Column("3", "In review"), Column("4", "In review")]
        labels += [Column("1", "Approved", done=True), Column("6", "Delivered", done=True)]
        self.work.add_project(Project("502", "Feature film", labels))
        for board in self.work.projects.values():
            ids = [f"{kind}_{board.id}" for kind in ("text", "numbers", "date", "status", "file", "checkbox")]
            board.fields = custom_fields(ids, ["0", "1", "2"])
            self.columns[board.id] += [(one.id, TYPES.get(one.type, one.type)) for one in board.fields]
        self.work.fill("501", 120, comments=3, files=2)
        self.work.fill("502", 5)

    def root(self) -> Shown:
        return {
            "me": self._me,
            "boards": self._boards,
            "items": self._items,
            "next_items_page": self._next_items_page,
            "create_item": self._create_item,
            "change_multiple_column_values": self._change_item,
            "create_update": self._create_update,
            "edit_update": self._edit_update,
            "create_webhook": self.hooks.create,
            "delete_webhook": self.hooks.delete,
        }

    def _me(self, info: Info) -> Shown:
        need(info, "me:read")
        return {**ME, "account": self._account}

    def _account(self, info: Info) -> Shown:
        need(info, "account:read")
        return ACCOUNT

    def _boards(self, info: Info, limit: int, page: int, state: str, ids: list[str] | None = None) -> list[Shown]:
        need(info, "boards:read")
        active = state in ("active", "all")
        found = [one for one in self.work.projects.values() if active and (ids is None or one.id in ids)]
        # One a page, so that whoever asks has to turn pages.
        return [self._board(one) for one in turn(found, min(limit, 1) if ids is None else limit, page)]

    def _items(
        self,
        info: Info,
        limit: int,
        page: int,
        ids: list[str] | None = None,
        exclude_nonactive: bool = False,
    ) -> list[Shown]:
        need(info, "boards:read")
        if ids is None or len(ids) > 100:
            raise refusal("InvalidArgumentException", "between 1 and 100 ids are wanted")
        found = [self.work.tasks[one] for one in ids if one in self.work.tasks]
        active = [one for one in found if not (exclude_nonactive and one.id in self.work.archived)]
        return [self._item(one) for one in turn(active, limit, page)]

    def _next_items_page(self, info: Info, cursor: str, limit: int) -> Shown:
        need(info, "boards:read")
        until, ids = self._cursors.get(cursor, (0.0, []))
        if until < self._clock.now_s():
            raise refusal("CursorException", "The cursor provided for pagination has expired")
        return self._page(ids, limit)

    def _create_item(self, info: Info, board_id: str, item_name: str, **more: Any) -> Shown:
        need(info, "boards:write")
        if board_id not in self.work.projects:
            raise refusal("InvalidBoardIdException", "The board does not exist", 404)
        changes, fields = self._read_values(board_id, more.get("column_values"))
        if not item_name or len(item_name) > 255:
            raise refusal("ItemNameTooLongException", "An item has a name of 1 to 255 characters")
        task = self.work.add_task(board_id, item_name)
        # What is not said stays blank.
        self.work.change(task.id, **({"status": "", "text": ""} | changes))
        task.fields.update(fields)
        return self._item(task)

    def _change_item(self, info: Info, board_id: str, item_id: str, column_values: str) -> Shown:
        need(info, "boards:write")
        task = self.work.tasks.get(item_id)
        if task is None or task.project != board_id or item_id in self.work.archived:
            raise refusal("InvalidItemIdException", "The item is not there", 404)
        changes, fields = self._read_values(board_id, column_values)
        task.fields.update(fields)
        return self._item(self.work.change(item_id, **changes))

    def _read_values(self, board_id: str, encoded: str | None) -> tuple[Shown, Shown]:
        """Column values, as members of a task, and as fields of it."""
        try:
            values = json.loads(encoded or "{}")
        except (ValueError, TypeError):
            raise refusal("JsonParseException", "column_values is a text of JSON") from None
        kinds = dict(self.columns[board_id]) | {"name": "name"}
        changes: Shown = {}
        fields: Shown = {}
        for name, value in values.items():
            kind, own = kinds.get(name), self.work.projects[board_id].field(name)
            if own is not None:
                fields[name] = self._unwrapped(own.type, value)
                if not is_value(own, fields[name]):
                    raise refusal("ColumnValueException", "invalid value, please check our API documentation")
                continue
            if kind is None:
                raise refusal("InvalidColumnIdException", "This column ID doesn't exist for the board")
            if kind == "name" and isinstance(value, str) and value:
                changes["title"] = value
            elif kind == "long_text" and isinstance(value, dict) and len(value["text"]) <= 2000:
                changes["text"] = value["text"]
            elif kind == "link" and isinstance(value, dict) and value["url"].startswith("https://"):
                changes["links"] = [{"url": value["url"], "text": value["text"]}]
            elif name == "status" and str(value["index"]) in {one.id for one in self.work.projects[board_id].columns}:
                changes["status"] = str(value["index"])
            else:
                raise refusal("ColumnValueException", "invalid value, please check our API documentation")
        return changes, fields

    def _unwrapped(self, kind: str, value: Any) -> Any:
        """A column value without what monday wraps it in; what is wrapped wrongly is none."""
        match kind, value:
            case _, None:
                return None
            case "choice", {"index": int(number)}:
                return str(number)
            case "date", {"date": str(day)}:
                return day
            case "checkbox", {"checked": "true"}:
                return True
            case "number", str(digits):
                return float(digits)
            case "text", str(words):
                return words
        return object()

    def _create_update(self, info: Info, body: str, item_id: str | None = None, parent_id: str | None = None) -> Shown:
        need(info, "updates:write")
        task = self.work.tasks.get(str(item_id))
        if task is None:
            raise refusal("ResourceNotFoundException", "Item not found", 404)
        if parent_id is not None:
            return {**post(self.work.reply(parent_id, ME["name"], plain(body))), "item_id": task.id, "replies": []}
        return self._update(self.work.comment(task.id, ME["name"], plain(body)), task.id)

    def _edit_update(self, info: Info, id: str, body: str) -> Shown:
        need(info, "updates:write")
        found = self.work.edit_comment(id, plain(body))
        if found is None:
            raise refusal("ResourceNotFoundException", "Update not found", 404)
        task_id = next(task.id for task in self.work.tasks.values() if found in task.comments)
        return self._update(found, task_id)


def plain(body: str) -> str:
    """What people read of the HTML."""
    lines = re.sub(r"<br\s*/?>|</p>\s*<p>", "\n", body)
    return html.unescape(re.sub(r"<[^>]*>", "", lines)).strip()
