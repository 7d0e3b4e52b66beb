"""What monday.com answers, and what its errors mean: they come with HTTP 200 as a rule.

Source: developer.monday.com/api-reference/docs/{error-handling,rate-limits}.
"""

from typing import Any

from providers.kit.answer import Answer
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, ProviderError, Rejected, Transient

REFUSED = frozenset({"Unauthorized", "UNAUTHENTICATED"})
BUSY = frozenset(
    "COMPLEXITY_BUDGET_EXHAUSTED RATE_LIMIT_EXCEEDED RateLimitExceeded maxConcurrencyExceeded "
    "FIELD_MINUTE_RATE_LIMIT_EXCEEDED IP_RATE_LIMIT_EXCEEDED API_TEMPORARILY_BLOCKED".split()
)
NOT_THERE = frozenset({"ResourceNotFoundException", "InvalidItemIdException", "InvalidBoardIdException"})
A_DAY_MS = 86_400_000


def read_data(answer: Answer) -> dict[str, Any]:
    """What was asked for. Raises ProviderError."""
    if answer.status == 401:
        raise CredentialsRefused("monday.com refused the token")
    try:
        body = answer.json_object()
    except ProtocolBroken:
        answer.require_success()
        raise
    errors = body.get("errors")
    if errors and answer.status < 500:
        raise _problem(errors, answer)
    data = answer.require_success() and body.get("data")
    if not isinstance(data, dict):
        raise ProtocolBroken("monday.com sent an answer without data")
    return data


def _problem(errors: Any, answer: Answer) -> ProviderError:
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    if not isinstance(extensions, dict):
        extensions = {}
    code = extensions.get("code")
    reason = code if isinstance(code, str) else None
    if reason in REFUSED:
        return CredentialsRefused("monday.com refused the token", reason=reason)
    if reason == "DAILY_LIMIT_EXCEEDED":
        # The count begins again at midnight UTC.
        left_s = (A_DAY_MS - answer.sent_at % A_DAY_MS) / 1000
        return Transient("monday.com allows no more calls today", reason="rate_limited", retry_after_s=left_s)
    if reason in BUSY or answer.status == 429:
        wait = extensions.get("retry_in_seconds")
        retry_after_s = float(wait) if isinstance(wait, int | float) else answer.retry_after_s
        return Transient("monday.com asks us to slow down", reason="rate_limited", retry_after_s=retry_after_s)
    if reason == "INTERNAL_SERVER_ERROR":
        return Transient("monday.com is not answering properly right now", reason=reason)
    if reason in NOT_THERE or extensions.get("status_code") == 404:
        return Missing("monday.com does not have this", reason=reason)
    # Not the token is refused, only what it was used for: UserUnauthorizedException, ColumnValueException.
    return Rejected("monday.com refused the request", reason=reason)
