"""One row per provider: what it sends, how it signs it, and where. The contracts of test_contract.py hold for each.

Signatures are made here or by the stand-ins, from the providers' documents and not from the code under test.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.kit.webhooks import Headers
from tests.inbound.hall import CUSTOM_SECRET, Hall


@dataclass
class Sent:
    """A message that is the provider's. `target` is whose it is; None where it concerns nobody."""

    path: str
    body: bytes
    headers: dict[str, str]
    target: str | None


@dataclass(frozen=True)
class Case:
    """`make` is given the time of sending, in seconds from now. `proof` is the header that proves it."""

    name: str
    make: Callable[[Hall, float], Sent]
    proof: str
    status: int = 200
    covers_body: bool = True
    has_time: bool = True
    unknown_status: int = 404
    times: tuple[str, ...] = field(default=())
    """Headers that say when it was sent."""

    def __str__(self) -> str:
        return self.name


def slack(hall: Hall, in_s: float) -> Sent:
    target = hall.connect("slack")
    events = hall.sandbox.slack.events
    body = events.wrapped({"type": "channel_rename", "channel": {"id": "C000000000", "name": "new"}})
    return Sent("/webhooks/slack/app", body, dict(events.signed(body, now=_then(hall, in_s))), target)


def asana(hall: Hall, in_s: float) -> Sent:
    target = hall.mapped("asana", "1400")
    (webhook,) = hall.sandbox.asana.hooks.webhooks.values()
    event = {"action": "changed", "resource": {"gid": "1", "resource_type": "task"}, "parent": None}
    body = json.dumps({"events": [event]}).encode()
    signature = hmac.new(webhook.secret.encode(), body, hashlib.sha256).hexdigest()
    return Sent(hall.path(target), body, {"X-Hook-Signature": signature}, target)


def monday(hall: Hall, in_s: float) -> Sent:
    target = hall.mapped("monday", "501")
    hooks = hall.sandbox.monday.account.hooks
    webhook = next(iter(hooks.webhooks.values()))
    body = json.dumps({"event": {"boardId": 501, "triggerUuid": "t1", "subscriptionId": 5, "type": "x"}}).encode()
    hall.sandbox.clock.ahead_s += in_s
    headers = dict(hooks.signed(webhook))
    hall.sandbox.clock.ahead_s -= in_s
    return Sent(hall.path(target), body, headers, target)


def discord(hall: Hall, in_s: float) -> Sent:
    events = hall.sandbox.discord.events
    event = {"type": "APPLICATION_AUTHORIZED", "timestamp": "2026-11-25T10:00:00.000Z", "data": {"scopes": []}}
    body = json.dumps({"version": 1, "application_id": "2", "type": 1, "event": event}).encode()
    return Sent("/webhooks/discord/app", body, dict(events.signed(body, now=_then(hall, in_s))), None)


def koko(hall: Hall, in_s: float) -> Sent:
    target, address_id = hall.custom()
    timestamp = str(int(_then(hall, in_s)()))
    body = json.dumps({"event": "shot.approved", "data": {"shot": 7}}).encode()
    signature = hmac.new(CUSTOM_SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Koko-Signature": f"sha256={signature}", "X-Koko-Timestamp": timestamp}
    return Sent(f"/webhooks/custom/{address_id}", body, headers, target)


def standard(hall: Hall, in_s: float) -> Sent:
    target, address_id = hall.custom()
    timestamp = str(int(_then(hall, in_s)()))
    body = json.dumps({"type": "shot.approved", "data": {"shot": 7}}).encode()
    key = base64.b64decode(CUSTOM_SECRET.removeprefix("whsec_"))
    signature = hmac.new(key, f"msg_1.{timestamp}.".encode() + body, hashlib.sha256).digest()
    headers: Headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(b'x' * 32).decode()} v1,{base64.b64encode(signature).decode()}",
    }
    return Sent(f"/webhooks/custom/{address_id}", body, dict(headers), target)


CASES = (
    Case("slack", slack, "X-Slack-Signature", times=("X-Slack-Request-Timestamp",)),
    Case("asana", asana, "X-Hook-Signature", has_time=False, unknown_status=410),
    Case("monday", monday, "Authorization", covers_body=False),
    Case("discord", discord, "X-Signature-Ed25519", status=204, times=("X-Signature-Timestamp",)),
    Case("custom, signed as Koko signs", koko, "X-Koko-Signature", times=("X-Koko-Timestamp",)),
    Case("custom, Standard Webhooks", standard, "webhook-signature", times=("webhook-timestamp", "webhook-id")),
)


def _then(hall: Hall, in_s: float) -> Callable[[], float]:
    return lambda: hall.service.clock.now / 1000 + in_s
