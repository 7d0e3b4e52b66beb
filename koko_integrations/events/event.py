"""One event, as it was published."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from koko_integrations.rpc.wire import dump_text
from koko_integrations.triggers.occasion import Occasion


@dataclass(frozen=True, kw_only=True)
class Event:
    """`id` is the publisher's, and unique in the team; `occurred_at` is in epoch ms."""

    id: str
    type: str
    team_id: str
    project_id: str | None
    actor_id: str | None
    occurred_at: int
    data: dict[str, Any]

    @property
    def data_json(self) -> str:
        return dump_text(self.data)

    @property
    def content_hash(self) -> str:
        """The same for the same event, whatever the order in which its data came."""
        content = [self.type, self.project_id, self.actor_id, self.occurred_at, self.data]
        return hashlib.sha256(orjson.dumps(_whole(content), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def as_occasion(self) -> Occasion:
        """For triggers."""
        return Occasion(
            id=self.id,
            type=self.type,
            team_id=self.team_id,
            project_id=self.project_id,
            actor_id=self.actor_id,
            occurred_at=self.occurred_at,
            data=self.data,
        )


def _whole(value: Any) -> Any:
    """1.0 as 1, everywhere inside: to JavaScript they are the same."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value
