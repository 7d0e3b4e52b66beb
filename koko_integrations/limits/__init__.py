"""Rate limits: how often something may happen in a window of time, counted once for all processes."""

from koko_integrations.limits.limiter import RateLimiter, Taken

__all__ = ["RateLimiter", "Taken"]
