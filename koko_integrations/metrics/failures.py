"""What goes wrong, by what is said of it: counted for each hour and each day, and never in more words than MOST.

Messages name files, tasks, ids and numbers; what is counted does not, so that the same failure of a thousand items is
one.
"""

import re
from collections.abc import Iterable
from typing import Any

import peewee

from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.metrics.spans import SPANS, begin_of
from koko_integrations.models import IntegrationFailure as Row
from koko_integrations.rpc.wire import iso
from providers.kit.items import ENTITIES

MOST = 20
"""How many errors are told apart, in an hour, in a day, and in an answer."""
OTHER = "other"
ERROR_MAX_CHARS = 160

# "tasks of 1400: ..." and "“Cut.mov”: ...": where it went wrong.
_PLACE = re.compile(rf"(?:(?:{'|'.join(ENTITIES)})\b[^:“]*|“[^”]*”): ")
_NAME = re.compile(r"“[^”]*”|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|https?://\S+|\S+@\S+|(?<!\S)[^\s:]*/[^\s:]*/[^\s:]*")
# Words with digits in them; not those that say something, such as S3 and HTTP 502.
_NUMBER = re.compile(r"(?<!HTTP )(?<![\w.-])(?![A-Za-z]\w?\d?\b)[\w.-]*\d[\w.-]*\b")

_KNOWN = Statement(
    Row.select(Row.error).where(
        (Row.integration_id == param("integration_id"))
        & (Row.span_ms == param("span_ms"))
        & (Row.begins_at == param("begins_at"))
    )
)
_COUNT = Statement(
    Row.insert(
        {
            Row.integration_id: param("integration_id"),
            Row.span_ms: param("span_ms"),
            Row.begins_at: param("begins_at"),
            Row.error: param("error"),
            Row.runs: 1,
            Row.last_at: param("now"),
        }
    ).on_conflict(
        conflict_target=[Row.integration_id, Row.span_ms, Row.begins_at, Row.error],
        update={Row.runs: Row.runs + 1, Row.last_at: peewee.EXCLUDED.last_at},
    )
)
_SUMS = Statement(
    Row.select(Row.error, peewee.fn.SUM(Row.runs), peewee.fn.MAX(Row.last_at))
    .where(
        (Row.integration_id == param("integration_id"))
        & (Row.span_ms == param("span_ms"))
        & (Row.begins_at >= param("since"))
    )
    .group_by(Row.error)
)


def wording_of(message: str) -> str:
    """What a message says of whatever it is about: without place, quoted names, addresses, ids and numbers."""
    reason = _PLACE.sub("", message, count=1)
    reason = _NUMBER.sub("…", _NAME.sub("…", reason))
    reason = " ".join("".join(filter(str.isprintable, reason)).split()).removeprefix("…: ")
    return reason[:ERROR_MAX_CHARS] or OTHER


def count_failures(tx: Transaction, integration_id: str, messages: Iterable[str], now_ms: int) -> None:
    """Counts a run for each of the errors that it had; what is new when there are MOST already counts as OTHER."""
    said = {wording_of(message) for message in messages}
    for span_ms in SPANS if said else ():
        place = {"integration_id": integration_id, "span_ms": span_ms, "begins_at": begin_of(now_ms, span_ms)}
        known = {error for (error,) in tx.rows(_KNOWN, **place)} - {OTHER}
        told_apart = known | set(sorted(said - known)[: max(0, MOST - len(known))])
        errors = {error if error in told_apart else OTHER for error in said}
        tx.change_many(_COUNT, [{**place, "error": error, "now": now_ms} for error in sorted(errors)])


async def most_frequent(database: Database, integration_id: str, span_ms: int, since_ms: int) -> list[dict[str, Any]]:
    """The errors since then, the most frequent first, and last whatever is not among the first MOST."""
    rows = await database.read(_SUMS, integration_id=integration_id, span_ms=span_ms, since=since_ms)
    ordered = sorted(rows, key=lambda row: (row[0] == OTHER, -row[1], row[0]))
    named = [row for row in ordered[:MOST] if row[0] != OTHER]
    rest = ordered[len(named) :]
    if rest:
        named.append((OTHER, sum(row[1] for row in rest), max(row[2] for row in rest)))
    return [{"error": error, "count": int(runs), "lastAt": iso(last_at)} for error, runs, last_at in named]
