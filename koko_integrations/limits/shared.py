"""The count that all processes share: a row for each limit, of its present window."""

import peewee

from koko_integrations.clock import MINUTE_MS
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.models import RateWindow

AT_ONCE = 500

# A row of the next window is what a process whose clock is a little behind finds: it counts there. One of an older
# window, or of a time that a wrong clock once told, is begun anew.
_IS_PRESENT = RateWindow.window_at.between(peewee.EXCLUDED.window_at, peewee.EXCLUDED.ends_at)


def _kept(column: peewee.Field, otherwise: object) -> peewee.Case:
    return peewee.Case(None, [(_IS_PRESENT, column)], otherwise)


# It also locks the row, which makes reading and adding one step on PostgreSQL too.
_OPEN = Statement(
    RateWindow.insert(
        {
            RateWindow.name: param("name"),
            RateWindow.window_at: param("starts_at"),
            RateWindow.used: 0,
            RateWindow.ends_at: param("ends_at"),
        }
    )
    .on_conflict(
        conflict_target=[RateWindow.name],
        update={
            RateWindow.used: _kept(RateWindow.used, 0),
            RateWindow.window_at: _kept(RateWindow.window_at, peewee.EXCLUDED.window_at),
            RateWindow.ends_at: _kept(RateWindow.ends_at, peewee.EXCLUDED.ends_at),
        },
    )
    .returning(RateWindow.used)
)
_SET_USED = Statement(RateWindow.update({RateWindow.used: param("used")}).where(RateWindow.name == param("name")))
_GET_USED = Statement(
    RateWindow.select(RateWindow.used).where(
        (RateWindow.name == param("name")) & RateWindow.window_at.between(param("starts_at"), param("ends_at"))
    )
)
_DELETE_ENDED = Statement(
    RateWindow.delete().where(
        RateWindow.name.in_(
            RateWindow.select(RateWindow.name)
            .where(RateWindow.ends_at < param("before"))
            .order_by(RateWindow.ends_at)
            .limit(AT_ONCE)
        )
    )
)


async def get_used(database: Database, name: str, starts_at: int, ends_at: int) -> int:
    """How much of the window has been booked."""
    row = await database.read_one(_GET_USED, name=name, starts_at=starts_at, ends_at=ends_at)
    return 0 if row is None else int(row[0])


def book(tx: Transaction, name: str, starts_at: int, ends_at: int, limit: int, wanted: int) -> tuple[int, int]:
    """Books up to `wanted`, or gives back what was booked when it is negative.

    Returns how much was booked, and how much of the window is now.
    """
    row = tx.row(_OPEN, name=name, starts_at=starts_at, ends_at=ends_at)
    assert row is not None, "the row is made if it is missing"
    used = int(row[0])
    booked = min(wanted, max(0, limit - used)) if wanted > 0 else max(wanted, -used)
    if booked:
        tx.change(_SET_USED, name=name, used=used + booked)
    return booked, used + booked


async def delete_ended(database: Database, now_ms: int) -> int:
    """Deletes the rows of windows that ended over a minute ago. Returns how many."""
    deleted = 0
    while True:
        count = await database.write(lambda tx: tx.change(_DELETE_ENDED, before=now_ms - MINUTE_MS))
        deleted += count
        if count < AT_ONCE:
            return deleted
