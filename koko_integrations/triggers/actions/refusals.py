"""What a provider's refusal means for an action, which must not be done twice."""

from koko_integrations.triggers.actions.action import Outcome, failed
from providers.kit.errors import ProviderError, Transient

WAIT_S = 15.0
NOTHING_WAS_DONE = frozenset({"rate_limited", "resting", "refresh_pending"})
"""Reasons of Transient by which it is certain that nothing was done: only then an action is tried again."""


def outcome_of(error: ProviderError) -> Outcome:
    """Tried again only where it is certain that nothing was done."""
    if isinstance(error, Transient) and error.reason in NOTHING_WAS_DONE:
        return later(error.explained, error.retry_after_s)
    if isinstance(error, Transient):
        return failed(f"{error.explained}. It may have been done all the same, and is not repeated")
    return failed(error.explained)


def later(reason: str, after_s: float | None) -> Outcome:
    """Asked to wait, perhaps for so long."""
    return Outcome(status="later", result={"reason": reason}, wait_s=max(1.0, WAIT_S if after_s is None else after_s))
