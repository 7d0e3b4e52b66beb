"""Properties of Notion's data sources that values can be written into.

Source: developers.notion.com/reference/{property-object,page-property-values}.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from providers.kit.field_values import ExternalField, FieldKind, FieldValue, Option, kept_in_step, unwritable
from providers.kit.notion.page import Schema
from providers.kit.notion.text import to_rich_text

KINDS: Mapping[str, FieldKind] = {
    "rich_text": "text",
    "email": "text",
    "phone_number": "text",
    "number": "number",
    "date": "datetime",
    "checkbox": "checkbox",
    "select": "choice",
    "status": "choice",
    "multi_select": "choices",
    "url": "url",
}


def read_fields(schema: Schema, properties: Mapping[str, Mapping[str, Any]]) -> list[ExternalField]:
    """From a data source's properties. What Koko keeps in step is known by the schema."""
    synced = (schema.title, schema.text, schema.link, schema.state[0] if schema.state else None)
    return [_read(name, one, name in synced) for name, one in properties.items()]


def _read(name: str, entry: Mapping[str, Any], is_synced: bool) -> ExternalField:
    native, field_id = str(entry.get("type")), str(entry.get("id") or name)
    if is_synced:
        return kept_in_step(field_id, name)
    kind = KINDS.get(native)
    if kind is None:
        return unwritable(field_id, name, native)
    options = (entry.get(native) or {}).get("options") or () if kind in ("choice", "choices") else ()
    return ExternalField(
        id=field_id,
        name=name,
        kind=kind,
        native=native,
        options=tuple(Option(id=str(one.get("id")), name=str(one.get("name"))) for one in options),
    )


def write_fields(fields: Iterable[FieldValue]) -> dict[str, Any]:
    """Values of properties, by the properties' ids, which stay when they are renamed."""
    return {one.field.id: {one.field.native: _write(one.field, one.value)} for one in fields}


def _write(field: ExternalField, value: Any) -> Any:
    match field.native:
        case "rich_text":
            return to_rich_text(value or "")
        case "checkbox":
            return bool(value)
        case "multi_select":
            return [{"id": one} for one in value or ()]
        case "select" | "status":
            return None if value is None else {"id": value}
        case "date":
            return None if value is None else {"start": value}
    return value
