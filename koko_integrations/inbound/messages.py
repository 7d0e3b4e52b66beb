"""Rows of what providers told us. Functions run in a transaction that their caller has opened."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import InboundMessage as Row
from koko_integrations.rpc.wire import dump_text, present
from providers.kit.inbound import Signal

_INSERT = Statement(
    Row.insert(
        {
            Row.integration_id: param("integration_id"),
            Row.message_key: param("key"),
            Row.content: param("content"),
            Row.received_at: param("now"),
        }
    ).on_conflict(conflict_target=[Row.integration_id, Row.message_key], action="IGNORE")
)
FIND_WAITING = Statement(
    Row.select(Row.integration_id)
    .where(Row.processed_at.is_null() & (Row.integration_id > param("after")))
    .distinct()
    .order_by(Row.integration_id)
    .limit(param("limit"))
)
FIND_OF = Statement(
    Row.select(Row.message_key, Row.content)
    .where((Row.integration_id == param("integration_id")) & Row.processed_at.is_null())
    .order_by(Row.received_at)
    .limit(param("limit"))
)
_TAKE = Statement(
    Row.update({Row.processed_at: param("now")}).where(
        (Row.integration_id == param("integration_id")) & (Row.message_key == param("key")) & Row.processed_at.is_null()
    )
)


class Message(NamedTuple):
    """One of them. `address_id` is None where it came to the address of a whole app."""

    key: str
    kind: str
    entities: tuple[str, ...]
    at: int | None
    address_id: str | None
    details: dict[str, Any]


def read(row: tuple[Any, ...]) -> Message:
    """A message from a row of `FIND_OF`."""
    key, content = row
    said = orjson.loads(content)
    return Message(
        key=key,
        kind=said["kind"],
        entities=tuple(said.get("entities", ())),
        at=said.get("at"),
        address_id=said.get("address"),
        details=said.get("details", {}),
    )


def add(tx: Transaction, integration_id: str, signal: Signal, address_id: str | None, now: int) -> bool:
    """Keeps what was told. False where it is known already."""
    content = present(
        kind=signal.kind,
        target=signal.target,
        entities=list(signal.entities) or None,
        at=signal.at,
        address=address_id,
        details=dict(signal.details) or None,
    )
    return tx.change(_INSERT, integration_id=integration_id, key=signal.key, content=dump_text(content), now=now) > 0


def take(tx: Transaction, integration_id: str, taken: Iterable[Message], now: int) -> list[Message]:
    """Marks messages as processed. Those that nobody else has processed meanwhile."""
    return [one for one in taken if tx.change(_TAKE, integration_id=integration_id, key=one.key, now=now)]
