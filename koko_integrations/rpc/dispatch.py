"""From parsed JSON to answers.

jsonrpcserver calls the methods; this decides what a method is and what an error shows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog
from jsonrpcserver import Error, Result, Success
from jsonrpcserver.async_dispatcher import call
from jsonrpcserver.dispatcher import create_request, not_notification, to_response
from jsonrpcserver.response import to_serializable_one

from koko_integrations.errors import AppError, BadRequest, InternalError, MethodNotFound, TooManyRequests, from_provider
from koko_integrations.observability import RPC_CALLS, RPC_SECONDS
from koko_integrations.rpc.envelope import MAX_BATCH_CALLS, error_data, failure, invalid_request, is_request
from koko_integrations.rpc.procedure import Procedure
from providers.kit.errors import ProviderError

log = structlog.get_logger(__name__)
CallT = TypeVar("CallT")


@dataclass(slots=True)
class Request:
    """One HTTP request's part of every call in it. `memo` lets the entry rule keep what it proved once.

    `said` are headers of the answer. Of its `calls`, `turned_away` were refused for a rate limit.
    """

    id: str
    headers: Mapping[str, str]
    memo: dict[str, Any] = field(default_factory=dict)
    said: tuple[tuple[bytes, bytes], ...] = ()
    calls: int = 0
    turned_away: int = 0
    retry_after_s: int = 0

    def turn_away(self, refusal: TooManyRequests) -> None:
        self.turned_away += 1
        self.retry_after_s = max(self.retry_after_s, refusal.retry_after_s)


Enter = Callable[[Request, Procedure[CallT], Any], Awaitable[tuple[CallT, dict[str, Any]]]]
"""What `Dispatcher` asks before each handler: signs the caller in, validates the input, checks the role."""


class Dispatcher(Generic[CallT]):
    """Runs the calls of one request body."""

    def __init__(self, procedures: Mapping[str, Procedure[CallT]], enter: Enter[CallT]) -> None:
        self._enter = enter
        self._methods = {name: self._method(procedure) for name, procedure in procedures.items()}

    async def run(self, request: Request, body: Any) -> Any:
        """The answer to a parsed body: an object, a list, or None when there is nothing to answer.

        Raises BadRequest when a batch is too long.
        """
        if type(body) is not list:
            return await self._run_one(request, body)
        if not body:
            return invalid_request()
        if len(body) > MAX_BATCH_CALLS:
            raise BadRequest(f"A batch holds at most {MAX_BATCH_CALLS} calls")
        answers = await asyncio.gather(*(self._run_one(request, element) for element in body))
        return [answer for answer in answers if answer is not None] or None

    async def _run_one(self, request: Request, element: Any) -> Any:
        request.calls += 1
        if not is_request(element):
            return invalid_request()
        name = element["method"]
        if name not in self._methods:
            RPC_CALLS.labels("unknown", MethodNotFound.code).inc()
            unknown = MethodNotFound("Method not found")
            return failure(element["id"], unknown, path=name) if "id" in element else None
        # The library's own steps, less those that the envelope has done already or that cost more than the call:
        # parsing, JSON Schema, inspecting signatures, a task per call.
        asked = create_request(element)
        answered = asked, await call(asked, request, self._methods[name])
        return to_serializable_one(to_response(*answered)) if not_notification(answered) else None

    def _method(self, procedure: Procedure[CallT]) -> Callable[..., Awaitable[Result]]:
        name = procedure.name
        succeeded = RPC_CALLS.labels(name, "OK")
        seconds = RPC_SECONDS.labels(name)

        # Positional-only, so that no parameter can be taken for the context.
        async def method(request: Request, /, *positional: Any, **params: Any) -> Result:
            started = time.perf_counter()
            try:
                call, loaded = await self._enter(request, procedure, list(positional) if positional else params)
                result = await procedure.handler(call, loaded)
            except TooManyRequests as error:
                request.turn_away(error)
                shown: AppError = error
            except AppError as error:
                shown = error
            except ProviderError as error:
                shown = from_provider(error)
            except Exception as error:
                log.error("call failed", procedure=name, exc_info=error)
                shown = InternalError("Something went wrong on our side")
            else:
                succeeded.inc()
                seconds.observe(time.perf_counter() - started)
                return Success(result)
            RPC_CALLS.labels(name, shown.code).inc()
            seconds.observe(time.perf_counter() - started)
            log.info("call refused", procedure=name, code=shown.code, reason=shown.message, cause=_cause(shown))
            return Error(shown.number, shown.message, error_data(shown, name))

        return method


def _cause(error: AppError) -> str | None:
    cause = error.__cause__
    return f"{type(cause).__name__}: {cause}" if cause is not None else None
