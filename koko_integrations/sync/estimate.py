"""How long a sync is likely to take: as long as this integration's last ones of the same kind."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import orjson

DEFAULT_MS = {"full": 60_000, "incremental": 5_000}
"""For an integration that has not synced yet."""
RUNS = 5


def estimate_ms(recent: Sequence[tuple[Any, ...]], request: Mapping[str, Any]) -> int:
    """Milliseconds: the median of the last five like it. `recent` is of `store.RECENT_RUNS`."""
    sync_type = request["syncType"]
    durations = [
        finished_at - started_at
        for past, started_at, finished_at in recent
        if started_at is not None and orjson.loads(past).get("syncType") == sync_type
    ]
    return max(1, round(median(durations[:RUNS]))) if durations else DEFAULT_MS[sync_type]
