"""An integration whose journal is written by hand, its metrics, and a second opinion on them from the journal alone."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from koko_integrations.database import Transaction
from koko_integrations.journal import Action, Outcome, write_entry
from tests.conftest import TEAM, People
from tests.service import Service

HOUR = 3_600_000
DAY = 24 * HOUR
PERIODS = {"24h": (HOUR, 24), "7d": (HOUR, 168), "30d": (DAY, 30), "90d": (DAY, 90)}


class Entry(NamedTuple):
    """A run that ended `ago_ms` before now."""

    ago_ms: int = 0
    action: Action = "sync"
    status: Outcome = "success"
    items: int | None = None
    duration: int | None = None
    errors: Sequence[str] = ()

    @property
    def details(self) -> dict[str, Any]:
        found = {"itemsProcessed": self.items, "duration": self.duration, "errors": list(self.errors) or None}
        return {name: value for name, value in found.items() if value is not None}


@dataclass
class Counted:
    """The integration."""

    service: Service
    people: People
    target: str

    def write(self, *entries: Entry) -> None:
        """All in one transaction."""

        def work(tx: Transaction) -> None:
            for entry in entries:
                self.write_in(tx, entry)

        self.service.run(lambda app: app.database.write(work))

    def write_in(self, tx: Transaction, entry: Entry) -> None:
        at = self.service.clock.now - entry.ago_ms
        write_entry(tx, self.target, entry.action, entry.status, entry.details, at)

    def metrics(self, period: str | None = None) -> dict[str, Any]:
        asked = {"integrationId": self.target} | ({} if period is None else {"period": period})
        found: dict[str, Any] = self.service.call("integration.getMetrics", asked, token=self.people.admin)
        return found

    def shown(self, period: str = "24h") -> dict[str, int]:
        """How many runs, at the times that have any."""
        return {point["at"]: point["runs"] for point in self.metrics(period)["series"] if point["runs"]}

    def journal(self, period: str) -> list[tuple[str, str, dict[str, Any], int]]:
        """Action, status, details and time of every entry in the period."""
        span, points = PERIODS[period]
        now = self.service.clock.now
        rows = self.service.rows.query(
            "SELECT action, status, details, created_at FROM integration_log"
            " WHERE integration_id = ? AND created_at >= ?",
            self.target,
            now - now % span - (points - 1) * span,
        )
        return [(action, status, json.loads(details), at) for action, status, details, at in rows]


def counted(service: Service, people: People) -> Counted:
    asked = {"teamId": TEAM, "provider": "zapier"}
    connected = service.call("integration.connect", asked, token=people.admin)
    return Counted(service, people, connected["integration"]["id"])


def recount(entries: Iterable[tuple[str, str, dict[str, Any], int]]) -> dict[str, int]:
    """What all of them come to, but for the percentiles."""
    counts = Counter({"runs": 0, "succeeded": 0, "partial": 0, "failed": 0, "items": 0})
    for _, status, details, _ in entries:
        counts["runs"] += 1
        counts["succeeded" if status == "success" else status] += 1
        counts["items"] += details.get("itemsProcessed", 0)
    return dict(counts)


def exact(durations: Sequence[int], share: float) -> int:
    """The percentile by nearest rank."""
    return sorted(durations)[max(0, math.ceil(share * len(durations)) - 1)]


def is_close(found: int, right: int) -> bool:
    """Within five per cent, and the half millisecond that rounding adds."""
    return abs(found - right) <= 0.05 * right + 0.5 + 1e-6
