"""The one way from the event loop to a provider: its methods block, so each call gets a thread, a log line, a count."""

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import structlog

from koko_integrations.observability import PROVIDER_CALLS
from providers.kit.base import Provider
from providers.kit.errors import ProviderError

log = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
THREADS = 64


class Outside:
    """Threads of their own, so that a slow provider cannot hold up the database's."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="provider")

    async def call(self, provider: Provider, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs one of the provider's methods. Raises what it raises."""
        slug, operation = provider.manifest.slug, method.__name__
        started = time.perf_counter()
        context = contextvars.copy_context()
        outcome = "failed"
        try:
            result = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: context.run(method, *args, **kwargs)
            )
            outcome = "succeeded"
        except ProviderError as error:
            outcome = type(error).__name__
            raise
        finally:
            PROVIDER_CALLS.labels(slug, operation, outcome).inc()
            log.info(
                "provider called",
                provider=slug,
                operation=operation,
                outcome=outcome,
                latency_ms=round((time.perf_counter() - started) * 1000),
            )
        return result

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
