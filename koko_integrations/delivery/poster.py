"""One attempt at a webhook: a POST with a wall-clock deadline, no redirects, and no interest in what is answered."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from koko_integrations.clock import Clock
from koko_integrations.delivery.guarded import RefusedAddressError, connector
from koko_integrations.delivery.outcome import Outcome
from providers.kit.errors import Rejected
from providers.kit.http import USER_AGENT, HttpClient

DEADLINE_S = 30.0
CONNECT_S = 10.0
READ_BYTES = 16 * 1024
READ_S = 1.0
"""So much of an answer is read, for so long, so that the connection can be used again; otherwise it is closed."""
AT_ONCE = 1000
RETRIED = frozenset({408, 425, 429})
GONE = frozenset({410})


# The first that fits anything in the chain of causes; None for an error that explains itself.
_SAID: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str | None], ...] = (
    (RefusedAddressError, None),
    ((ssl.SSLError, ssl.CertificateError), "The receiver's TLS certificate or protocol is not acceptable"),
    (socket.gaierror, "The receiver's name cannot be found"),
    (aiohttp.http_exceptions.HttpProcessingError, "The receiver's answer is not HTTP"),
    (aiohttp.ClientResponseError, "The receiver's answer is not HTTP"),
    (aiohttp.ClientConnectorError, "The receiver cannot be reached"),
)


class Poster:
    """Posts to addresses that teams chose. Opens its connections on the event loop that first uses it."""

    def __init__(self, clock: Clock, http: HttpClient, deadline_s: float = DEADLINE_S) -> None:
        self._clock = clock
        self._http = http
        self._deadline_s = deadline_s
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def to(self, url: str) -> "Receiver":
        """Somebody to post to, any number of times."""
        target = self._http.target(url)
        if not target.trusted:
            try:
                self._http.guard.check_url(target.url)
            except Rejected as refusal:
                return Receiver(self, url="", kind="", refusal=_capitalised(refusal.message))
        kind = "trusted" if target.trusted else urlsplit(target.url).scheme
        return Receiver(self, url=target.url, kind=kind)

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def attempt(
        self, kind: str, url: str, headers: Mapping[str, str], body: bytes, gone: frozenset[int]
    ) -> Outcome:
        """One POST, over a session of that kind. Never raises for what the receiver does, or is."""
        # Made here, as looking for what fits bytes costs a tenth of the request.
        payload = aiohttp.BytesPayload(body, content_type="application/json")
        try:
            async with asyncio.timeout(self._deadline_s):
                async with self._session(kind).post(
                    url, data=payload, headers=headers, allow_redirects=False
                ) as response:
                    await _read_away(response)
                    return self._judge(response, gone)
        except aiohttp.ConnectionTimeoutError:
            return Outcome(verdict="retry", error="The receiver cannot be reached")
        except TimeoutError:
            return Outcome(verdict="retry", error=f"No answer within {self._deadline_s:g} seconds")
        except aiohttp.InvalidURL:
            return Outcome(verdict="failed", error="This is not a URL that every reader understands in the same way")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(verdict="retry", error=_explain(error))

    def _judge(self, response: aiohttp.ClientResponse, gone: frozenset[int]) -> Outcome:
        status = response.status
        if 200 <= status < 300:
            return Outcome(verdict="delivered", http_status=status)
        if status in gone:
            return Outcome(verdict="gone", http_status=status, error=f"HTTP {status}: the receiver is gone")
        if status >= 500 or status in RETRIED:
            after_s = _retry_after(response.headers.get("Retry-After", ""), self._clock.now_ms())
            return Outcome(verdict="retry", http_status=status, error=f"HTTP {status}", retry_after_s=after_s)
        if 300 <= status < 400:
            return Outcome(verdict="failed", http_status=status, error=f"HTTP {status}: redirects are not followed")
        return Outcome(verdict="failed", http_status=status, error=f"HTTP {status}")

    def _session(self, kind: str) -> aiohttp.ClientSession:
        session = self._sessions.get(kind)
        if session is None:
            guard = None if kind == "trusted" else self._http.guard
            session = self._sessions[kind] = aiohttp.ClientSession(
                connector=connector(guard, encrypted=kind == "https", limit=AT_ONCE),
                timeout=aiohttp.ClientTimeout(total=None, connect=min(CONNECT_S, self._deadline_s)),
                cookie_jar=aiohttp.DummyCookieJar(),
                # What is not looked at need not be unpacked.
                auto_decompress=False,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
                trust_env=False,
            )
        return session


@dataclass(frozen=True)
class Receiver:
    """Where a webhook goes: its address was looked at once, what it leads to is judged at every attempt."""

    poster: Poster
    url: str = field(repr=False)
    kind: str
    refusal: str | None = None

    async def post(self, headers: Mapping[str, str], body: bytes, gone: frozenset[int] = GONE) -> Outcome:
        """One attempt, timed."""
        if self.refusal is not None:
            return Outcome(verdict="failed", error=self.refusal)
        started = time.perf_counter()
        outcome = await self.poster.attempt(self.kind, self.url, headers, body, gone)
        return replace(outcome, latency_ms=round((time.perf_counter() - started) * 1000))


async def _read_away(response: aiohttp.ClientResponse) -> None:
    """The verdict is in the status already: what the body says, or that it does not end, changes nothing."""
    left = READ_BYTES
    with suppress(TimeoutError, aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError):
        left -= len(response.content.read_nowait(READ_BYTES))
        if response.content.at_eof():
            return
        async with asyncio.timeout(READ_S):
            while left > 0 and not response.content.at_eof():
                left -= len(await response.content.read(left))
    if not response.content.at_eof():
        response.close()


def _retry_after(text: str, now_ms: int) -> float | None:
    """RFC 9110, 10.2.3: seconds, or an HTTP date."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.fromtimestamp(now_ms / 1000, UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _explain(error: BaseException) -> str:
    """What went wrong, in words that tell nothing about inside addresses."""
    causes = list(_chain(error))
    for kind, said in _SAID:
        for cause in causes:
            if isinstance(cause, kind):
                return said or _capitalised(str(cause))
    return "The connection broke"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
