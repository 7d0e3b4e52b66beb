"""Trello's custom fields, and the due date.

Source: developer.atlassian.com/cloud/trello/guides/rest-api/getting-started-with-custom-fields. Values travel as texts.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from providers.kit.errors import ProtocolBroken
from providers.kit.field_values import ExternalField, FieldKind, FieldValue, Option, kept_in_step, unwritable

KINDS: Mapping[str, FieldKind] = {
    "text": "text",
    "number": "number",
    "date": "datetime",
    "checkbox": "checkbox",
    "list": "choice",
}
DUE = ExternalField(id="due", name="Due date", kind="datetime", native="due")
BUILT_IN = (kept_in_step("name", "Name"), kept_in_step("desc", "Description"), DUE)


def read_fields(entries: Any) -> list[ExternalField]:
    """From a board's custom fields. Raises ProtocolBroken."""
    if not isinstance(entries, list) or not all(isinstance(one, dict) and one.get("id") for one in entries):
        raise ProtocolBroken("Trello sent custom fields of the wrong shape")
    return [*BUILT_IN, *map(_read, entries)]


def _read(entry: Mapping[str, Any]) -> ExternalField:
    native, name = str(entry.get("type")), str(entry.get("name") or entry["id"])
    kind = KINDS.get(native)
    if kind is None:
        return unwritable(str(entry["id"]), name, native)
    options = tuple(
        Option(id=str(one.get("id")), name=str((one.get("value") or {}).get("text")))
        for one in entry.get("options") or ()
    )
    return ExternalField(id=str(entry["id"]), name=name, kind=kind, native=native, options=options)


def read_values(card: Mapping[str, Any], reads: Iterable[ExternalField]) -> dict[str, Any]:
    """What a card with its custom field items has in these fields."""
    items = {one.get("idCustomField"): one.get("value") or {} for one in card.get("customFieldItems") or ()}
    found: dict[str, Any] = {}
    for field in reads:
        value = items.get(field.id, {})
        found[field.id] = value.get("checked") == "true" if field.kind == "checkbox" else value.get("text")
    return {name: value for name, value in found.items() if value}


def due_of(fields: Iterable[FieldValue]) -> dict[str, Any]:
    """What of them is a member of the card itself."""
    return {one.field.id: one.value for one in fields if one.field.id == DUE.id}


def custom_items(fields: Iterable[FieldValue]) -> list[dict[str, Any]]:
    """The rest, as the card's custom field items."""
    return [_write(one) for one in fields if one.field.id != DUE.id]


def _write(one: FieldValue) -> dict[str, Any]:
    item: dict[str, Any] = {"idCustomField": one.field.id}
    if one.field.kind == "choice":
        return item | {"idValue": one.value or "", "value": None}
    if one.value is None:
        return item | {"value": ""}
    text = ("true" if one.value else "false") if one.field.kind == "checkbox" else str(one.value)
    return item | {"value": {"checked" if one.field.kind == "checkbox" else one.field.native: text}}
