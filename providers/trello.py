"""Trello: OAuth 2.0 with PKCE by Atlassian's server, or an API key with a user token.

Source: developer.atlassian.com/cloud/trello/guides/rest-api/{oauth-2-confidential-client-usage,authorization,
nested-resources,action-types,object-definitions,rate-limits}, Trello's OpenAPI description.
Errors are often plain text. OAuth 2.0 has no revocation endpoint; a user token has.

A project is a board, a task a card, a status one of the board's lists. A card is done when it is marked complete or
archived: both put it away, and both can be taken back. Trello lists no actions for comments that were edited or
deleted, so what is new is asked for by the cards' last activity, which those count towards; actions only tell of
cards that have left the board.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from providers.kit.answer import Answer
from providers.kit.atlassian import atlassian
from providers.kit.base import ConnectsByKeys, Revokes
from providers.kit.connection import Connection, Identity, Resource, Revocation
from providers.kit.errors import Rejected, StartOver
from providers.kit.field_values import ExternalField
from providers.kit.fields import MapsFields
from providers.kit.items import Change, Draft, Item, Page, Pull, Skipped, Status
from providers.kit.manifest import Feature, Field, Manifest, Rate
from providers.kit.paths import segment
from providers.kit.timestamps import iso_seconds
from providers.kit.trello.calls import RATE_INTERVAL_S
from providers.kit.trello.inbound import HearsTrello
from providers.kit.trello_cards import (
    BOARD_FIELDS,
    addresses,
    card_query,
    fitting,
    next_page,
    read_board,
    read_card,
    read_comment,
    read_departure,
    read_file,
    require,
    uploads,
)
from providers.kit.trello_fields import custom_items, due_of, read_fields

BOARD_SCOPES = ("read:board:trello", "write:board:trello")
CARDS_AT_ONCE = 250
"""Trello would give 1000, but with long descriptions that is more than we take in one answer."""
MOST_AT_ONCE = 1000
OVERLAP_MS = 30_000
"""Longer than an answer may take, which is dated when it is ready: what changed meanwhile comes again."""


class Trello(HearsTrello, ConnectsByKeys, Revokes, MapsFields):
    resource_kinds = ("boards", "statuses", "fields")
    entities = ("projects", "tasks", "comments", "files")
    per_task = frozenset({"comments"})
    with_tasks = frozenset({"files"})
    container_kind = "boards"
    fields_with_draft = False
    manifest = Manifest(
        slug="trello",
        name="Trello",
        category="project_management",
        description="Keep video feedback and Trello cards in step",
        features=(
            Feature("Card sync", BOARD_SCOPES),
            Feature("Comment sync", BOARD_SCOPES),
            Feature("File sync", BOARD_SCOPES[:1]),
        ),
        fields=(
            Field(
                name="apiKey",
                hint="the API key",
                secret=True,
                required=True,
                pattern=r"[A-Za-z0-9]{8,128}",
                alias="apiKey",
            ),
            Field(
                name="apiToken",
                hint="the token that Trello made for the API key",
                secret=True,
                required=True,
                pattern=r"[A-Za-z0-9]{8,256}",
                alias="apiSecret",
            ),
        ),
        rate_per_app=Rate(300, RATE_INTERVAL_S),
        rate_per_connection=Rate(100, RATE_INTERVAL_S),
        removal_hint="Remove Koko in Trello's account settings.",
    )
    oauth = atlassian(pkce=True, extra_scopes=("read:member:trello",), authorize_params={})

    def whoami(self, connection: Connection) -> Identity:
        asked = {"fields": "id,username,fullName"}
        me = self._request(connection, "GET", "/members/me", asked).json_object()
        return Identity(
            account_id=self.require_text(me, "id"),
            account_name=str(me.get("fullName") or me.get("username") or "Trello"),
        )

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        if kind == "statuses":
            return self.status_resources(connection, container)
        if kind == "fields":
            return self.field_resources(connection, container)
        return self.read_resources(self._open_boards(connection, "name"))

    def pull(self, connection: Connection, pull: Pull) -> Page:
        if pull.entity == "projects":
            return self._pull_boards(connection, pull.container)
        if pull.entity == "comments":
            return self._pull_comments(connection, str(pull.parent), pull.cursor)
        if pull.since is not None:
            return self._pull_changes(connection, pull, pull.since)
        return self._pull_cards(connection, pull)

    def list_statuses(self, connection: Connection, container: str) -> list[Status]:
        asked = {"filter": "open", "fields": "name"}
        lists = self._request(connection, "GET", f"/boards/{segment(container)}/lists", asked).json()
        return [Status(id=one.id, name=one.name) for one in self.read_resources(lists)]

    def list_fields(self, connection: Connection, container: str) -> list[ExternalField]:
        return read_fields(self._request(connection, "GET", f"/boards/{segment(container)}/customFields").json())

    def create_task(self, connection: Connection, container: str, draft: Draft) -> Item:
        data = {
            "idList": draft.status_id or self._first_list(connection, container),
            "name": draft.title,
            "desc": fitting(draft.text),
            # Trello makes the address an attachment of the card.
            "urlSource": draft.url,
            "dueComplete": draft.done and draft.status_id is None,
        }
        return read_card(self._request(connection, "POST", "/cards", data=data).json_object())

    def update_task(self, connection: Connection, container: str, task_id: str, change: Change) -> Item:
        data = due_of(change.fields)
        if change.title is not None:
            data["name"] = change.title
        if change.text is not None:
            data["desc"] = fitting(change.text)
        if change.status_id is not None:
            data["idList"] = change.status_id
        if change.done is False:
            data |= {"dueComplete": False, "closed": False}
        elif change.done and change.status_id is None:
            # Where a list stands for done, dragging the card out of it is to be enough to reopen it: so no mark then.
            data["dueComplete"] = True
        path = f"/cards/{segment(task_id)}"
        if data:
            self._request(connection, "PUT", path, data=data)
        if items := custom_items(change.fields):
            self._request(connection, "PUT", f"{path}/customFields", data={"customFieldItems": items})
        card = self._request(connection, "GET", path, card_query(change.reads)).json_object()
        if change.text is not None and change.url not in addresses(card):
            link = {"url": change.url, "name": "Koko"}
            self._request(connection, "POST", f"{path}/attachments", data=link)
        return read_card(card, change.reads)

    def create_comment(self, connection: Connection, container: str, task_id: str, text: str) -> Item:
        path = f"/cards/{segment(task_id)}/actions/comments"
        made = self._request(connection, "POST", path, data={"text": fitting(text)}).json_object()
        return read_comment(task_id, made)

    def update_comment(self, connection: Connection, container: str, task_id: str, comment_id: str, text: str) -> Item:
        path = f"/cards/{segment(task_id)}/actions/{segment(comment_id)}/comments"
        made = self._request(connection, "PUT", path, data={"text": fitting(text)}).json_object()
        return read_comment(task_id, made)

    def revoke(self, connection: Connection) -> Revocation:
        token = connection.credentials.secrets.get("apiToken")
        if token is None:
            return Revocation(revoked=False, reason="Trello has no way to revoke access by OAuth 2.0")
        # The token is the path: that is Trello's only way.
        self._request(connection, "DELETE", f"/tokens/{segment(token)}")
        return Revocation(revoked=True)

    def _pull_boards(self, connection: Connection, board: str | None) -> Page:
        if board is None:
            boards = self._open_boards(connection, BOARD_FIELDS)
        else:
            asked = {"fields": BOARD_FIELDS}
            boards = [self._request(connection, "GET", f"/boards/{segment(board)}", asked).json_object()]
        items, skipped = self.read_items(boards, read_board)
        return Page(items=tuple(items), skipped=tuple(skipped))

    def _pull_cards(self, connection: Connection, pull: Pull) -> Page:
        asked = {"filter": "all", "limit": str(CARDS_AT_ONCE), **card_query(pull.reads)}
        if pull.cursor is not None:
            asked["before"] = pull.cursor
        answer = self._request(connection, "GET", f"/boards/{segment(str(pull.container))}/cards", asked)
        cards = answer.json()
        items, skipped = self._read_cards(cards, pull.reads)
        return Page(
            items=tuple(items),
            skipped=tuple(skipped),
            cursor=next_page(cards),
            watermark=_watermark(answer) if pull.cursor is None else None,
        )

    def _pull_changes(self, connection: Connection, pull: Pull, since: str) -> Page:
        """The cards with something new, and the ids of those that are not on the board any more, in one answer."""
        asked = {
            "fields": "id",
            "cards": "all",
            "cards_modifiedSince": since,
            **{f"card_{name}": value for name, value in card_query(pull.reads).items()},
            "actions": "deleteCard,moveCardFromBoard,moveListFromBoard",
            "actions_since": since,
            "actions_limit": str(MOST_AT_ONCE),
        }
        answer = self._request(connection, "GET", f"/boards/{segment(str(pull.container))}", asked)
        body = answer.json_object()
        cards, actions = require(body, "cards", list), require(body, "actions", list)
        # A list that moves takes its cards along without a word about each of them.
        moved = any(isinstance(one, dict) and one.get("type") == "moveListFromBoard" for one in actions)
        if moved or len(cards) >= MOST_AT_ONCE or len(actions) >= MOST_AT_ONCE:
            raise StartOver("Trello has more to tell than it does in one answer")
        items, skipped = self._read_cards(cards, pull.reads)
        left, broken = self.read_items(actions, read_departure)
        # A card may have been moved away and back.
        here = {item.id for item in items}
        return Page(
            items=tuple(items),
            gone=tuple(dict.fromkeys(card.id for card in left if card.id not in here)),
            skipped=(*skipped, *broken),
            watermark=_watermark(answer),
        )

    def _pull_comments(self, connection: Connection, card: str, before: str | None) -> Page:
        asked = {"filter": "commentCard", "limit": str(MOST_AT_ONCE)}
        if before is not None:
            asked["before"] = before
        actions = self._request(connection, "GET", f"/cards/{segment(card)}/actions", asked).json()
        items, skipped = self.read_items(actions, partial(read_comment, card))
        return Page(items=tuple(items), skipped=tuple(skipped), cursor=next_page(actions))

    def _read_cards(self, cards: Any, reads: tuple[ExternalField, ...]) -> tuple[list[Item], list[Skipped]]:
        """The cards, and the files on them."""
        attached: dict[str, list[Any]] = {}

        def read(entry: Mapping[str, Any]) -> Item:
            card = read_card(entry, reads)
            attached[card.id] = uploads(entry)
            return card

        items, skipped = self.read_items(cards, read)
        for card_id, entries in attached.items():
            files, broken = self.read_items(entries, partial(read_file, card_id))
            items += files
            skipped += broken
        return items, skipped

    def _open_boards(self, connection: Connection, fields: str) -> Any:
        asked = {"filter": "open", "fields": fields}
        return self._request(connection, "GET", "/members/me/boards", asked).json()

    def _first_list(self, connection: Connection, board: str) -> str:
        statuses = self.list_statuses(connection, board)
        if not statuses:
            raise Rejected("The board in Trello has no list to put cards into: add one")
        return statuses[0].id


def _watermark(answer: Answer) -> str:
    return iso_seconds(answer.sent_at - OVERLAP_MS)
