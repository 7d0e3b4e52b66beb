"""The body of a webhook: koko.md, "Webhooks as Koko signs and retries them"."""

from typing import Any

import orjson

from koko_integrations.delivery.outcome import Due
from koko_integrations.rpc.wire import dump, iso

PING = "ping"


def body_of(due: Due, *, with_id: bool) -> bytes:
    """The JSON of a delivery, unsigned. `with_id` has the event's own id in front, for receivers of hooks that tell
    events apart by it."""
    members: dict[str, Any] = {"id": due.event_id} if with_id else {}
    members |= {
        "event": due.event_type,
        "timestamp": iso(due.occurred_at),
        "webhookId": due.endpoint_id,
        "data": orjson.Fragment(due.data_json),
    }
    return dump(members)


def ping(endpoint_id: str, now: int) -> bytes:
    """What a test of the webhook sends."""
    return dump({"event": PING, "timestamp": iso(now), "webhookId": endpoint_id, "data": {}})
