"""Folders among the items: one may go without a word of what it held."""

from collections.abc import Sequence

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import SyncedItem as Row
from koko_integrations.sync.items import CHUNK, Place, chunks

_INSIDE = Statement(
    Row.select(Row.external_id).where(
        (Row.integration_id == param("integration_id"))
        & (Row.entity == param("entity"))
        & Row.parent_id.in_([param(f"id{number}") for number in range(CHUNK)])
        & Row.deleted_at.is_null()
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
