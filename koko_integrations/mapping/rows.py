"""Rows of mappings: what mapFields has stored."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.mapping.koko_fields import KOKO_FIELDS, EntityType, KokoField, KokoKind
from koko_integrations.mapping.transforms import Transform
from koko_integrations.models import FieldMapping as Row
from koko_integrations.rpc.wire import present
from providers.kit.field_values import CALLED, ExternalField, FieldKind

_OURS = Row.integration_id == param("integration_id")
_ALL = Statement(
    Row.select(Row.entity_type, Row.koko_field, Row.external_field, Row.transform, Row.custom_transform)
    .where(_OURS)
    .order_by(Row.entity_type, Row.position)
)
_DELETE = Statement(Row.delete().where(_OURS & (Row.entity_type == param("entity_type"))))
_INSERT = Statement(
    Row.insert(
        {
            Row.integration_id: param("integration_id"),
            Row.entity_type: param("entity_type"),
            Row.position: param("position"),
            Row.koko_field: param("koko_field"),
            Row.external_field: param("external_field"),
            Row.transform: param("transform"),
            Row.custom_transform: param("custom_transform"),
        }
    )
)
WHY_NOT: dict[Transform, str] = {
    "uppercase": "what is in upper case does not say what it was before",
    "lowercase": "what is in lower case does not say what it was before",
    "date": "a date that was normalised does not say how it was written",
    "custom": "a script cannot be undone",
}


class Mapping(NamedTuple):
    """One mapping, as the team has given it: `external_field` is a name or an id."""

    entity_type: EntityType
    koko_field: str
    external_field: str
    transform: Transform
    custom_transform: str | None = None

    @property
    def koko(self) -> KokoField:
        return KOKO_FIELDS[self.entity_type][self.koko_field]

    @property
    def one_way(self) -> str | None:
        """Why what changes at the provider does not come back; None where it does."""
        if self.transform != "none":
            return WHY_NOT[self.transform]
        if not self.koko.writable:
            return f"Koko does not take a {self.entity_type}'s {self.koko_field} from outside"
        return None

    def to_wire(self) -> dict[str, Any]:
        return present(
            kokoField=self.koko_field,
            externalField=self.external_field,
            transform=self.transform,
            customTransform=self.custom_transform,
        )


_BACK: dict[KokoKind, FieldKind] = {"text": "text", "flag": "checkbox"}


def goes_both_ways(mapping: Mapping, field: ExternalField) -> bool:
    return mapping.one_way is None and _BACK.get(mapping.koko.kind) == field.kind


def direction(mapping: Mapping, field: ExternalField | None) -> dict[str, Any]:
    """For the wire: which way values go, and why only one. Without the field, as if it were of the same kind."""
    why = mapping.one_way
    if why is None and field is not None and not goes_both_ways(mapping, field):
        why = f"{field.name} is {CALLED[field.kind]}, which does not say what {mapping.koko_field} was"
    return present(direction="both" if why is None else "toExternal", reason=why)


async def read(database: Database, integration_id: str) -> list[Mapping]:
    """All of an integration's, in their order."""
    return [Mapping(*cast(Any, row)) for row in await database.read(_ALL, integration_id=integration_id)]


def replace(tx: Transaction, integration_id: str, entity_type: EntityType, mappings: Sequence[Mapping]) -> None:
    """Stores these in place of those that there were for the kind of thing."""
    tx.change(_DELETE, integration_id=integration_id, entity_type=entity_type)
    for position, mapping in enumerate(mappings):
        tx.change(_INSERT, integration_id=integration_id, position=position, **mapping._asdict())
