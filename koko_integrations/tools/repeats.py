"""What a tool asks for twice is done once: requests by the id that the tool gives them.

A request is written down before anything is done for it, and its answer when it is done. One without an answer was
begun, and nobody knows how it ended.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.errors import Conflict
from koko_integrations.integration import Integration
from koko_integrations.models import ToolRequest as Row
from koko_integrations.rpc.wire import dump, dump_text

_THIS = (Row.integration_id == param("integration_id")) & (Row.request_id == param("request_id"))
_FIND = Statement(Row.select(Row.content_hash, Row.answer).where(_THIS))
_INSERT = Statement(
    Row.insert(
        {
            Row.integration_id: param("integration_id"),
            Row.request_id: param("request_id"),
            Row.content_hash: param("content_hash"),
            Row.created_at: param("now"),
        }
    ).on_conflict(conflict_target=[Row.integration_id, Row.request_id], action="IGNORE")
)
_ANSWER = Statement(Row.update({Row.answer: param("answer")}).where(_THIS))
_FORGET = Statement(Row.delete().where(_THIS & Row.answer.is_null()))


class Repeatable:
    """One request of a tool's, which it may repeat where it has given it an id. Runs in its callers' transactions."""

    def __init__(self, tool: Integration, request_id: str | None, method: str, content: Mapping[str, Any]) -> None:
        self._row = None if request_id is None else {"integration_id": tool.id, "request_id": request_id}
        self._content_hash = hashlib.sha256(dump([method, content])).hexdigest()

    def begin(self, tx: Transaction, now: int) -> dict[str, Any] | None:
        """The answer to a repetition; None for a new request, which is written down.

        Raises Conflict for another request under the same id, and for one that was begun and did not end.
        """
        if self._row is None or tx.change(_INSERT, **self._row, content_hash=self._content_hash, now=now):
            return None
        known = tx.row(_FIND, **self._row)
        assert known is not None, "it is there, as it could not be inserted"
        content_hash, answer = known
        if content_hash != self._content_hash:
            raise Conflict("requestId: Another request has been made under this id; give each request an id of its own")
        if answer is None:
            raise Conflict(
                "requestId: This was begun, and how it ended is not known: look whether it is there, and ask under "
                "another id if it is not"
            )
        loaded: dict[str, Any] = orjson.loads(answer)
        return loaded

    def end(self, tx: Transaction, answer: Mapping[str, Any]) -> None:
        """Keeps the answer, for repetitions."""
        if self._row is not None:
            tx.change(_ANSWER, **self._row, answer=dump_text(answer))

    def forget(self, tx: Transaction) -> None:
        """Nothing was done: the request may be made again."""
        if self._row is not None:
            tx.change(_FORGET, **self._row)
