"""When a delivery is tried again: koko.md, "Webhooks as Koko signs and retries them"."""

import random

from koko_integrations.clock import DAY_MS, HOUR_MS, MINUTE_MS

DELAYS_MS = (MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS)
"""After the first attempt, after the second, and so on."""
ATTEMPTS = len(DELAYS_MS) + 1
JITTER = 0.1
LONGEST_WAIT_MS = DAY_MS


def next_due(tries: int, now: int, retry_after_s: float | None) -> int | None:
    """When the attempt after `tries` of them is due, in epoch ms; None when that was the last. Later by up to a tenth,
    so that what failed together does not come back together; and not before the receiver wants it."""
    if tries >= ATTEMPTS:
        return None
    wait_ms = DELAYS_MS[tries - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311 - jitter, not a secret
    if retry_after_s is not None:
        wait_ms = max(wait_ms, min(retry_after_s * 1000, LONGEST_WAIT_MS))
    return now + int(wait_ms)
