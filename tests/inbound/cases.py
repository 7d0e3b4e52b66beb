"""One row per provider: what it sends, how it signs it, and where. The contracts of test_contract.py hold for each.

Signatures are made here or by the stand-ins, from the providers' documents and not from the code under test.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import jwt

from sandbox.figma import FILE
from sandbox.kit.notifying import Got, Headers, Message, Notifier
from sandbox.trello import BOARDS
from tests.inbound.hall import CUSTOM_SECRET, PUBLIC_URL, Hall
from tests.sync.notion_talk import FIRST


@dataclass
class Sent:
    """A message that is the provider's. `target` is whose it is; None where it concerns nobody."""

    path: str
    body: bytes
    headers: dict[str, str]
    target: str | None


@dataclass(frozen=True)
class Case:
    """`make` is given the time of sending, in seconds from now. `proof` is the header that proves it, or where that is
    in the body; `refused` is what is answered without it.

    `unread` is what is answered to the sender's word without an event, where the proof does not cover the body; None
    where there is no body to read. `repeats`: a repetition can be told from another message.
    """

    name: str
    make: Callable[[Hall, float], Sent]
    proof: str | tuple[str | int, ...]
    status: int = 200
    refused: int = 401
    covers_body: bool = True
    unread: int | None = 400
    repeats: bool = True
    has_time: bool = True
    unknown_status: int = 404
    times: tuple[str, ...] = field(default=())
    """Headers that say when it was sent."""

    def __str__(self) -> str:
        return self.name

    def unproven(self, sent: Sent) -> Iterator[Sent]:
        """Without a proof, with another one, and with one that is no ASCII."""
        if isinstance(self.proof, str):
            proof = sent.headers[self.proof]
            rest = {name: value for name, value in sent.headers.items() if name != self.proof}
            yield replace(sent, headers=rest)
            for other in (_altered(proof), "é".encode()):
                yield replace(sent, headers={**rest, self.proof: other})  # type: ignore[dict-item]
            return
        *path, name = self.proof
        for change in (lambda _: None, _altered, lambda _: "é"):
            members: Any = json.loads(sent.body)
            holder = members
            for step in path:
                holder = holder[step]
            holder[name] = change(holder[name])
            yield replace(sent, body=json.dumps(members).encode())


def _altered(proof: str) -> str:
    digit = next(i for i in range(len(proof) - 6, 0, -1) if proof[i].isalnum())
    return proof[:digit] + ("a" if proof[digit] != "a" else "b") + proof[digit + 1 :]


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


def jira(hall: Hall, in_s: float) -> Sent:
    target = hall.mapped("jira", "10000")
    path = hall.path(target)
    body = b'{"webhookEvent":"jira:issue_updated","issue":{"id":"20001","fields":{"project":{"id":"10000"}}}}'
    asked = hashlib.sha256(f"POST&{path}&".encode()).hexdigest()
    claims = {"iss": "sandbox", "iat": int(_then(hall, in_s)()), "qsh": asked}
    token = jwt.encode(claims, hall.sandbox.atlassian.jira.client_secret, algorithm="HS256")
    headers = {"Authorization": f"JWT {token}", "X-Atlassian-Webhook-Identifier": "delivery-1"}
    return Sent(path, body, headers, target)


def trello(hall: Hall, _: float) -> Sent:
    board = next(iter(BOARDS))
    target = hall.mapped("trello", board)
    stand_in = hall.sandbox.atlassian
    return _caught(target, stand_in.notifier, lambda: stand_in.trello_api.work.add_task(board, "New"))


def notion(hall: Hall, _: float) -> Sent:
    target = hall.connect("notion")
    stand_in = hall.sandbox.notion
    stand_in.portal.subscribe(f"{PUBLIC_URL}/webhooks/notion/app")
    stand_in.notifier.settle()
    assert stand_in.portal.verify(stand_in.portal.token)
    return _caught(target, stand_in.notifier, lambda: stand_in.work.add_task(FIRST, "New"))


def dropbox(hall: Hall, _: float) -> Sent:
    target = hall.connect("dropbox")
    stand_in = hall.sandbox.dropbox
    assert stand_in.webhook.register(f"{PUBLIC_URL}/webhooks/dropbox/app")
    return _caught(target, stand_in.notifier, lambda: stand_in.files.add(stand_in.files.root, "new.mp4", b"new"))


def google_drive(hall: Hall, _: float) -> Sent:
    target = hall.subscribing("google_drive")
    stand_in = hall.sandbox.google
    return _caught(target, stand_in.notifier, lambda: stand_in.files.add(stand_in.files.root, "new.mp4", b"new"))


def onedrive(hall: Hall, _: float) -> Sent:
    target = hall.subscribing("onedrive")
    stand_in = hall.sandbox.microsoft
    return _caught(target, stand_in.notifier, lambda: stand_in.files.add(stand_in.files.root, "new.mp4", b"new"))


def teams(hall: Hall, _: float) -> Sent:
    target = hall.subscribing("teams", channelId="team-a/19:1@thread.tacv2")
    stand_in = hall.sandbox.microsoft
    return _caught(target, stand_in.notifier, lambda: stand_in.teams.add_channel("team-a", "New"))


def figma(hall: Hall, _: float) -> Sent:
    target = hall.mapped("figma", FILE)
    stand_in = hall.sandbox.figma
    return _caught(target, stand_in.notifier, lambda: stand_in.comment(FILE, "Grace", "Look"))


GRAPH: dict[str, Any] = {
    "proof": ("value", 0, "clientState"),
    "status": 202,
    "covers_body": False,
    "repeats": False,
    "has_time": False,
}
CASES = (
    Case("slack", slack, "X-Slack-Signature", times=("X-Slack-Request-Timestamp",)),
    Case("asana", asana, "X-Hook-Signature", has_time=False, unknown_status=410),
    Case("monday", monday, "Authorization", covers_body=False),
    Case("discord", discord, "X-Signature-Ed25519", status=204, times=("X-Signature-Timestamp",)),
    Case("jira", jira, "Authorization", covers_body=False, unread=200),
    Case("trello", trello, "X-Trello-Webhook", has_time=False, unknown_status=410),
    Case("notion", notion, "X-Notion-Signature", has_time=False),
    Case("dropbox", dropbox, "X-Dropbox-Signature", has_time=False, repeats=False),
    Case("google_drive", google_drive, "X-Goog-Channel-Token", has_time=False, covers_body=False, unread=None),
    Case("onedrive", onedrive, **GRAPH),
    Case("teams", teams, **GRAPH),
    Case("figma", figma, ("passcode",), refused=400, covers_body=False, has_time=False),
    Case("custom, signed as Koko signs", koko, "X-Koko-Signature", times=("X-Koko-Timestamp",)),
    Case("custom, Standard Webhooks", standard, "webhook-signature", times=("webhook-timestamp", "webhook-id")),
)


def _then(hall: Hall, in_s: float) -> Callable[[], float]:
    return lambda: hall.service.clock.now / 1000 + in_s


def _caught(target: str, notifier: Notifier, happen: Callable[[], object]) -> Sent:
    """What a stand-in sends when something happens: it is on its way still."""
    notifier.settle()
    caught: list[Message] = []

    def catch(message: Message) -> Got:
        caught.append(message)
        return Got(200)

    carry, notifier.carry = notifier.carry, catch
    happen()
    notifier.settle()
    notifier.carry = carry
    (message,) = caught
    return Sent(urlsplit(message.url).path, message.body, dict(message.headers), target)
