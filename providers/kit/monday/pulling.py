"""Pulling from monday.com: boards, and items page by page with their comments and files.

A full pass pages through a board. An incremental one asks once for everything that may be new: the board's log, which
tells what happened to items, deletions included, but nothing of updates; the latest updates, with the replies to them;
and the items that were changed last, so that as a rule nothing remains to be asked. What the log names beyond those is
read by id. An update that is edited or answered after a hundred newer ones, and one that is deleted, are only noticed
together with a change of their item, or by a full pass.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from providers.kit.app import AppCredentials
from providers.kit.base import ListsItems
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected, StartOver
from providers.kit.field_values import ExternalField
from providers.kit.http import HttpClient
from providers.kit.items import Item, Page, Pull, Skipped
from providers.kit.monday import queries as ask
from providers.kit.monday.answers import A_DAY_MS, read_data
from providers.kit.monday.board import Shape, Shapes, read_shape
from providers.kit.monday.items import (
    Entry,
    comments_in,
    is_own,
    last_said_at,
    read_comment,
    read_file,
    read_log,
    read_task,
)
from providers.kit.timestamps import iso_seconds, parse_ms

API = "https://api.monday.com/v2"
API_VERSION = "2026-10"
"""From 2027-01 on, the log of a board is turned by cursor."""
OVERLAP_MS = 60_000
"""Lists and logs may lag behind what happened."""
LOG_LASTS_MS = 6 * A_DAY_MS
"""The log of a free account's board reaches a week back."""


class Asked(NamedTuple):
    """What came of a request. `sent_at` is monday's own clock, in epoch milliseconds."""

    data: Mapping[str, Any]
    sent_at: int


class PullsBoards(ListsItems):
    """The half of monday.com that reads."""

    def __init__(self, http: HttpClient, app: AppCredentials | None = None) -> None:
        super().__init__(http, app)
        self._shapes = Shapes()

    def pull(self, connection: Connection, pull: Pull) -> Page:
        if pull.entity == "projects":
            return self._pull_boards(connection, pull)
        if pull.since is None:
            return self._pull_all(connection, pull)
        page, ids = (1, []) if pull.cursor is None else orjson.loads(pull.cursor)
        return self._pull_named(connection, pull, page, ids) if ids else self._pull_changes(connection, pull, page)

    def ask(self, connection: Connection, text: str, **variables: Any) -> Asked:
        """One GraphQL request; a mutation is never repeated by itself. Raises ProviderError."""
        answer = self.http.request(
            "monday.com",
            "POST",
            API,
            json={"query": text, "variables": variables},
            headers={"Authorization": _token(connection), "API-Version": API_VERSION},
            repeatable=text.lstrip().startswith("query"),
        )
        return Asked(read_data(answer), answer.sent_at)

    def board(self, connection: Connection, container: str, asked: Asked) -> tuple[Entry, Shape]:
        """The board in an answer with BoardParts. Raises Missing."""
        boards = objects(asked.data.get("boards"))
        if not boards:
            raise Missing("monday.com does not have this board any more, or not for this account")
        shape = read_shape(boards[0])
        self._shapes.keep(_token(connection), container, shape)
        return boards[0], shape

    def shape(self, connection: Connection, container: str) -> Shape:
        """The board's shape, from an answer within minutes or else by asking."""
        known = self._shapes.get(_token(connection), container)
        return known or self.board(connection, container, self.ask(connection, ask.COLUMNS, board=container))[1]

    def list_boards(self, connection: Connection, cursor: str | None) -> tuple[list[Entry], str | None]:
        """A page of boards, and where the next one is: monday does not say which is the last."""
        page = int(cursor or 1)
        found = objects(self.ask(connection, ask.BOARDS, page=page).data.get("boards"))
        # Documents, and the boards that hold subitems, come as boards too.
        return [one for one in found if one.get("type") in (None, "board")], str(page + 1) if found else None

    def updates_of(self, connection: Connection, entry: Entry) -> list[Entry]:
        """All updates of an item with ItemParts, the newest first."""
        updates = objects(entry.get("updates"))
        if len(updates) < ask.UPDATES_WITH_ITEM:
            return updates
        updates, page = [], 1
        while True:
            items = objects(self.ask(connection, ask.UPDATES, item=entry.get("id"), page=page).data.get("items"))
            more = objects(items[0].get("updates")) if items else []
            updates += more
            if len(more) < ask.UPDATES_AT_ONCE:
                return updates
            page += 1

    def _pull_boards(self, connection: Connection, pull: Pull) -> Page:
        if pull.container is not None:
            boards = objects(self.ask(connection, ask.BOARD, board=pull.container).data.get("boards"))
            items, skipped = self.read_items(boards, self._read_board)
            return Page(items=tuple(items), skipped=tuple(skipped), gone=() if boards else (pull.container,))
        boards, cursor = self.list_boards(connection, pull.cursor)
        items, skipped = self.read_items(boards, self._read_board)
        return Page(items=tuple(items), skipped=tuple(skipped), cursor=cursor)

    def _pull_all(self, connection: Connection, pull: Pull) -> Page:
        container = str(pull.container)
        if pull.cursor is None:
            asked = self.ask(connection, ask.ITEMS, board=container)
        else:
            try:
                asked = self.ask(connection, ask.NEXT_ITEMS, board=container, cursor=pull.cursor)
            except Rejected as problem:
                # A cursor lives an hour.
                raise StartOver("monday.com no longer knows where we were", reason=problem.reason) from problem
        board, shape = self.board(connection, container, asked)
        found = asked.data.get("next_items_page") if pull.cursor is not None else board.get("items_page")
        cursor = found.get("cursor") if isinstance(found, dict) else ""
        if not isinstance(found, dict) or not (cursor is None or (isinstance(cursor, str) and cursor)):
            raise ProtocolBroken("monday.com sent a page of items of the wrong shape")
        items, skipped = self._read_entries(connection, objects(found.get("items")), shape, pull.reads)
        watermark = _watermark(asked, shape) if pull.cursor is None else None
        return Page(items=tuple(items), skipped=tuple(skipped), cursor=cursor, watermark=watermark)

    def _pull_changes(self, connection: Connection, pull: Pull, page: int) -> Page:
        container = str(pull.container)
        since, _, known = str(pull.since).partition(" ")
        since_ms = parse_ms(since) or 0
        asked = self.ask(connection, ask.CHANGES, board=container, since=since, page=page)
        board, shape = self.board(connection, container, asked)
        logs = board.get("activity_logs")
        named = None if logs is None else read_log(objects(logs))
        too_old = asked.sent_at - since_ms > LOG_LASTS_MS or page > ask.MOST_LOG_PAGES
        if named is None or too_old or shape.fingerprint != known:
            raise StartOver("what happened on this board of monday.com cannot be told item by item")
        newest = objects((board.get("items_page") or {}).get("items"))
        entries = [one for one in newest if _is_since(one, since_ms, _changed_at)]
        items, skipped = self._read_entries(connection, entries, shape, pull.reads)
        seen = {item.id for item in items if item.entity is None}
        updates = objects(board.get("updates"))
        latest = [one for one in updates if _is_since(one, since_ms, last_said_at)]
        touched, gone = named
        if page > 1:
            # What a newer page has told is not to be undone.
            touched, gone = touched + gone, []
        for update in latest:
            task_id = update.get("item_id")
            if task_id is None or task_id in seen:
                continue
            if is_own(update):
                touched.append(task_id)
            comments, unread = self._read_comments([update], task_id)
            items, skipped = items + comments, skipped + unread
        left = [one for one in dict.fromkeys(touched) if one not in seen]
        full = len(objects(logs)) == ask.LOGS_AT_ONCE or len(latest) == ask.UPDATES_AT_ONCE
        return Page(
            items=tuple(items),
            gone=tuple(one for one in gone if one not in seen),
            skipped=tuple(skipped),
            cursor=_cursor(page + 1 if full else 0, left),
            watermark=_watermark(asked, shape) if page == 1 else None,
        )

    def _pull_named(self, connection: Connection, pull: Pull, page: int, ids: Sequence[str]) -> Page:
        container = str(pull.container)
        now, later = ids[: ask.ITEMS_AT_ONCE], ids[ask.ITEMS_AT_ONCE :]
        asked = self.ask(connection, ask.NAMED_ITEMS, board=container, items=now)
        _, shape = self.board(connection, container, asked)
        entries = on_board(asked, container)
        items, skipped = self._read_entries(connection, entries, shape, pull.reads)
        here = {entry.get("id") for entry in entries}
        return Page(
            items=tuple(items),
            gone=tuple(one for one in now if one not in here),
            skipped=tuple(skipped),
            cursor=_cursor(page, later),
        )

    def _read_entries(
        self, connection: Connection, entries: list[Entry], shape: Shape, reads: Sequence[ExternalField]
    ) -> tuple[list[Item], list[Skipped]]:
        """The tasks, and what came along with them."""
        children: list[Item] = []
        problems: list[Skipped] = []

        def read(entry: Entry) -> Item:
            updates = self.updates_of(connection, entry)
            task = read_task(entry, shape, updates, reads)
            comments, unread = self._read_comments(updates, task.id)
            files, unreadable = self.read_items(entry.get("assets") or [], lambda asset: read_file(asset, task.id))
            children.extend((*comments, *files))
            problems.extend((*unread, *unreadable))
            return task

        tasks, skipped = self.read_items(entries, read)
        return tasks + children, skipped + problems

    def _read_comments(self, updates: Sequence[Entry], task_id: str) -> tuple[list[Item], list[Skipped]]:
        return self.read_items(comments_in(updates), lambda post: read_comment(post, task_id))

    def _read_board(self, entry: Entry) -> Item:
        return Item(
            id=self.require_text(entry, "id"),
            title=self.require_text(entry, "name"),
            url=entry.get("url"),
            modified_at=parse_ms(entry.get("updated_at")),
        )


def on_board(asked: Asked, container: str) -> list[Entry]:
    """The items in an answer to NAMED_ITEMS that are on the board, neither archived nor moved."""
    found = objects(asked.data.get("items"))
    return [one for one in found if one.get("state") == "active" and (one.get("board") or {}).get("id") == container]


def objects(value: Any) -> list[Entry]:
    """A list of objects; nothing is an empty one. Raises ProtocolBroken."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ProtocolBroken("monday.com sent a list of the wrong shape")
    return value


def _changed_at(item: Entry) -> int:
    return parse_ms(item.get("updated_at")) or 0


def _is_since(entry: Entry, at_ms: int, said_at: Callable[[Entry], int]) -> bool:
    try:
        return said_at(entry) >= at_ms
    except ProtocolBroken:
        # Reading it says what is wrong with it.
        return True


def _watermark(asked: Asked, shape: Shape) -> str:
    return f"{iso_seconds(asked.sent_at - OVERLAP_MS)} {shape.fingerprint}"


def _cursor(page: int, ids: Sequence[str]) -> str | None:
    """Items to be read by id, and then a page of changes; 0 where there is no other."""
    return orjson.dumps((page, ids)).decode() if page or ids else None


def _token(connection: Connection) -> str:
    credentials = connection.credentials
    return credentials.access_token or credentials.secrets.get("apiToken", "")
