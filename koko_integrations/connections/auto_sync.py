"""When an integration is to be synced next: slots an interval apart, at an offset of its own, so that no two
integrations of a size meet at the same moment every time."""

import hashlib
from collections.abc import Mapping
from typing import Any

from koko_integrations.clock import MINUTE_MS
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import IntegrationConnection

DEFAULT_INTERVAL_MINUTES = 60

_SET = Statement(
    IntegrationConnection.update({IntegrationConnection.next_sync_at: param("next_sync_at")}).where(
        IntegrationConnection.integration_id == param("id")
    )
)


def syncs_by_itself(config: Mapping[str, Any]) -> bool:
    """A watched folder is synced to see what is new in it."""
    return bool(config.get("autoSync") or config.get("importOnUpload"))


def next_slot(integration_id: str, config: Mapping[str, Any], now: int) -> int | None:
    """Epoch ms of the next slot after now; None for what does not sync by itself. Slots that have passed are not made
    up for."""
    if not syncs_by_itself(config):
        return None
    interval_ms = int(config.get("syncInterval", DEFAULT_INTERVAL_MINUTES)) * MINUTE_MS
    offset_ms = spread(integration_id, interval_ms)
    return now - (now - offset_ms) % interval_ms + interval_ms


def spread(integration_id: str, span_ms: int) -> int:
    """The integration's own place in a span, the same each time."""
    digest = hashlib.sha256(integration_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % max(1, span_ms)


def set_next(tx: Transaction, integration_id: str, next_sync_at: int | None) -> None:
    """Keeps when the next sync is due; None for never."""
    tx.change(_SET, id=integration_id, next_sync_at=next_sync_at)
