"""What Google Drive tells by notification channels, and how they are opened.

Source: developers.google.com/workspace/drive/api/guides/push, the Drive v3 discovery document.

A message says that something has changed, and has no body. What proves it is the token that the channel was opened
with. A channel cannot be prolonged: another one takes its place.
"""

import contextlib
import time
import uuid
from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, ProviderError
from providers.kit.google_drive.api import ALL_DRIVES, API, NAME, DriveApi, success
from providers.kit.inbound import (
    OWN_SECRET,
    Address,
    Forged,
    Heard,
    Incoming,
    Signal,
    Subscribes,
    Subscription,
    same,
)

LONGEST_MS = 7 * 86_400_000


class HearsDrive(DriveApi, Subscribes):
    """A channel is of the log of changes that `syncFolder` is followed in. Its id here is Google's two, with a colon
    between them."""

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        token = secrets.get(OWN_SECRET)
        if not token or not same(incoming.headers.get("x-goog-channel-token", ""), token):
            raise Forged("It is not proven that this message is Google's")
        channel, number = (incoming.headers.get(f"x-goog-{name}") for name in ("channel-id", "message-number"))
        if not channel or not number:
            raise ProtocolBroken("Google sent a message without a number")
        # The first one only says that the channel is open.
        if incoming.headers.get("x-goog-resource-state") == "sync":
            return Heard()
        return Heard(signals=(Signal(key=f"{channel}:{number}"),))

    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        return (str(connection.config.get("syncFolder") or ""),)

    def subscribe(self, connection: Connection, address: Address, target: str) -> Subscription:
        drive = self.get_file(connection, target, "driveId").get("driveId") if target else None
        of_drive = {} if drive is None else {"driveId": str(drive)}
        where = {"supportsAllDrives": "true", **of_drive}
        position = self.require_text(self.get(connection, "/changes/startPageToken", where), "startPageToken")
        channel = {
            "id": str(uuid.uuid4()),
            "type": "web_hook",
            "address": address.url,
            "token": address.secret,
            "expiration": str(int(time.time() * 1000) + LONGEST_MS),
        }
        params = {"pageToken": position, "includeRemoved": "true", **ALL_DRIVES, **of_drive}
        made = self._post(connection, "/changes/watch", channel, params).json_object()
        expires = made.get("expiration")
        return Subscription(
            id=f"{self.require_text(made, 'id')}:{self.require_text(made, 'resourceId')}",
            expires_at=int(expires) if isinstance(expires, str) and expires.isdecimal() else None,
        )

    def renew(self, connection: Connection, address: Address, target: str, subscription: Subscription) -> Subscription:
        made = self.subscribe(connection, address, target)
        # The old one ends by itself, too.
        with contextlib.suppress(ProviderError):
            self.unsubscribe(connection, target, subscription)
        return made

    def unsubscribe(self, connection: Connection, target: str, subscription: Subscription) -> None:
        channel, _, resource = subscription.id.partition(":")
        with contextlib.suppress(Missing):
            self._post(connection, "/channels/stop", {"id": channel, "resourceId": resource})

    def _post(
        self, connection: Connection, path: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None
    ) -> Answer:
        token = connection.credentials.access_token
        return success(self.http.request(NAME, "POST", f"{API}{path}", params=params, json=body, bearer=token))
