"""monday.com's webhooks: for each board, one for each kind of event.

Source: developer.monday.com/api-reference/reference/webhooks, /apps/docs/integration-authorization. The address is
proven by a challenge that is sent to it. What an app's token has asked for is signed, by a JWT that says nothing of the
body; what a personal token has asked for is not: then the address, which is hard to guess, is all the proof there is.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import jwt
import orjson

from providers.kit.errors import ProtocolBroken
from providers.kit.inbound import WINDOW_S, Forged, Heard, Incoming, Reply, Signal, json_object
from providers.kit.items import Entity

SIGNED = "signed"
"""Among an address's secrets, where an app's token has asked for the webhooks."""
EVENTS = (
    "change_column_value",
    "change_name",
    "create_item",
    "create_update",
    "edit_update",
    "delete_update",
    "item_archived",
    "item_deleted",
    "item_restored",
)
SUBSCRIBE = f"""
mutation ($board: ID!, $url: String!) {{
  {" ".join(f"{one}: create_webhook(board_id: $board, url: $url, event: {one}) {{ id }}" for one in EVENTS)}
}}
"""
UNSUBSCRIBE = "mutation ($webhook: ID!) { delete_webhook(id: $webhook) { id } }"
TOLD_OF: tuple[Entity, ...] = ("tasks", "comments", "files")


def hear_events(incoming: Incoming, secrets: Mapping[str, str], signing_secret: str | None) -> Heard:
    """Answers the challenge, or verifies and reads an event. Raises Forged and ProtocolBroken."""
    token = incoming.headers.get("authorization", "").removeprefix("Bearer ")
    if signing_secret is not None and (token or SIGNED in secrets):
        _verify(incoming, token, signing_secret)
    body = json_object("monday.com", incoming.body)
    challenge = body.get("challenge")
    if isinstance(challenge, str) and "event" not in body:
        return Heard(reply=Reply(body=orjson.dumps({"challenge": challenge}), content_type="application/json"))
    event = body.get("event")
    if not isinstance(event, dict):
        raise ProtocolBroken("monday.com sent something that is no event")
    board = event.get("boardId")
    return Heard(
        signals=(
            Signal(key=_key(event, incoming.body), target=None if board is None else str(board), entities=TOLD_OF),
        )
    )


def _verify(incoming: Incoming, token: str, signing_secret: str) -> None:
    # The times are compared with the service's own clock, below.
    options: Any = {"require": ["exp", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        claims = jwt.decode(token, signing_secret, algorithms=["HS256"], audience=incoming.url, options=options)
    except jwt.PyJWTError:
        raise Forged("The token is not monday.com's, or not for this address") from None
    now_s = incoming.at_ms / 1000
    expires, issued = claims["exp"], claims.get("iat", now_s)
    if not isinstance(expires, int | float) or now_s > expires:
        raise Forged("The token has expired")
    if not isinstance(issued, int | float) or abs(now_s - issued) > WINDOW_S:
        raise Forged("The message is too old, or is from the future")


def _key(event: Mapping[str, Any], body: bytes) -> str:
    trigger = event.get("triggerUuid")
    return f"{event.get('subscriptionId')}:{trigger}" if trigger else hashlib.sha256(body).hexdigest()
