"""Microsoft Graph's subscriptions. Source: learn.microsoft.com/graph/{change-notifications-delivery-webhooks,
change-notifications-lifecycle-events}, learn.microsoft.com/graph/api/subscription-post-subscriptions.

Whoever is to be told has to answer with the token that is sent to the address. A subscription lives as long as its
resource allows and is prolonged. OneDrive wants a permission to write for it; `needs_all` is how work accounts may be.
"""

import asyncio
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.notifying import Message, Notifier
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import iso, seconds_of
from sandbox.onedrive_drives import DRIVE

KNOWN = {
    "changeType", "notificationUrl", "lifecycleNotificationUrl", "resource", "expirationDateTime", "clientState",
}  # fmt: skip
LONGEST_S = {"drive": 42_300 * 60, "channels": 4_320 * 60}
CHANGES = {"drive": {"updated"}, "channels": {"created", "updated", "deleted"}}
_DRIVE = re.compile(r"/?(?:me/drive|drives/(?P<drive>[^/]+))/root")
_CHANNELS = re.compile(r"/?teams/(?P<team>[^/]+)/channels")


@dataclass
class Subscription:
    id: str
    asked: dict[str, Any]
    kind: str
    place: str
    expires_s: float

    def shown(self) -> dict[str, Any]:
        # The secret is not told again.
        kept = {name: self.asked[name] for name in KNOWN - {"clientState"} if name in self.asked}
        return kept | {"id": self.id, "expirationDateTime": iso(self.expires_s), "clientState": None}


class GraphSubscriptions:
    """`find_token` answers who asks, `refuse` makes an error answer of a status and a code."""

    def __init__(
        self,
        clock: Clock,
        notifier: Notifier,
        find_token: Callable[[Request], Token | None],
        refuse: Callable[[int, str], Response],
    ) -> None:
        self._clock, self._notifier = clock, notifier
        self._find_token, self._refuse = find_token, refuse
        self.forget()

    def forget(self) -> None:
        """As new."""
        self.made: dict[str, Subscription] = {}
        self.needs_all = False

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1.0/subscriptions", self._make, methods=["POST"]),
            Route("/v1.0/subscriptions/{id}", self._one, methods=["PATCH", "DELETE"]),
        ]

    def live(self) -> list[Subscription]:
        return [one for one in self.made.values() if one.expires_s > self._clock.now_s()]

    def told(self, kind: str, place: str, change: str = "updated") -> None:
        """Something has changed in a drive, or among the channels of a team."""
        for one in self.live():
            if (one.kind, one.place) == (kind, place) and change in one.asked["changeType"].split(","):
                # OneDrive tells no more than that.
                entry = {"changeType": change, "resource": one.asked["resource"]}
                once = f"{one.id} changed" if kind == "drive" else None
                self._send(one, one.asked["notificationUrl"], entry, once)

    def warn(self, event: str) -> None:
        """Tells of the lifecycle of all subscriptions."""
        for one in self.live():
            if (url := one.asked.get("lifecycleNotificationUrl")) is not None:
                self._send(one, url, {"lifecycleEvent": event, "resource": one.asked["resource"]}, None)
            if event == "subscriptionRemoved":
                del self.made[one.id]

    async def _make(self, request: Request) -> Response:
        token = self._find_token(request)
        if token is None:
            return self._refuse(401, "InvalidAuthenticationToken")
        asked = orjson.loads(await request.body())
        kind, place = _place_of(asked.get("resource", ""))
        missing = {"changeType", "notificationUrl", "resource", "expirationDateTime"} - asked.keys()
        if kind is None or missing or asked.keys() - KNOWN or len(asked.get("clientState", "")) > 128:
            return self._refuse(400, "InvalidRequest")
        if not self._may(token, kind):
            return self._refuse(403, "accessDenied" if kind == "drive" else "Forbidden")
        until_s = self._until_s(kind, asked)
        if until_s is None or not set(asked["changeType"].split(",")) <= CHANGES[kind]:
            return self._refuse(400, "ValidationError")
        for url in {asked["notificationUrl"], asked.get("lifecycleNotificationUrl", asked["notificationUrl"])}:
            if not await asyncio.to_thread(self._answers, url):
                return self._refuse(400, "ValidationError")
        made = Subscription(str(uuid.uuid4()), asked, kind, place, until_s)
        self.made[made.id] = made
        return JSONResponse(made.shown(), 201)

    async def _one(self, request: Request) -> Response:
        if self._find_token(request) is None:
            return self._refuse(401, "InvalidAuthenticationToken")
        found = next((one for one in self.live() if one.id == request.path_params["id"]), None)
        if found is None:
            return self._refuse(404, "ResourceNotFound")
        if request.method == "DELETE":
            del self.made[found.id]
            return Response(status_code=204)
        until_s = self._until_s(found.kind, orjson.loads(await request.body()))
        if until_s is None:
            return self._refuse(400, "ValidationError")
        found.expires_s = until_s
        return JSONResponse(found.shown())

    def _may(self, token: Token, kind: str) -> bool:
        if kind == "channels":
            return "Channel.ReadBasic.All" in token.scopes
        enough = {"Files.ReadWrite.All"} if self.needs_all else {"Files.ReadWrite", "Files.ReadWrite.All"}
        return bool(enough & set(token.scopes))

    def _until_s(self, kind: str, asked: dict[str, Any]) -> float | None:
        """None for what is longer than is allowed."""
        until_s, now_s = seconds_of(asked["expirationDateTime"]), self._clock.now_s()
        return until_s if now_s < until_s <= now_s + LONGEST_S[kind] else None

    def _answers(self, url: str) -> bool:
        token = f"Validation: Testing client application reachability + {uuid.uuid4()}"
        got = self._notifier.ask(Message("POST", f"{url}?validationToken={quote(token, safe='')}"))
        plain = got.headers.get("Content-Type", "").startswith("text/plain")
        return got.status == 200 and plain and got.body == token.encode()

    def _send(self, one: Subscription, url: str, entry: dict[str, Any], once: str | None) -> None:
        told = {
            **entry,
            "subscriptionId": one.id,
            "subscriptionExpirationDateTime": iso(one.expires_s),
            "clientState": one.asked.get("clientState"),
            "tenantId": "sandbox-tenant",
        }
        body = orjson.dumps({"value": [told]})
        self._notifier.tell(lambda: Message("POST", url, {"Content-Type": "application/json"}, body), once=once)


def _place_of(resource: str) -> tuple[str | None, str]:
    if found := _DRIVE.fullmatch(resource):
        return "drive", (found["drive"] or DRIVE).replace("%21", "!")
    if found := _CHANNELS.fullmatch(resource):
        return "channels", found["team"]
    return None, ""
