"""A stand-in: an ASGI app that plays one provider, remembers what it was asked, and fails when it is told to."""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

SECRET_NAMES = frozenset(
    "code refresh_token client_secret token access_token code_verifier authorization x-amz-security-token".split()
)
SHOWN_CHARS = 4


class Clock:
    """Wall-clock seconds, which tests may move ahead."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now_s(self) -> float:
        return time.time() + self.ahead_s


@dataclass
class Seen:
    """One request that arrived, and what it got. `data` is the decoded body, form or JSON."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    data: Any
    status: int = 0
    answer: bytes = b""

    def masked(self) -> dict[str, Any]:
        """For people: secrets show their last four characters."""
        return {
            "method": self.method,
            "path": self.path,
            "query": _masked(self.query),
            "authorization": _mask(self.headers["authorization"]) if "authorization" in self.headers else None,
            "data": _masked(self.data),
        }


@dataclass
class Fault:
    """What to answer in place of the truth, `times` times. A `gap_s` drips the body byte by byte.

    With `hang` the answer waits, all of it or what comes after the first `part` bytes of its body. With `truthful` the
    stand-in does what was asked, and the answer is the real one unless a `status` other than 200 says that it is lost;
    with `late` it does it only after the wait. With a `method` only such requests are meant.
    """

    path: str
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    gap_s: float = 0.0
    hang: threading.Event | None = None
    part: int = 0
    truthful: bool = False
    late: bool = False
    method: str | None = None

    def meets(self, method: str, path: str) -> bool:
        return self.times > 0 and self.path == path and self.method in (None, method)


class StandIn:
    """Base of the stand-ins. `origins` are the real ones that it stands for; `example` is shown to people."""

    slug: ClassVar[str]
    origins: ClassVar[tuple[str, ...]]

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seen: list[Seen] = []
        self._faults: list[Fault] = []
        self._app = Starlette(routes=[Route("/_sandbox/seen", self._show_seen), *self.routes()])

    def routes(self) -> list[BaseRoute]:
        """The provider's own paths."""
        raise NotImplementedError

    def announcement(self) -> dict[str, dict[str, Any]]:
        """What the demo has to know of each provider that this stands for, beside the origins."""
        return {self.slug: {}}

    def reset(self) -> None:
        """Forgets requests and faults."""
        self.seen.clear()
        self.reset_faults()

    def reset_faults(self) -> None:
        """From now on the truth."""
        self._faults.clear()

    def fail(self, path: str, **fault: Any) -> Fault:
        """The next request of `path` gets this answer: see `Fault`."""
        self._faults.append(Fault(path, **fault))
        return self._faults[-1]

    def requests_to(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        request = Request(scope)
        seen = _describe(request, body)
        if not request.url.path.startswith("/_sandbox/"):
            self.seen.append(seen)
        send = _recorded(seen, send)
        replay: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return replay.pop() if replay else {"type": "http.disconnect"}

        fault = next((f for f in self._faults if f.meets(request.method, request.url.path)), None)
        if fault is not None:
            fault.times -= 1
            if fault.truthful and fault.status != 200:
                await self._app(scope, again, _lose)
            if not fault.truthful or fault.status != 200:
                await _misbehave(fault, send)
                return
            if fault.late:
                await _wait(fault)
            send = _held_back(fault, send)
        await self._app(scope, again, send)

    async def _show_seen(self, _: Request) -> Response:
        return JSONResponse([seen.masked() for seen in self.seen])


def _recorded(seen: Seen, send: Send) -> Send:
    async def record(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.status = message["status"]
        else:
            seen.answer += message.get("body", b"")
        await send(message)

    return record


def _held_back(fault: Fault, send: Send) -> Send:
    left = fault.part

    async def hold(message: Message) -> None:
        nonlocal left
        if left and message["type"] == "http.response.start":
            await send(message)
            return
        if left and message["type"] == "http.response.body":
            body = message.get("body", b"")
            first, message = body[:left], {**message, "body": body[left:]}
            left -= len(first)
            await send({"type": "http.response.body", "body": first, "more_body": True})
            if left and message.get("more_body"):
                return
        await _wait(fault)
        await send(message)

    return hold


async def _lose(message: Message) -> None:
    """The answer goes nowhere."""


async def _wait(fault: Fault) -> None:
    if fault.hang is not None:
        await asyncio.to_thread(fault.hang.wait, 60)


async def _misbehave(fault: Fault, send: Send) -> None:
    await _wait(fault)
    headers = [(name.lower().encode(), value.encode()) for name, value in fault.headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    if fault.gap_s:
        for position in range(len(fault.body)):
            await send({"type": "http.response.body", "body": fault.body[position : position + 1], "more_body": True})
            await asyncio.sleep(fault.gap_s)
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": fault.body})


def _describe(request: Request, body: bytes) -> Seen:
    data: Any = None
    kind = request.headers.get("content-type", "")
    if "json" in kind and body:
        data = orjson.loads(body)
    elif "form" in kind:
        data = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Seen(request.method, request.url.path, dict(request.query_params), dict(request.headers), data)


def _mask(value: str) -> str:
    return "…" + value[-SHOWN_CHARS:]


def _masked(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {name: _mask(str(value)) if name.lower() in SECRET_NAMES else value for name, value in data.items()}
