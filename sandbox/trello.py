"""Trello's API. Source: developer.atlassian.com/cloud/trello/guides/rest-api/{nested-resources,action-types,limits},
Trello's OpenAPI description.

Errors are plain text. Pages go back in time, from the newest. Editing a comment leaves no action behind, but counts as
activity of its card. Whoever asks for more than 50 gets 50, so that pages have to be turned.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.notifying import Notifier
from sandbox.kit.stand_in import Clock
from sandbox.kit.trello_cards import (
    ME,
    find_problem,
    read_item,
    show_card,
    show_comment,
    show_departure,
    show_field,
)
from sandbox.kit.trello_webhooks import TrelloWebhooks
from sandbox.kit.work import Column, Comment, Project, Task, Work, custom_fields, iso, seconds_of

BOARDS = {
    "5abbe4b7ddc1b351ef961415": ("Dailies", ["To do", "In review", "Done"], 120),
    "5abbe4b7ddc1b351ef961416": ("Trailer", ["To do", "In review", "Done", "Done"], 4),
}
FIRST_ID = 650_000_000_000_000_000_000_000
PAGE = 50
CARD = {"fields", "attachments", "attachment_fields", "members", "member_fields", "customFieldItems"}
NAMES = {"name": "title", "desc": "text", "idList": "status", "dueComplete": "done"}

Made = TypeVar("Made", Task, Comment)
Refuse = Callable[[Request, str], Response | None]


class TrelloApi:
    """Boards, lists, cards, comments and attachments. `refuse` says no to requests that lack a scope."""

    def __init__(self, clock: Clock, refuse: Refuse, notifier: Notifier, secret: str) -> None:
        self._clock = clock
        self._refuse = refuse
        self.work = Work(clock, first_id=FIRST_ID)
        self.webhooks = TrelloWebhooks(self.work, refuse, notifier, secret)
        self.work.listeners.append(self.webhooks.told)
        self.reset()

    def reset(self) -> None:
        """As new."""
        self.webhooks.forget()
        self.work.reset()
        self.archived: set[str] = set()
        self._moved: list[tuple[str, str, float]] = []
        for board, (name, lists, cards) in BOARDS.items():
            columns = [Column(self.work.new_id(), one) for one in lists]
            ids = [f"{board[:-4]}f{number:03d}" for number in range(9)]
            self.work.add_project(Project(board, name, columns, fields=custom_fields(ids[:6], ids[6:])))
            self.work.fill(board, cards, comments=3, files=2)

    def archive(self, card_id: str) -> None:
        """Puts a card away, as somebody on the board would."""
        self.archived.add(card_id)
        self.work.change(card_id)

    def move(self, card_id: str, board: str) -> None:
        """Moves a card to another board."""
        self._moved.append((card_id, self.work.tasks[card_id].project, self._clock.now_s()))
        self.webhooks.left(self.work.tasks[card_id])
        self.work.change(card_id, project=board, status=self.work.projects[board].columns[0].id)

    def routes(self) -> list[BaseRoute]:
        def api(method: str, path: str, scope: str, answer: Callable[..., Response], known: Iterable[str]) -> Route:
            async def endpoint(request: Request) -> Response:
                if (refusal := self._refuse(request, scope)) is not None:
                    return refusal
                asked = {**request.query_params, **orjson.loads(await request.body() or b"{}")}
                if unknown := set(asked) - set(known):
                    return _invalid(min(unknown))
                return answer(asked, **request.path_params)

            return Route(f"/1{path}", endpoint, methods=[method])

        read, write = "read:board:trello", "write:board:trello"
        actions = ("actions", "actions_since", "actions_limit")
        nested = ("cards", "cards_modifiedSince", *(f"card_{name}" for name in CARD), *actions)
        comments = "/cards/{card}/actions"
        return [
            api("GET", "/members/me", "read:member:trello", self._me, ["fields"]),
            api("GET", "/members/me/boards", read, self._boards, ["filter", "fields"]),
            api("GET", "/boards/{board}", read, self._board, ["fields", *nested]),
            api("GET", "/boards/{board}/lists", read, self._lists, ["filter", "fields"]),
            api("GET", "/boards/{board}/customFields", read, self._fields, []),
            api("PUT", "/cards/{card}/customFields", write, self._set_fields, ["customFieldItems"]),
            api("GET", "/boards/{board}/cards", read, self._cards, ["filter", "limit", "before", *CARD]),
            api("POST", "/cards", write, self._create_card, [*NAMES, "urlSource"]),
            api("GET", "/cards/{card}", read, self._card, CARD),
            api("PUT", "/cards/{card}", write, self._update_card, [*NAMES, "closed", "due"]),
            api("GET", comments, read, self._comments, ["filter", "limit", "before"]),
            api("POST", f"{comments}/comments", write, self._create_comment, ["text"]),
            api("PUT", f"{comments}/{{comment}}/comments", write, self._update_comment, ["text"]),
            api("POST", "/cards/{card}/attachments", write, self._attach, ["url", "name"]),
            *self.webhooks.routes(),
        ]

    def _me(self, asked: Mapping[str, str]) -> Response:
        return JSONResponse(ME)

    def _boards(self, asked: Mapping[str, str]) -> Response:
        return JSONResponse([self._show_board(board) for board in self.work.projects.values()])

    def _board(self, asked: Mapping[str, str], board: str) -> Response:
        found = self.work.projects.get(board)
        if found is None:
            return _unknown()
        answer = self._show_board(found)
        if "cards" in asked:
            nested = {name.removeprefix("card_"): value for name, value in asked.items()}
            nested["fields"] = asked.get("card_fields", "all")
            since = asked.get("cards_modifiedSince")
            cards = self.work.of(board, None if since is None else seconds_of(since))
            answer["cards"] = [self._show(card, nested) for card in self._filter(cards, asked["cards"])]
        if "actions" in asked:
            since_s = seconds_of(asked["actions_since"]) if "actions_since" in asked else 0.0
            answer["actions"] = self._departures(board, asked["actions"].split(","), since_s)
        return JSONResponse(answer)

    def _departures(self, board: str, kinds: list[str], since_s: float) -> list[dict[str, Any]]:
        left = [("deleteCard", card, project, at_s) for card, (project, at_s) in self.work.gone.items()]
        left += [("moveCardFromBoard", *move) for move in self._moved]
        return [show_departure(*one) for one in left if one[0] in kinds and one[2] == board and one[3] >= since_s]

    def _lists(self, asked: Mapping[str, str], board: str) -> Response:
        found = self.work.projects.get(board)
        if found is None:
            return _unknown()
        return JSONResponse([{"id": one.id, "name": one.name, "closed": False} for one in found.columns])

    def _cards(self, asked: Mapping[str, str], board: str) -> Response:
        if board not in self.work.projects:
            return _unknown()
        page = _page(self._filter(self.work.of(board), asked.get("filter", "visible")), asked)
        return _invalid("limit") if page is None else JSONResponse([self._show(card, asked) for card in page])

    def _card(self, asked: Mapping[str, str], card: str) -> Response:
        found = self.work.tasks.get(card)
        return _unknown() if found is None else JSONResponse(self._show(found, asked))

    def _create_card(self, asked: Mapping[str, Any]) -> Response:
        board = self._board_of(asked.get("idList"))
        if board is None or (problem := find_problem(asked)) is not None:
            return _invalid("idList" if board is None else str(problem))
        card = self.work.add_task(
            board,
            asked.get("name", ""),
            # White space at the end is not kept.
            asked.get("desc", "").rstrip(),
            status=asked["idList"],
            done=asked.get("dueComplete", False),
        )
        if "urlSource" in asked:
            self._add_link(card, asked["urlSource"], asked["urlSource"])
        return JSONResponse(self._show(card, {}))

    def _update_card(self, asked: Mapping[str, Any], card: str) -> Response:
        found = self.work.tasks.get(card)
        if found is None:
            return _unknown()
        problem = find_problem(asked)
        if "idList" in asked and self._board_of(asked["idList"]) != found.project:
            problem = "idList"
        if problem is not None:
            return _invalid(problem)
        if "closed" in asked:
            (self.archived.add if asked["closed"] else self.archived.discard)(card)
        self.work.change(card, **{NAMES[name]: value for name, value in asked.items() if name in NAMES})
        found.fields |= {"due": asked["due"]} if "due" in asked else {}
        return JSONResponse(self._show(found, {}))

    def _fields(self, asked: Mapping[str, str], board: str) -> Response:
        found = self.work.projects.get(board)
        return _unknown() if found is None else JSONResponse([show_field(one, board) for one in found.fields])

    def _set_fields(self, asked: Mapping[str, Any], card: str) -> Response:
        found = self.work.tasks.get(card)
        if found is None:
            return _unknown()
        values: dict[str, object] = {}
        for item in asked["customFieldItems"]:
            field = self.work.projects[found.project].field(item.get("idCustomField", ""))
            if field is None or not read_item(field, item, values):
                return _invalid("customFieldItems")
        self.work.change(card)
        found.fields.update(values)
        return JSONResponse(asked["customFieldItems"])

    def _comments(self, asked: Mapping[str, str], card: str) -> Response:
        found = self.work.tasks.get(card)
        if found is None:
            return _unknown()
        page = _page(found.comments if asked.get("filter") == "commentCard" else [], asked)
        return _invalid("limit") if page is None else JSONResponse([show_comment(found, one) for one in page])

    def _create_comment(self, asked: Mapping[str, Any], card: str) -> Response:
        if card not in self.work.tasks:
            return _unknown()
        if find_problem({"text": "", **asked}) is not None:
            return _invalid("text")
        return JSONResponse(show_comment(self.work.tasks[card], self.work.comment(card, ME["fullName"], asked["text"])))

    def _update_comment(self, asked: Mapping[str, Any], card: str, comment: str) -> Response:
        found = self.work.tasks.get(card)
        known = [one for one in found.comments if one.id == comment] if found is not None else []
        if found is None or not known:
            return _unknown()
        if known[0].author != ME["fullName"]:
            return PlainTextResponse("unauthorized permission requested", 401)
        if find_problem({"text": "", **asked}) is not None:
            return _invalid("text")
        self.work.edit_comment(comment, asked["text"])
        return JSONResponse(show_comment(found, known[0]))

    def _attach(self, asked: Mapping[str, Any], card: str) -> Response:
        found = self.work.tasks.get(card)
        if found is None:
            return _unknown()
        if not str(asked.get("url")).startswith(("http://", "https://")):
            return _invalid("url")
        self._add_link(found, asked["url"], asked.get("name", asked["url"]))
        self.work.change(card)
        return JSONResponse(found.links[-1:])

    def _add_link(self, card: Task, url: str, name: str) -> None:
        link = {"name": name, "url": url, "bytes": None, "mimeType": "", "isUpload": False}
        card.links.append({"id": self.work.new_id(), **link})

    def _board_of(self, list_id: object) -> str | None:
        boards = self.work.projects.values()
        return next((board.id for board in boards if list_id in [one.id for one in board.columns]), None)

    def _filter(self, cards: Iterable[Task], wanted: str) -> list[Task]:
        return [card for card in cards if wanted == "all" or (card.id in self.archived) == (wanted == "closed")]

    def _show(self, card: Task, asked: Mapping[str, str]) -> dict[str, Any]:
        return show_card(card, asked, closed=card.id in self.archived)

    def _show_board(self, board: Project) -> dict[str, Any]:
        return {
            "id": board.id,
            "name": board.name,
            "closed": False,
            "url": f"https://trello.com/b/{board.id[-8:]}/{board.name.lower()}",
            "dateLastActivity": iso(max((card.modified_s for card in self.work.of(board.id)), default=0.0)),
        }


def _page(entries: Sequence[Made], asked: Mapping[str, str]) -> list[Made] | None:
    """None for a limit that is none."""
    limit, before = asked.get("limit", str(PAGE)), asked.get("before", "g")
    if not limit.isdecimal() or int(limit) > 1000:
        return None
    older = sorted((one for one in entries if one.id < before), key=lambda one: one.id, reverse=True)
    return older[: min(int(limit), PAGE)]


def _unknown() -> Response:
    return PlainTextResponse("The requested resource was not found.", 404)


def _invalid(name: str) -> Response:
    return PlainTextResponse(f"invalid value for {name}", 400)
