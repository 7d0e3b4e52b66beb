"""What is pulled of a folder, where nothing is mapped: one inside it may go without a word of what it held, and another
may be chosen in its place."""

from collections.abc import Sequence

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import SyncedItem as Row
from koko_integrations.models import SyncState
from koko_integrations.sync.items import CHUNK, Place, chunks

_THIS = (Row.integration_id == param("integration_id")) & (Row.entity == param("entity"))
_INSIDE = Statement(
    Row.select(Row.external_id).where(
        _THIS & Row.parent_id.in_([param(f"id{number}") for number in range(CHUNK)]) & Row.deleted_at.is_null()
    )
)
_FORGET_ITEMS = Statement(Row.delete().where(_THIS & (Row.container != param("container"))))
_FORGET_PASSES = Statement(
    SyncState.delete().where(
        (SyncState.integration_id == param("integration_id"))
        & (SyncState.entity == param("entity"))
        & (SyncState.container != param("container"))
    )
)


def with_contents(tx: Transaction, place: Place, ids: Sequence[str]) -> tuple[str, ...]:
    """The ids, and those of everything that is known to be inside them."""
    found = dict.fromkeys(ids)
    left = list(found)
    while left:
        whose = {"integration_id": place.integration_id, "entity": place.entity}
        inside = [row[0] for chunk in chunks(left) for row in tx.rows(_INSIDE, **whose, **chunk)]
        left = [external_id for external_id in inside if external_id not in found]
        found |= dict.fromkeys(left)
    return tuple(found)


def forget_others(tx: Transaction, place: Place) -> None:
    """Forgets what was pulled of any other folder than this one."""
    this = {"integration_id": place.integration_id, "entity": place.entity, "container": place.container}
    if tx.change(_FORGET_PASSES, **this):
        tx.change(_FORGET_ITEMS, **this)
