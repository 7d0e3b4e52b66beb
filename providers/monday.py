"""monday.com: a personal API token, or OAuth 2.1 where an app is registered.

Source: developer.monday.com/api-reference/docs/authentication, /apps/docs/migrating-to-the-new-oauth-flow,
/api-reference/reference/{items,updates,long-text,status}. Access tokens are JWTs that carry their own expiry. A task is
an item of a board, its status the label in the board's status column; a group is no status. An item has no description:
its text is in the board's first long text column, set as the item is made; where there is none, or the text is too
long for it, an update holds the text, below a first line that says so.
"""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jwt
import orjson

from providers.kit.base import ConnectsByKeys, ConnectsByOAuth, Revokes
from providers.kit.connection import Connection, Grant, Identity, Resource, Revocation
from providers.kit.errors import Missing, ProtocolBroken, ProviderError, Rejected
from providers.kit.field_values import ExternalField
from providers.kit.fields import MapsFields
from providers.kit.inbound import Address, Heard, Incoming, Subscribes, Subscription
from providers.kit.items import Change, Draft, Item, Status
from providers.kit.manifest import Feature, Field, Manifest, OAuth2
from providers.kit.monday import queries as ask
from providers.kit.monday import webhooks
from providers.kit.monday.board import Shape, read_shape
from providers.kit.monday.fields import read_fields, write_fields
from providers.kit.monday.items import Entry, body_of, fits_column, own_update, read_comment, read_task, text_of
from providers.kit.monday.pulling import Asked, PullsBoards, objects, on_board
from providers.kit.paging import all_pages
from providers.kit.rich_text import to_html

# One request brings the items with their comments and files: without one of these nothing comes.
SYNC = ("boards:read", "boards:write", "updates:read", "updates:write", "assets:read")


class Monday(ConnectsByOAuth, ConnectsByKeys, Revokes, PullsBoards, MapsFields, Subscribes):
    resource_kinds = ("boards", "statuses", "fields")
    entities = ("projects", "tasks", "comments", "files")
    with_tasks = frozenset({"comments", "files"})
    container_kind = "boards"
    settles_after_s = 5.0
    manifest = Manifest(
        slug="monday",
        name="monday.com",
        category="project_management",
        description="Keep video feedback and monday.com boards in step",
        features=(
            Feature("Board sync", SYNC),
            Feature("Comment sync", SYNC),
            Feature("File sync", SYNC),
            Feature("Changes within seconds", ("webhooks:write",)),
        ),
        fields=(
            Field(
                name="apiToken",
                hint="the personal API token of monday.com, under Developers",
                secret=True,
                required=True,
                alias="apiKey",
            ),
        ),
        removal_hint="Regenerate the API token in monday.com, under Developers.",
    )
    oauth = OAuth2(
        authorize_url="https://auth.monday.com/oauth2/authorize",
        token_url="https://auth.monday.com/oauth_ms/oauth/token",  # noqa: S106 - an address
        pkce=True,
        encoding="json",
        # Who the user is, and of which account.
        extra_scopes=("me:read", "account:read"),
    )

    def whoami(self, connection: Connection) -> Identity:
        me = self.ask(connection, ask.WHOAMI).data.get("me")
        account = me.get("account") if isinstance(me, dict) else None
        if not isinstance(account, dict):
            raise ProtocolBroken("monday.com did not say who this is")
        return Identity(account_id=str(account.get("id")), account_name=str(account.get("name") or "monday.com"))

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        if kind == "statuses":
            return self.status_resources(connection, container)
        if kind == "fields":
            return self.field_resources(connection, container)
        return self.read_resources(all_pages("monday.com", lambda page: self.list_boards(connection, page)))

    def list_statuses(self, connection: Connection, container: str) -> list[Status]:
        asked = self.ask(connection, ask.COLUMNS, board=container)
        return list(self.board(connection, container, asked)[1].labels)

    def list_fields(self, connection: Connection, container: str) -> list[ExternalField]:
        boards = objects(self.ask(connection, ask.ALL_COLUMNS, board=container).data.get("boards"))
        if not boards:
            raise Missing("monday.com does not have this board any more, or not for this account")
        return read_fields(objects(boards[0].get("columns")), read_shape(boards[0]))

    def create_task(self, connection: Connection, container: str, draft: Draft) -> Item:
        shape = self.shape(connection, container)
        in_column = shape.text is not None and fits_column(draft.text)
        values = _values(shape, draft.status_id, draft.done or None, draft.text if in_column else None)
        if shape.link is not None:
            values[shape.link] = {"url": draft.url, "text": "Koko"}
        values |= write_fields(draft.fields)
        asked = self.ask(connection, ask.CREATE_ITEM, board=container, name=draft.title, values=_dump(values))
        made = read_task(_answered(asked, "create_item"), shape, (), draft.reads)
        if in_column:
            return made
        try:
            return replace(made, text=self._keep_text(connection, made.id, draft.text, None))
        except ProviderError as problem:
            # Whatever it is, it must not be taken for a sign that nothing was made.
            said = "monday.com made the item, but did not take its text"
            raise ProtocolBroken(said, reason=problem.reason) from problem

    def update_task(self, connection: Connection, container: str, task_id: str, change: Change) -> Item:
        shape = self.shape(connection, container)
        in_column = change.text is not None and shape.text is not None and fits_column(change.text)
        # A text that has become too long for the column leaves it.
        column = None if change.text is None else change.text if in_column else ""
        values = _values(shape, change.status_id, change.done, column)
        if change.title is not None:
            values["name"] = change.title
        values |= write_fields(change.fields)
        entry = self._change(connection, container, task_id, values) if values else None
        if entry is None:
            found = on_board(self.ask(connection, ask.NAMED_ITEMS, board=container, items=[task_id]), container)
            if not found:
                raise Missing("monday.com does not have this item any more")
            entry = found[0]
        updates = self.updates_of(connection, entry)
        task = read_task(entry, shape, updates, change.reads)
        if change.text is None or in_column:
            return task
        return replace(task, text=self._keep_text(connection, task_id, change.text, own_update(updates)))

    def create_comment(self, connection: Connection, container: str, task_id: str, text: str) -> Item:
        asked = self.ask(connection, ask.CREATE_UPDATE, item=task_id, body=to_html(text))
        return read_comment(_answered(asked, "create_update"), task_id)

    def update_comment(self, connection: Connection, container: str, task_id: str, comment_id: str, text: str) -> Item:
        asked = self.ask(connection, ask.EDIT_UPDATE, update=comment_id, body=to_html(text))
        return read_comment(_answered(asked, "edit_update"), task_id)

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        return webhooks.hear_events(incoming, secrets, None if self.app is None else self.app.signing_secret)

    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        return tuple(dict.fromkeys((connection.config.get("projectMapping") or {}).values()))

    def subscribe(self, connection: Connection, address: Address, target: str) -> Subscription:
        asked = self.ask(connection, webhooks.SUBSCRIBE, board=target, url=address.url)
        made = [str(_answered(asked, event).get("id")) for event in webhooks.EVENTS]
        by_app = connection.credentials.access_token is not None
        return Subscription(id=",".join(made), secrets={webhooks.SIGNED: "yes"} if by_app else {})

    def renew(self, connection: Connection, address: Address, target: str, subscription: Subscription) -> Subscription:
        # They do not expire.
        return subscription

    def unsubscribe(self, connection: Connection, target: str, subscription: Subscription) -> None:
        for webhook in subscription.id.split(","):
            with contextlib.suppress(Rejected):
                self.ask(connection, webhooks.UNSUBSCRIBE, webhook=webhook)

    def revoke(self, connection: Connection) -> Revocation:
        token = connection.credentials.refresh_token or connection.credentials.access_token
        if token is None:
            return Revocation(revoked=False, reason="a personal API token is regenerated in monday.com itself")
        body = {
            "token": token,
            "client_id": self.oauth_app.client_id,
            "client_secret": self.oauth_app.client_secret,
            "token_type_hint": "refresh_token" if connection.credentials.refresh_token else "access_token",
        }
        url = "https://auth.monday.com/oauth_ms/oauth/revoke"
        self.http.request("monday.com", "POST", url, json=body).require_success()
        return Revocation(revoked=True)

    def read_grant(self, body: Mapping[str, Any]) -> Grant:
        grant = super().read_grant(body)
        expires_in_s = _seconds_left(grant.credentials.access_token or "")
        return replace(grant, credentials=replace(grant.credentials, expires_in_s=expires_in_s))

    def _change(self, connection: Connection, container: str, task_id: str, values: Mapping[str, Any]) -> Entry:
        asked = self.ask(connection, ask.CHANGE_ITEM, board=container, item=task_id, values=_dump(values))
        return _answered(asked, "change_multiple_column_values")

    def _keep_text(self, connection: Connection, task_id: str, text: str, own: Entry | None) -> str:
        """The text as the item's update holds it now."""
        if own is None:
            asked = self.ask(connection, ask.CREATE_UPDATE, item=task_id, body=body_of(text))
            return text_of(_answered(asked, "create_update"))
        asked = self.ask(connection, ask.EDIT_UPDATE, update=own["id"], body=body_of(text))
        return text_of(_answered(asked, "edit_update"))


def _values(shape: Shape, status_id: str | None, done: bool | None, text: str | None) -> dict[str, Any]:
    """Column values; what is None stays as it is. Raises Rejected for what the board has no way to say."""
    values: dict[str, Any] = {}
    if shape.text is not None and text is not None:
        values[shape.text] = {"text": text}
    if status_id is None and done is None:
        return values
    if shape.status is None:
        raise Rejected("this board of monday.com has no status column, so nothing on it can be done: add one")
    label = status_id or next((one.id for one in shape.labels if one.done is done), None)
    if label is None:
        kind = "done" if done else "not done"
        raise Rejected(f"no label in the status column of this board of monday.com is {kind}: mark one")
    if not label.isdecimal():
        raise Rejected("a status of monday.com is the number of a label")
    values[shape.status] = {"index": int(label)}
    return values


def _answered(asked: Asked, field: str) -> Entry:
    found = asked.data.get(field)
    if not isinstance(found, dict):
        raise ProtocolBroken(f"monday.com did not say what came of {field}")
    return found


def _dump(values: Mapping[str, Any]) -> str:
    """Column values travel as a text of JSON."""
    return orjson.dumps(values).decode()


def _seconds_left(token: str) -> int | None:
    """From the JWT's own expiry; the token is monday's to verify, not ours."""
    try:
        expires = jwt.decode(token, options={"verify_signature": False}).get("exp")
    except jwt.PyJWTError:
        return None
    return max(0, int(expires - time.time())) if isinstance(expires, int | float) else None
