"""One delivery as it is to be sent, and what comes of an attempt."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from koko_integrations.integration import Integration


class Due(NamedTuple):
    """A delivery with its event. Times are epoch ms; `tries` have been made before."""

    id: str
    endpoint_id: str
    event_id: str
    event_type: str
    project_id: str | None
    actor_id: str | None
    data_json: str
    occurred_at: int
    created_at: int
    tries: int
    attempts_json: str = "[]"

    @property
    def data(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.data_json)
        return parsed


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one attempt.

    `retry`: the same may succeed later, not before `retry_after_s`. `failed`: it will not. `gone`: nothing will, there:
    the endpoint is turned off. `error` is for a team admin and holds no secret and no inside address.
    """

    verdict: Literal["delivered", "retry", "failed", "gone"]
    http_status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None
    latency_ms: int = 0


class ChannelSender(Protocol):
    """Sends deliveries whose endpoint is a channel."""

    async def send(self, integration: Integration, due: Due) -> Outcome:
        """Never raises for what the provider does."""
