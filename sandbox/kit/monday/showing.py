"""Boards, items and updates of monday.com as its GraphQL API shows them: values and resolvers of `schema`.

Source: developer.monday.com/api-reference/reference/{boards,items-page,updates,activity-logs,status,long-text,link}.
"""

import html
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from sandbox.kit.monday.work import LogEntry, LoggedWork
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import Column, Comment, File, Project, Task, iso, seconds_of

SITE = "https://sandbox.monday.com"
ACCOUNT = {"id": "77", "name": "Sandbox Account", "slug": "sandbox"}
CURSOR_LIVES_S = 3600
PRIORITIES = (Column("0", "High"), Column("1", "Low"))
VALUE_TYPES = {
    "status": "StatusValue",
    "date": "DateValue",
    "people": "PeopleValue",
    "long_text": "LongTextValue",
    "link": "LinkValue",
    "text": "TextValue",
    "numbers": "NumbersValue",
    # Its own type, of which no more is asked here than of a text.
    "checkbox": "TextValue",
    "file": "FileValue",
}
BY_CREATION = {"column_id": "__creation_log__", "direction": "asc"}

Shown = dict[str, Any]
Info = GraphQLResolveInfo[Any]


class Showing:
    """`columns` are each board's beside the name, in order, as pairs of id and type. A project's own labels are those
    of the column whose id is status. With `forget_cursors` the next one that is given is old already."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.work = LoggedWork(clock, first_id=3_000_000)

    def reset(self) -> None:
        self.work.reset()
        self.columns: dict[str, list[tuple[str, str]]] = {}
        self.forget_cursors = False
        self._cursors: dict[str, tuple[float, list[str]]] = {}

    def _page(self, ids: list[str], limit: int) -> Shown:
        if not 1 <= limit <= 500:
            raise refusal("InvalidArgumentException", "limit is between 1 and 500")
        cursor = None
        if ids[limit:]:
            cursor = secrets.token_urlsafe(12)
            lives_s, self.forget_cursors = 0 if self.forget_cursors else CURSOR_LIVES_S, False
            self._cursors[cursor] = (self._clock.now_s() + lives_s, ids[limit:])
        found = [self.work.tasks[one] for one in ids[:limit] if one in self.work.tasks]
        return {"cursor": cursor, "items": [self._item(one) for one in found]}

    def _board(self, board: Project) -> Shown:
        def activity_logs(info: Info, limit: int, page: int, **asked: str) -> list[Shown]:
            since_s = seconds_of(asked["from"]) if "from" in asked else 0.0
            found = [one for one in reversed(self.work.log) if one.board == board.id and one.at_s >= since_s]
            return [log_entry(one) for one in turn(found, limit, page)]

        def updates(info: Info, limit: int, page: int) -> list[Shown]:
            need(info, "updates:read")
            said = [(one, task) for task in self.work.of(board.id) for one in task.comments]
            said.sort(key=lambda pair: pair[0].created_s, reverse=True)
            return [self._update(one, task.id) for one, task in turn(said, limit, page)]

        def items_page(info: Info, limit: int, query_params: Mapping[str, Any] | None = None) -> Shown:
            found = [one for one in self.work.of(board.id) if one.id not in self.work.archived]
            for order in (query_params or {}).get("order_by") or [BY_CREATION]:
                if order["column_id"] not in ("__last_updated__", "__creation_log__"):
                    raise refusal("InvalidColumnIdException", "This column ID doesn't exist for the board")
                by_change = order["column_id"] == "__last_updated__"
                found.sort(
                    key=lambda task: task.modified_s if by_change else int(task.id),
                    reverse=order["direction"] == "desc",
                )
            return self._page([one.id for one in found], limit)

        return {
            "id": board.id,
            "name": board.name,
            "type": "board",
            "state": "active",
            "url": f"{SITE}/boards/{board.id}",
            "updated_at": iso(self._clock.now_s()),
            "columns": lambda _, types=None: [
                self._column(board, name, kind)
                for name, kind in self.columns[board.id]
                if types is None or kind in types
            ],
            "activity_logs": activity_logs,
            "updates": updates,
            "items_page": items_page,
        }

    def _column(self, board: Project, name: str, kind: str) -> Shown:
        settings: Shown = {}
        own = board.field(name)
        if kind == "status":
            labels = [
                {"id": int(one.id), "label": one.name, "index": place, "is_done": one.done, "is_deactivated": False}
                for place, one in enumerate(self._labels(board, name))
            ]
            # In the order of their ids; `index` is the place that people see. The blank one is always there.
            blank = {"id": 5, "label": "", "index": len(labels), "is_done": False, "is_deactivated": False}
            settings = {"labels": sorted([*labels, blank], key=lambda label: int(label["id"]))}
        title = name if own is None else own.name
        return {"id": name, "title": title, "type": kind, "archived": False, "settings": settings}

    def _labels(self, board: Project, column: str) -> Iterable[Column]:
        own = board.field(column)
        return own.options if own is not None else board.columns if column == "status" else PRIORITIES

    def _item(self, task: Task) -> Shown:
        def updates(info: Info, limit: int, page: int) -> list[Shown]:
            need(info, "updates:read")
            said = sorted(task.comments, key=lambda one: int(one.id), reverse=True)
            return [self._update(one, task.id) for one in turn(said, limit, page)]

        def assets(info: Info, **_: object) -> list[Shown]:
            need(info, "assets:read")
            return [asset(one, task) for one in task.files]

        return {
            "id": task.id,
            "name": task.title,
            "state": "archived" if task.id in self.work.archived else "active",
            "url": f"{SITE}/boards/{task.project}/pulses/{task.id}",
            "created_at": iso(task.created_s),
            "updated_at": iso(task.modified_s),
            "board": self._board(self.work.projects[task.project]),
            "group": {"id": "topics", "title": "Items"},
            "column_values": lambda _, types=None: [
                self._value(task, name, kind)
                for name, kind in self.columns[task.project]
                if types is None or kind in types
            ],
            "updates": updates,
            "assets": assets,
        }

    def _value(self, task: Task, name: str, kind: str) -> Shown:
        value: Shown = {"__typename": VALUE_TYPES[kind], "id": name, "type": kind, "text": "", "value": None}
        if name in task.fields:
            value["text"] = "v" if task.fields[name] is True else str(task.fields[name] or "")
        if name == "status":
            label = next((one for one in self.work.projects[task.project].columns if one.id == task.status), None)
            value |= {"text": None, "index": None, "is_done": False}
            if label is not None:
                value |= {"text": label.name, "label": label.name, "index": int(label.id), "is_done": label.done}
        elif name == "notes":
            value["text"] = task.text
        elif kind == "link" and task.links:
            value |= {"text": f"{task.links[0]['text']} - {task.links[0]['url']}", "url": task.links[0]["url"]}
        return value

    def _update(self, said: Comment, task_id: str) -> Shown:
        return {**post(said), "item_id": task_id, "replies": [post(one) for one in self.work.replies.get(said.id, [])]}


def need(info: Info, scope: str) -> None:
    """The context is the token's scopes, None for a personal one that has them all."""
    if info.context is not None and scope not in info.context:
        raise refusal("UserUnauthorizedException", f"Missing scope {scope}", 403)


def refusal(code: str, message: str, status: int = 200) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code, "status_code": status, "error_data": {}})


def turn(found: list[Any], limit: int, page: int) -> list[Any]:
    return found[(page - 1) * limit : page * limit]


def log_entry(entry: LogEntry) -> Shown:
    return {
        "id": entry.id,
        "event": entry.event,
        "entity": "pulse",
        "data": json.dumps(entry.data),
        # Ticks of 100 ns.
        "created_at": str(int(entry.at_s * 10_000_000)),
    }


def post(said: Comment) -> Shown:
    # As an editor would have it, which is not how it was sent.
    lines = [re.sub(r"(https?://\S+)", r'<a href="\1">\1</a>', html.escape(line)) for line in said.text.split("\n")]
    return {
        "id": said.id,
        "body": f"<p>\ufeff{'<br />'.join(lines)}</p>",
        "text_body": said.text,
        "creator": {"id": "9", "name": said.author, "email": "somebody@sandbox.example", "account": ACCOUNT},
        "created_at": iso(said.created_s),
        "updated_at": iso(said.edited_s),
        "edited_at": iso(said.edited_s),
    }


def asset(file: File, task: Task) -> Shown:
    extension = "." + file.name.rpartition(".")[2]
    return {
        "id": file.id,
        "name": file.name,
        "file_extension": extension,
        "file_size": file.size,
        "created_at": iso(task.created_s),
        "url": f"{SITE}/protected_static/77/resources/{file.id}/{file.name}",
        "public_url": f"https://files.sandbox.example/{file.id}?signature={secrets.token_hex(4)}",
    }
