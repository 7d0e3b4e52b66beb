"""Slack's Events API. Source: docs.slack.dev/apis/events-api, /authentication/verifying-requests-from-slack."""

import hashlib
import hmac
import itertools
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.kit.notifying import Headers, Message, Notifier
from sandbox.kit.stand_in import Clock

PATIENCE_S = (0.0, 60.0, 300.0)
TEAM = "T0SANDBOX"


class SlackEvents:
    """What an app is told. Its operator enters where: `POST /_sandbox/request-url {"url"}`."""

    def __init__(self, clock: Clock, signing_secret: str) -> None:
        self._clock = clock
        self.signing_secret = signing_secret
        self.notifier = Notifier(PATIENCE_S)
        self.request_url: str | None = None
        self._numbers = itertools.count(1)

    def reset(self) -> None:
        self.request_url = None
        self.notifier.reset()

    async def enter(self, request: Request) -> Response:
        accepted = self.enter_url(str(orjson.loads(await request.body()).get("url")))
        return JSONResponse({"ok": accepted}, 200 if accepted else 400)

    def enter_url(self, url: str) -> bool:
        """As on the app's page: the address has to answer the challenge, and must not answer a stranger's."""
        body = orjson.dumps({"type": "url_verification", "token": "deprecated", "challenge": "sandbox-challenge"})
        sent = self.notifier.ask(Message("POST", url, self.signed(body), body))
        if sent.status != 200 or b"sandbox-challenge" not in sent.body:
            return False
        self.request_url = url
        return True

    def happen(self, event: dict[str, Any]) -> None:
        """Something that the app has subscribed to."""
        url = self.request_url
        if url is None:
            return
        body = self.wrapped(event)

        def attempt(number: int) -> Message:
            return Message("POST", url, self.signed(body, number), body)

        self.notifier.tell(lambda: attempt(0), again=lambda _, number: attempt(number))

    def wrapped(self, event: dict[str, Any]) -> bytes:
        number = next(self._numbers)
        return orjson.dumps(
            {
                "token": "deprecated",
                "team_id": TEAM,
                "api_app_id": "A0SANDBOX",
                "event": event,
                "type": "event_callback",
                "event_id": f"Ev{number:08d}",
                "event_time": int(self._clock.now_s()),
            }
        )

    def signed(self, body: bytes, attempt: int = 0, now: Callable[[], float] | None = None) -> Headers:
        """The headers of an attempt."""
        timestamp = str(int((now or self._clock.now_s)()))
        signed = f"v0:{timestamp}:".encode() + body
        signature = hmac.new(self.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": f"v0={signature}",
        }
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_error"}
        return headers
