"""Columns of monday.com's boards that values can be written into.

Source: developer.monday.com/api-reference/reference/column-types-reference, and the pages of the types.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from providers.kit.field_values import ExternalField, FieldKind, FieldValue, Option, kept_in_step, unwritable
from providers.kit.monday.board import Shape, read_settings

KINDS: Mapping[str, FieldKind] = {
    "text": "text",
    "long_text": "text",
    "numbers": "number",
    "date": "date",
    "checkbox": "checkbox",
    "status": "choice",
    "dropdown": "choices",
    "link": "url",
}


def read_fields(columns: Iterable[Mapping[str, Any]], shape: Shape) -> list[ExternalField]:
    """From all columns of a board. What Koko keeps in step is known by the board's shape."""
    synced = (shape.status, shape.text, shape.link, "name")
    return [_read(column, column["id"] in synced) for column in columns]


def _read(column: Mapping[str, Any], is_synced: bool) -> ExternalField:
    native, column_id = str(column.get("type")), str(column["id"])
    name = str(column.get("title") or column_id)
    if is_synced:
        return kept_in_step(column_id, name)
    kind = KINDS.get(native)
    if kind is None:
        return unwritable(column_id, name, native)
    return ExternalField(id=column_id, name=name, kind=kind, native=native, options=tuple(_options(column, kind)))


def _options(column: Mapping[str, Any], kind: FieldKind) -> Iterable[Option]:
    if kind not in ("choice", "choices"):
        return
    for label in read_settings(column.get("settings")).get("labels") or ():
        name = label.get("label") or label.get("name") if isinstance(label, dict) else None
        if name and not label.get("is_deactivated"):
            yield Option(id=str(label["id"]), name=str(name))


def write_fields(fields: Iterable[FieldValue]) -> dict[str, Any]:
    """Column values; null clears a column."""
    return {one.field.id: None if one.value is None else _write(one.field, one.value) for one in fields}


def _write(field: ExternalField, value: Any) -> Any:
    match field.native:
        case "long_text":
            return {"text": value}
        case "numbers":
            return str(value)
        case "date":
            return {"date": value}
        case "checkbox":
            return {"checked": "true"} if value else None
        case "status":
            return {"index": int(value)}
        case "dropdown":
            return {"ids": [int(one) for one in value]}
        case "link":
            return {"url": value, "text": value}
    return value
