"""What Discord sends to an app. Source: discord.com/developers/docs/events/webhook-events, /interactions/overview."""

import secrets
from collections.abc import Callable

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.kit.notifying import Headers, Message, Notifier
from sandbox.kit.stand_in import Clock


class DiscordEvents:
    """Its operator enters where: `POST /_sandbox/endpoint {"url"}`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        self.notifier = Notifier()
        self.endpoint: str | None = None

    @property
    def public_key(self) -> str:
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return self._key.public_key().public_bytes(*raw).hex()

    def reset(self) -> None:
        self.endpoint = None
        self.notifier.reset()

    async def enter(self, request: Request) -> Response:
        accepted = self.enter_url(str(orjson.loads(await request.body()).get("url")))
        return JSONResponse({"ok": accepted}, 200 if accepted else 400)

    def enter_url(self, url: str) -> bool:
        """As in the developer portal: a ping has to be answered with 204, one with a bad signature with 401."""
        body = orjson.dumps({"version": 1, "application_id": "200000000000000002", "type": 0})
        forged = {**self.signed(body), "X-Signature-Ed25519": secrets.token_hex(64)}
        accepted = self.notifier.ask(Message("POST", url, self.signed(body), body)).status == 204
        if not accepted or self.notifier.ask(Message("POST", url, forged, body)).status != 401:
            return False
        self.endpoint = url
        return True

    def signed(self, body: bytes, now: Callable[[], float] | None = None) -> Headers:
        timestamp = str(int((now or self._clock.now_s)()))
        signature = self._key.sign(timestamp.encode() + body).hex()
        return {
            "Content-Type": "application/json",
            "X-Signature-Timestamp": timestamp,
            "X-Signature-Ed25519": signature,
        }
