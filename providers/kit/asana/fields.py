"""Asana's custom fields, and the due date. Source: developers.asana.com/docs/custom-fields-guide, Asana/openapi."""

from collections.abc import Iterable, Mapping
from typing import Any

from providers.kit.errors import ProtocolBroken
from providers.kit.field_values import ExternalField, FieldKind, FieldValue, Option, kept_in_step, unwritable

OWN = "custom_field_settings.custom_field"
QUERY = (
    ",".join(f"{OWN}.{name}" for name in ("name", "resource_subtype", "enum_options.name", "enum_options.enabled"))
    + f",{OWN}.is_formula_field"
)
VALUES = ",custom_fields.text_value"
"""Asks for the texts in a task's custom fields."""
KINDS: Mapping[str, FieldKind] = {
    "text": "text",
    "number": "number",
    "date": "date",
    "enum": "choice",
    "multi_enum": "choices",
}
DUE = ExternalField(id="due_on", name="Due date", kind="date", native="due_on")
BUILT_IN = (kept_in_step("name", "Name"), kept_in_step("notes", "Description"), DUE)


def read_fields(project: Mapping[str, Any]) -> list[ExternalField]:
    """From a project with `QUERY`. Raises ProtocolBroken."""
    settings = project.get("custom_field_settings") or []
    if not isinstance(settings, list):
        raise ProtocolBroken("Asana sent custom fields of the wrong shape")
    return [*BUILT_IN, *(_read(one.get("custom_field")) for one in settings if isinstance(one, dict))]


def _read(entry: Any) -> ExternalField:
    if not isinstance(entry, dict) or not isinstance(entry.get("gid"), str):
        raise ProtocolBroken("Asana sent a custom field of the wrong shape")
    native = str(entry.get("resource_subtype"))
    kind = KINDS.get(native)
    name = str(entry.get("name") or entry["gid"])
    if kind is None or entry.get("is_formula_field"):
        return unwritable(entry["gid"], name, "formula" if entry.get("is_formula_field") else native)
    options = tuple(
        Option(id=str(one.get("gid")), name=str(one.get("name")))
        for one in entry.get("enum_options") or ()
        if one.get("enabled") is not False
    )
    return ExternalField(id=entry["gid"], name=name, kind=kind, native=native, options=options)


def read_values(task: Mapping[str, Any], reads: Iterable[ExternalField]) -> dict[str, Any]:
    """What a task with `VALUES` has in these fields. There are no checkboxes."""
    texts = {one.get("gid"): one.get("text_value") for one in task.get("custom_fields") or ()}
    return {field.id: texts[field.id] for field in reads if texts.get(field.id)}


def write_fields(fields: Iterable[FieldValue]) -> dict[str, Any]:
    """Members of a task."""
    written: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for one in fields:
        if one.field.id == DUE.id:
            written[DUE.id] = one.value
        elif one.field.kind == "date" and one.value is not None:
            custom[one.field.id] = {"date": one.value}
        else:
            custom[one.field.id] = [] if one.value is None and one.field.kind == "choices" else one.value
    return written | ({"custom_fields": custom} if custom else {})
