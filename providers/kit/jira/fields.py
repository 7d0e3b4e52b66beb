"""Jira's fields, those of its own and those that teams made, and how their values are written.

Source: developer.atlassian.com/cloud/jira/platform/rest/v3, create issue metadata.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from providers.kit.errors import ProtocolBroken
from providers.kit.field_values import ExternalField, FieldKind, FieldValue, Option, kept_in_step, unwritable
from providers.kit.jira.adf import from_text, to_text

SYNCED = {"summary": "Summary", "description": "Description"}
BY_TYPE: Mapping[str, FieldKind] = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "option": "choice",
    "priority": "choice",
    "array of option": "choices",
    "array of string": "choices",
}
CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
DOCUMENTS = (f"{CUSTOM}textarea", "environment")
"""Texts that are documents."""


def read_fields(entries: Iterable[Any]) -> list[ExternalField]:
    """From the metadata of one type of issue. Raises ProtocolBroken."""
    return [_read(one) for one in entries]


def _read(entry: Any) -> ExternalField:
    field_id = (entry.get("fieldId") or entry.get("key")) if isinstance(entry, dict) else None
    if not isinstance(field_id, str):
        raise ProtocolBroken("Jira sent a field of the wrong shape")
    name, schema = str(entry.get("name") or field_id), entry.get("schema") or {}
    if field_id in SYNCED:
        return kept_in_step(field_id, name)
    native = str(schema.get("type"))
    if native == "array":
        native = f"array of {schema.get('items')}"
    kind = BY_TYPE.get(native)
    own = str(schema.get("custom") or schema.get("system") or "")
    if own == f"{CUSTOM}url":
        kind = "url"
    if kind is None or (kind == "choice" and not entry.get("allowedValues")):
        return unwritable(field_id, name, native)
    options = tuple(
        Option(id=str(one.get("id")), name=str(one.get("value") or one.get("name")))
        for one in entry.get("allowedValues") or ()
        if isinstance(one, dict)
    )
    return ExternalField(
        id=field_id, name=name, kind=kind, native="document" if own in DOCUMENTS else native, options=options
    )


def read_values(fields: Mapping[str, Any], reads: Iterable[ExternalField]) -> dict[str, Any]:
    """What an issue has in these fields. There are no single checkboxes."""
    values = {one.id: fields.get(one.id) for one in reads}
    texts = {name: to_text(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: text for name, text in texts.items() if text}


def write_fields(fields: Iterable[FieldValue]) -> dict[str, Any]:
    """Members of an issue's fields."""
    return {one.field.id: _write(one.field, one.value) for one in fields}


def _write(field: ExternalField, value: Any) -> Any:
    if value is None:
        return [] if field.kind == "choices" else None
    if field.native == "document":
        return from_text(value)
    if field.kind == "choice":
        return {"id": value}
    if field.native == "array of option":
        return [{"id": one} for one in value]
    if field.native == "array of string":
        # A label has no spaces.
        return ["_".join(one.split()) for one in value]
    if field.kind == "datetime":
        moment = value if "T" in value else f"{value}T00:00:00Z"
        return moment.removesuffix("Z") + ("" if "." in moment else ".000") + "+0000"
    return value
