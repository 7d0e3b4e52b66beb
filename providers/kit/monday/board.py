"""A board of monday.com: which of its columns hold what.

Source: developer.monday.com/api-reference/docs/{columns,status}. A board has the columns that its people gave it, in
their order.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.kit.errors import ProtocolBroken
from providers.kit.items import Status


@dataclass(frozen=True, slots=True)
class Shape:
    """Which column of a board holds what. The status column is the first one in which something can be done."""

    status: str | None
    labels: tuple[Status, ...]
    text: str | None
    link: str | None
    people: str | None
    date: str | None

    @property
    def fingerprint(self) -> str:
        """Differs where items read differently, without anybody having touched them."""
        columns = (self.status, self.text, self.people, self.date, *(one.id for one in self.labels if one.done))
        return hashlib.blake2b(json.dumps(columns).encode(), digest_size=6).hexdigest()


def read_shape(board: Mapping[str, Any]) -> Shape:
    """From a board with BoardParts. Raises ProtocolBroken."""
    columns = board.get("columns")
    if not isinstance(columns, list) or not all(isinstance(one, dict) and one.get("id") for one in columns):
        raise ProtocolBroken("monday.com sent a board without columns")
    first: dict[str, str] = {}
    for column in columns:
        first.setdefault(str(column.get("type")), str(column["id"]))
    with_labels = [(str(one["id"]), _read_labels(one.get("settings"))) for one in columns if one["type"] == "status"]
    finishing = [one for one in with_labels if any(label.done for label in one[1])]
    status, labels = next(iter([*finishing, *with_labels]), (None, ()))
    return Shape(status, labels, first.get("long_text"), first.get("link"), first.get("people"), first.get("date"))


def _read_labels(settings: Any) -> tuple[Status, ...]:
    """A status column's labels in the order in which people see them; `index` is the place, `id` what items hold."""
    labels = read_settings(settings).get("labels")
    if not isinstance(labels, list) or not all(isinstance(one, dict) and "id" in one for one in labels):
        raise ProtocolBroken("monday.com sent a status column without labels")
    # A label without a name is how monday shows that no status is set.
    shown = [one for one in labels if one.get("label") and not one.get("is_deactivated")]
    shown.sort(key=lambda one: one.get("index") or 0)
    return tuple(Status(id=str(one["id"]), name=str(one["label"]), done=bool(one.get("is_done"))) for one in shown)


def read_settings(settings: Any) -> Mapping[str, Any]:
    """A column's settings, which may be a text of JSON; empty where there are none."""
    if isinstance(settings, str):
        try:
            settings = json.loads(settings)
        except ValueError:
            settings = None
    return settings if isinstance(settings, dict) else {}


class Shapes:
    """The shapes of boards that were read within minutes. Looking again before each write would halve what a team can
    do on a day. Whoever holds another token looks for himself."""

    LIFETIME_S = 300.0
    MOST = 1000

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Shape]] = {}

    def get(self, token: str, board: str) -> Shape | None:
        until, shape = self._known.get(hash((token, board)), (0.0, None))
        return shape if time.monotonic() < until else None

    def keep(self, token: str, board: str, shape: Shape) -> None:
        if len(self._known) >= self.MOST:
            self._known.clear()
        self._known[hash((token, board))] = (time.monotonic() + self.LIFETIME_S, shape)
