"""The one HTTP client for providers.

Every request has a wall-clock deadline and a cap on the decoded answer, follows no redirect, ignores proxy settings of
the environment, is counted, and passes the outgoing guard. Origins that the operator overrides
(KOKO_ORIGIN_OVERRIDES) go where the operator says, unguarded.
"""

import contextlib
import contextvars
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
import requests
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth

from providers.kit.answer import Answer
from providers.kit.egress import EgressGuard
from providers.kit.errors import ProtocolBroken, Rejected, Transient
from providers.kit.pacing import Pacer
from providers.kit.sockets import Deadline, pool_classes
from providers.kit.streams import IDLE_S, Stream

tracer = trace.get_tracer("koko_integrations.providers")

USER_AGENT = "Koko-Integrations/1.0"
DEADLINE_S = 20.0
CONNECT_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024
POOL_SIZE = 32
ATTEMPTS = 3
LONGEST_WAIT_S = 5.0
_CHUNK_BYTES = 64 * 1024


@dataclass
class CallCounter:
    """How many requests were sent to providers while it was the current one."""

    calls: int = 0


_counter: contextvars.ContextVar[CallCounter | None] = contextvars.ContextVar("provider_call_counter", default=None)


@contextlib.contextmanager
def counting_calls() -> Iterator[CallCounter]:
    """Counts the requests sent inside the block, on this thread."""
    counter = CallCounter()
    token = _counter.set(counter)
    try:
        yield counter
    finally:
        _counter.reset(token)


class Target(NamedTuple):
    """Where a URL really leads, and whether the operator chose that place."""

    url: str
    trusted: bool


class HttpClient:
    """Sends requests to providers. Safe to share between threads."""

    def __init__(
        self,
        guard: EgressGuard,
        overrides: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.guard = guard
        self._overrides = dict(overrides or {})
        self._sleep = sleep
        self.pacer = Pacer(sleep, LONGEST_WAIT_S)
        self.adapter = _Adapter(self)

    def target(self, url: str) -> Target:
        """`url` after the operator's origin overrides."""
        parts = urlsplit(url)
        actual = self._overrides.get(f"{parts.scheme}://{parts.netloc}".lower())
        if actual is None:
            return Target(url, trusted=False)
        return Target(actual + url[len(parts.scheme) + 3 + len(parts.netloc) :], trusted=True)

    def request(
        self,
        provider: str,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        basic: tuple[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | memoryview | None = None,
        deadline_s: float = DEADLINE_S,
        repeatable: bool | None = None,
    ) -> Answer:
        """Sends one request and reads the whole answer, whatever its status.

        `repeatable` requests (GET and HEAD unless told otherwise) are tried up to three times when the provider is
        down or asks for a short wait. Raises Transient (network, deadline), ProtocolBroken (too large) and Rejected
        (an address that the guard refuses).
        """
        data: Any = None
        sent = {"Accept": "application/json", "User-Agent": USER_AGENT, **(headers or {})}
        if json is not None:
            data = orjson.dumps(json)
            sent["Content-Type"] = "application/json"
        elif form is not None:
            data = dict(form)
        elif content is not None:
            data = bytes(content)
        auth: AuthBase | None = HTTPBasicAuth(*basic) if basic else None
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        prepared = requests.Request(method, url, params=params, headers=sent, data=data, auth=auth).prepare()
        attempts = ATTEMPTS if (method in ("GET", "HEAD") if repeatable is None else repeatable) else 1
        for attempt in range(1, attempts + 1):
            wait_s = random.uniform(0.1, 0.3) * 2**attempt  # noqa: S311 - jitter, not a secret
            try:
                answer = self.send(provider, prepared.copy(), self.target(prepared.url or ""), deadline_s)
            except Transient:
                if attempt == attempts:
                    raise
            else:
                if attempt == attempts or answer.status not in (429, 500, 502, 503, 504):
                    return answer
                if answer.retry_after_s is not None:
                    if answer.retry_after_s > LONGEST_WAIT_S:
                        return answer
                    wait_s = max(wait_s, answer.retry_after_s)
            self._sleep(wait_s)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def open(
        self,
        provider: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
    ) -> Stream:
        """Sends one request and leaves the body of its answer to be read. The status is not judged; where it
        is no success, `Stream.answer` has the refusal. Raises what `request` raises."""
        sent = {"User-Agent": USER_AGENT, **(headers or {})}
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        prepared = requests.Request(method, url, headers=sent).prepare()
        return self.open_prepared(provider, prepared, self.target(prepared.url or ""))

    def open_prepared(self, provider: str, prepared: requests.PreparedRequest, target: Target) -> Stream:
        """As `open`, for a prepared request."""
        self.pacer.wait_for_room(provider, str(prepared.headers.get("Authorization", "")))
        attributes = {"http.request.method": prepared.method or "", "koko.provider": provider}
        with tracer.start_as_current_span(f"{prepared.method} {provider}", kind=SpanKind.CLIENT, attributes=attributes):
            with translated_errors(provider):
                response = self.adapter.begin(prepared, target, IDLE_S)
            trace.get_current_span().set_attribute("http.response.status_code", response.status_code)
        return Stream(provider, response)

    def send(self, provider: str, prepared: requests.PreparedRequest, target: Target, deadline_s: float) -> Answer:
        """Sends a prepared request to `target`, once. Raises what `request` raises."""
        self.pacer.wait_for_room(provider, str(prepared.headers.get("Authorization", "")))
        # Neither path nor query: some providers' paths are credentials.
        attributes = {"http.request.method": prepared.method or "", "koko.provider": provider}
        with tracer.start_as_current_span(f"{prepared.method} {provider}", kind=SpanKind.CLIENT, attributes=attributes):
            with translated_errors(provider):
                response = self.adapter.exchange(prepared, target, deadline_s)
            trace.get_current_span().set_attribute("http.response.status_code", response.status_code)
        return Answer(provider, response.status_code, response.headers, response.content)


@contextlib.contextmanager
def translated_errors(provider: str) -> Iterator[None]:
    """Network failures inside the block become ProviderErrors that name the provider and nothing else."""
    try:
        yield
    except _TooLargeError:
        raise ProtocolBroken(f"{provider} sent an answer that is far too large") from None
    except requests.Timeout:
        raise Transient(f"{provider} did not answer in time", reason="timeout") from None
    except requests.RequestException as error:
        if (refusal := _find_refusal(error)) is not None:
            raise refusal from None
        # The errors above it name the address, which may be a credential.
        raise Transient(f"{provider} cannot be reached right now", reason="unreachable") from _innermost(error)


class _TooLargeError(requests.RequestException):
    """The decoded body passed the cap."""


class _Adapter(HTTPAdapter):
    """requests' transport under our rules; `timeout` is the wall-clock deadline of the whole exchange, in seconds."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        super().__init__(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE)
        self.poolmanager.pool_classes_by_scheme = pool_classes(client.guard)
        self._trusted = HTTPAdapter(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE)
        self._trusted.poolmanager.pool_classes_by_scheme = pool_classes(None)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        return self.exchange(request, self._client.target(request.url or ""), float(timeout or DEADLINE_S))

    def begin(self, request: requests.PreparedRequest, target: Target, idle_s: float) -> requests.Response:
        """Sends the request to `target` and reads the head of the answer; no wait is longer than `idle_s` seconds."""
        if not target.trusted:
            self._client.guard.check_url(target.url)
        request.url = target.url
        request.headers["Accept-Encoding"] = "identity"
        if (counter := _counter.get()) is not None:
            counter.calls += 1
        send = self._trusted.send if target.trusted else super().send
        return send(request, stream=True, timeout=(min(CONNECT_TIMEOUT_S, idle_s), idle_s), verify=True)

    def exchange(self, request: requests.PreparedRequest, target: Target, deadline_s: float) -> requests.Response:
        """Sends the request to `target` and reads the answer, within `deadline_s` seconds of wall-clock time."""
        with Deadline(deadline_s) as deadline:
            try:
                response = self.begin(request, target, deadline_s)
                response._content = _read_capped(response)
            except (requests.RequestException, OSError) as error:
                if deadline.expired:
                    raise requests.Timeout("deadline passed") from error
                raise
            if deadline.expired:
                raise requests.Timeout("deadline passed")
        return response


def _read_capped(response: requests.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        for chunk in response.iter_content(_CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise _TooLargeError
            chunks.append(chunk)
    finally:
        response.close()
    return b"".join(chunks)


def _innermost(error: BaseException) -> BaseException:
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error


def _find_refusal(error: BaseException | None) -> Rejected | None:
    while error is not None:
        if isinstance(error, Rejected):
            return error
        error = error.__cause__ or error.__context__
    return None
