"""Fields of tasks that teams made themselves, such as a column or a property: which there are, and what they take."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from providers.kit.errors import Rejected

FieldKind = Literal["text", "number", "date", "datetime", "checkbox", "choice", "choices", "url", "other"]
KINDS: tuple[str, ...] = get_args(FieldKind)
CALLED = {
    "text": "a text",
    "number": "a number",
    "date": "a date",
    "datetime": "a time",
    "checkbox": "a checkbox, which takes true or false",
    "choice": "a choice",
    "choices": "a choice of several",
    "url": "a link",
}
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(?:\.\d+)?Z)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One of the values that a choice has."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalField:
    """A field of the tasks of one container. `native` is the provider's own word for its type, where the value's shape
    depends on it. `why` says of one that is not `writable` why not."""

    id: str
    name: str
    kind: FieldKind
    native: str = ""
    options: tuple[Option, ...] = ()
    writable: bool = True
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldValue:
    """What to write into a field: as `fit` made it; None clears it."""

    field: ExternalField
    value: Any


def kept_in_step(field_id: str, name: str) -> ExternalField:
    """A field that synchronising writes by itself."""
    return ExternalField(id=field_id, name=name, kind="text", writable=False, why="it is kept in step by itself")


def unwritable(field_id: str, name: str, native: str) -> ExternalField:
    """A field of a type that is not written to."""
    why = f"fields of the type {native} cannot be written to" if native else "it cannot be written to"
    return ExternalField(id=field_id, name=name, kind="other", native=native, writable=False, why=why)


def fit(field: ExternalField, value: Any) -> Any:
    """A JSON value as the field takes it: a choice as the option's id, a date as YYYY-MM-DD. Numbers and flags are
    written into texts, lists of texts with commas. Raises Rejected for what the field does not take."""
    if value is None:
        return None
    if not field.writable:
        raise Rejected(f"{field.name} cannot be written to: {field.why}")
    fitted = _fit(field, value)
    if fitted is None:
        raise Rejected(f"{field.name} is {CALLED[field.kind]}, and does not take {_show(value)}")
    return fitted


def _fit(field: ExternalField, value: Any) -> Any:
    match field.kind:
        case "text":
            return _as_text(value)
        case "number":
            return None if isinstance(value, bool) or not isinstance(value, int | float) else value
        case "checkbox":
            return value if isinstance(value, bool) else None
        case "date" | "datetime":
            return _as_date(value, whole=field.kind == "datetime")
        case "choice":
            return _as_option(field, value)
        case "choices":
            chosen = [value] if isinstance(value, str) else value
            if not isinstance(chosen, list):
                return None
            found = [_as_option(field, one) for one in chosen]
            return None if None in found else list(dict.fromkeys(found))
        case "url":
            return value if isinstance(value, str) and re.match(r"https?://\S+\Z", value) else None
    return None


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else None


def _as_date(value: Any, *, whole: bool) -> str | None:
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        date.fromisoformat(found[1])
    except ValueError:
        return None
    return found[0] if whole else found[1]


def _as_option(field: ExternalField, value: Any) -> str | None:
    """By name, in any case, or by id. Raises Rejected that says which there are."""
    if not isinstance(value, str) or not value:
        return None
    if not field.options and field.kind == "choices":
        # Labels are made by being used.
        return value
    named = [one.id for one in field.options if one.name.casefold() == value.casefold()]
    by_id = [one.id for one in field.options if one.id == value]
    if by_id or named:
        return (by_id or named)[0]
    known = ", ".join(one.name for one in field.options[:20]) or "none"
    raise Rejected(f"{field.name} has no option {value[:60]!r}; it has {known}")


def _show(value: Any) -> str:
    if isinstance(value, str):
        return f"the text “{value[:60]}{'…' if len(value) > 60 else ''}”"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else "a list" if isinstance(value, list) else "an object"
