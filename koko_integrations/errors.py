"""Errors a caller sees: tRPC's codes with their wire numbers and HTTP statuses, one class each.

`AppError.message` is written for the caller. The cause, if there is one, travels in `__cause__` for the log and never
reaches the wire. Numbers: koko.md, after tRPC's own table (`TRPC_ERROR_CODES_BY_KEY`).
"""

import math
from typing import Any, ClassVar

from providers.kit.errors import CredentialsRefused, ProtocolBroken, ProviderError, Rejected, Transient


class AppError(Exception):
    """An error that may be shown to the caller.

    `context` is merged into `error.data` on the wire; it must hold nothing secret and nothing internal.
    """

    code: ClassVar[str]
    number: ClassVar[int]
    http_status: ClassVar[int]

    def __init__(self, message: str, **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.context = context


class ParseFailed(AppError):
    code, number, http_status = "PARSE_ERROR", -32700, 400


class BadRequest(AppError):
    """Invalid input. `fields` maps each wrong field, as a dotted path, to what is wrong with it."""

    code, number, http_status = "BAD_REQUEST", -32600, 400

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None, **context: Any) -> None:
        super().__init__(message, **({"fields": fields} if fields else {}), **context)

    @classmethod
    def field(cls, name: str, message: str) -> "BadRequest":
        """One wrong field, named in the message and in `fields`."""
        return cls(f"{name}: {message}", {name: [message]})


class MethodNotFound(AppError):
    """An unknown procedure: JSON-RPC's own number, tRPC's code for "no procedure on this path"."""

    code, number, http_status = "NOT_FOUND", -32601, 404


class InternalError(AppError):
    code, number, http_status = "INTERNAL_SERVER_ERROR", -32603, 500


class Unauthorized(AppError):
    code, number, http_status = "UNAUTHORIZED", -32001, 401


class Forbidden(AppError):
    code, number, http_status = "FORBIDDEN", -32003, 403


class NotFound(AppError):
    code, number, http_status = "NOT_FOUND", -32004, 404


class MethodNotSupported(AppError):
    code, number, http_status = "METHOD_NOT_SUPPORTED", -32005, 405


class TimedOut(AppError):
    code, number, http_status = "TIMEOUT", -32008, 408


class Conflict(AppError):
    code, number, http_status = "CONFLICT", -32009, 409


class PreconditionFailed(AppError):
    code, number, http_status = "PRECONDITION_FAILED", -32012, 412


class PayloadTooLarge(AppError):
    code, number, http_status = "PAYLOAD_TOO_LARGE", -32013, 413


class UnsupportedMediaType(AppError):
    code, number, http_status = "UNSUPPORTED_MEDIA_TYPE", -32015, 415


class UnprocessableContent(AppError):
    code, number, http_status = "UNPROCESSABLE_CONTENT", -32022, 422


class TooManyRequests(AppError):
    """Over a limit: so many (`limit`) are allowed in so many seconds (`window_s`)."""

    code, number, http_status = "TOO_MANY_REQUESTS", -32029, 429

    def __init__(self, message: str, *, retry_after_s: int, limit: int, window_s: int) -> None:
        super().__init__(message, retryAfter=retry_after_s, limit=limit, window=window_s)
        self.retry_after_s = retry_after_s


_BY_VERDICT: tuple[tuple[type[ProviderError], type[AppError]], ...] = (
    (Transient, TimedOut),
    (CredentialsRefused, BadRequest),
    (Rejected, BadRequest),
    (ProtocolBroken, UnprocessableContent),
)


def from_provider(error: ProviderError) -> AppError:
    """The caller's view of a provider's failure; the provider error stays its `__cause__`."""
    kind = next(kind for verdict, kind in _BY_VERDICT if isinstance(error, verdict))
    context: dict[str, Any] = {"reason": error.reason} if error.reason else {}
    if isinstance(error, Transient) and error.retry_after_s is not None:
        context["retryAfter"] = math.ceil(error.retry_after_s)
    shown = kind(error.explained, **context)
    shown.__cause__ = error
    return shown
