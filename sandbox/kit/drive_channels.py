"""Google's notification channels. Source: developers.google.com/workspace/drive/api/guides/push, the Drive v3
discovery document.

A channel lives for a week at most, cannot be prolonged, and begins with a message that says so.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.drive_trees import READS, SHARED_DRIVE, WRITES
from sandbox.kit.notifying import Message, Notifier
from sandbox.kit.oauth import Token
from sandbox.kit.stand_in import Clock

LONGEST_S = 7 * 86_400
AN_HOUR_S = 3600
KNOWN = {"id", "type", "address", "token", "expiration", "params", "payload"}


@dataclass
class Channel:
    id: str
    resource: str
    address: str
    token: str
    expires_s: float
    drive: str | None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class DriveChannels:
    """`find_token` answers who asks, `refuse` makes an error answer of a status, a reason and a message."""

    def __init__(
        self,
        clock: Clock,
        notifier: Notifier,
        find_token: Callable[[Request], Token | None],
        refuse: Callable[[int, str, str], Response],
    ) -> None:
        self._clock, self._notifier = clock, notifier
        self._find_token, self._refuse = find_token, refuse
        self.open: dict[str, Channel] = {}

    def forget(self) -> None:
        """As new."""
        self.open = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/drive/v3/changes/watch", self._watch, methods=["POST"]),
            Route("/drive/v3/channels/stop", self._stop, methods=["POST"]),
        ]

    def live(self) -> list[Channel]:
        return [one for one in self.open.values() if one.expires_s > self._clock.now_s()]

    def told(self, drive: str | None) -> None:
        """Something has changed in the account's own drive, or in a shared one."""
        for channel in self.live():
            if channel.drive == drive:
                self._send(channel, "change")

    async def _watch(self, request: Request) -> Response:
        token = self._find_token(request)
        if token is None:
            return self._refuse(401, "authError", "Invalid Credentials")
        if not {READS, WRITES} & set(token.scopes):
            return self._refuse(403, "insufficientPermissions", "Insufficient Permission")
        asked, query = orjson.loads(await request.body()), request.query_params
        if asked.keys() - KNOWN or asked.get("type") != "web_hook" or not asked.get("address") or not asked.get("id"):
            return self._refuse(400, "invalid", "Invalid channel")
        if "pageToken" not in query or query.get("driveId") not in (None, SHARED_DRIVE):
            return self._refuse(400, "required", "Required parameter: pageToken")
        if asked["id"] in self.open:
            return self._refuse(400, "channelIdNotUnique", f"Channel id {asked['id']} not unique")
        now_s = self._clock.now_s()
        wanted_s = int(asked["expiration"]) / 1000 if "expiration" in asked else now_s + AN_HOUR_S
        channel = Channel(
            asked["id"],
            f"resource-of-{query.get('driveId', 'user')}",
            asked["address"],
            asked.get("token", ""),
            min(wanted_s, now_s + LONGEST_S),
            query.get("driveId"),
        )
        self.open[channel.id] = channel
        self._send(channel, "sync")
        shown: dict[str, Any] = {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource,
            "resourceUri": "https://www.googleapis.com/drive/v3/changes?alt=json",
            "token": channel.token,
            "expiration": str(int(channel.expires_s * 1000)),
        }
        return JSONResponse(shown)

    async def _stop(self, request: Request) -> Response:
        if self._find_token(request) is None:
            return self._refuse(401, "authError", "Invalid Credentials")
        asked = orjson.loads(await request.body())
        channel = self.open.get(asked.get("id"))
        if channel is None or channel.resource != asked.get("resourceId"):
            return self._refuse(404, "notFound", f"Channel '{asked.get('id')}' not found for project")
        del self.open[channel.id]
        return Response(status_code=204)

    def _send(self, channel: Channel, state: str) -> None:
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Token": channel.token,
            "X-Goog-Channel-Expiration": formatdate(channel.expires_s, usegmt=True),
            "X-Goog-Resource-ID": channel.resource,
            "X-Goog-Resource-URI": "https://www.googleapis.com/drive/v3/changes?alt=json",
            "X-Goog-Resource-State": state,
        }

        def make() -> Message | None:
            if channel.id not in self.open:
                return None
            number = {"X-Goog-Message-Number": str(next(channel.numbers))}
            return Message("POST", channel.address, headers | number)

        self._notifier.tell(make, once=f"{channel.id} {state}")
