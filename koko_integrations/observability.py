"""Logs for operators (structlog, JSON lines) and metrics (Prometheus)."""

import logging
import sys
from typing import Any

import orjson
import structlog
from prometheus_client import Counter, Histogram

RPC_CALLS = Counter("koko_rpc_calls", "Calls answered, by procedure and tRPC code", ["procedure", "code"])
RPC_SECONDS = Histogram(
    "koko_rpc_seconds",
    "Time to answer one call",
    ["procedure"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
PROVIDER_CALLS = Counter(
    "koko_provider_operations", "Operations on providers, by outcome", ["provider", "operation", "outcome"]
)

INBOUND_REQUESTS = Counter("koko_inbound_requests", "Webhooks that arrived, by outcome", ["provider", "outcome"])


def configure_logging(level: str) -> None:
    """JSON lines on standard error, from structlog and from the standard library alike."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without local variables: they hold credentials.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False, use_rich=False)
            ),
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ]
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def _dumps(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=repr)
