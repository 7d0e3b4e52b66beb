"""The conditions of a trigger: checked when it is saved, compiled once, and explained each time they are looked at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

import orjson

from koko_integrations.rpc.fields import kind_of
from koko_integrations.rpc.wire import dump_text
from koko_integrations.triggers import paths
from koko_integrations.triggers.comparing import order, ordinal_of, same
from koko_integrations.triggers.paths import MISSING

OPERATORS = ("equals", "contains", "greater_than", "less_than")
MAX_CONDITIONS = 50
MAX_VALUE_CHARS = 2_000
SHOWN_CHARS = 200
_ORDERED = ("greater_than", "less_than")


Lookup = Callable[[tuple[str, ...]], Any]


def looking_into(view: Any) -> Lookup:
    """What is at a path of an event. Many triggers look at the same few: each is looked up once."""
    return cache(partial(paths.look_up, view))


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `reason` answers None where it holds, and otherwise why it does not."""

    field: str
    path: tuple[str, ...]
    operator: str
    value: Any
    reason: Callable[[Any], str | None]

    def explain(self, look_up: Lookup) -> dict[str, Any]:
        """For people: what was found, and what that means."""
        found = look_up(self.path)
        reason = self.reason(found)
        told = {"field": self.field, "operator": self.operator, "value": cut(self.value), "holds": reason is None}
        if found is not MISSING:
            told["found"] = cut(found)
        return told if reason is None else told | {"reason": reason}


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of one trigger's: it fires where all of them hold, and where there are none."""

    each: tuple[Condition, ...]

    def hold(self, look_up: Lookup) -> bool:
        return all(condition.reason(look_up(condition.path)) is None for condition in self.each)

    def explain(self, look_up: Lookup, limit: int = MAX_CONDITIONS) -> list[dict[str, Any]]:
        return [condition.explain(look_up) for condition in self.each[:limit]]


def check(field: str, operator: str, value: Any) -> dict[str, str]:
    """What is wrong with a condition: by `field` and `value`."""
    problems: dict[str, str] = {}
    try:
        paths.parse(field)
    except ValueError as problem:
        problems["field"] = str(problem)
    if len(dump_text(value)) > MAX_VALUE_CHARS:
        problems["value"] = f"A value has at most {MAX_VALUE_CHARS} characters"
    elif operator in _ORDERED and ordinal_of(value) is None:
        problems["value"] = (
            f"{operator} compares numbers and ISO 8601 times, such as 10 or 2025-01-31; received {kind_of(value)}"
        )
    elif operator == "contains" and not (isinstance(value, bool | int | float) or (isinstance(value, str) and value)):
        problems["value"] = f"contains looks for a text or number; received {kind_of(value) if value != '' else 'none'}"
    return problems


@lru_cache(maxsize=20_000)
def compile_conditions(text: str) -> Conditions:
    """Conditions as they are stored: a JSON array. The same text is compiled once."""
    return Conditions(tuple(_compile(one) for one in orjson.loads(text)))


def _compile(condition: Mapping[str, Any]) -> Condition:
    field, operator, value = condition["field"], condition["operator"], condition["value"]
    return Condition(field, paths.parse(field), operator, value, partial(_REASONS[operator], value))


def cut(value: Any) -> Any:
    """A value as it is shown: texts and structures cut to a length that people read."""
    if isinstance(value, str):
        return value if len(value) <= SHOWN_CHARS else value[: SHOWN_CHARS - 1] + "…"
    if isinstance(value, list | dict):
        shown = dump_text(value)
        return value if len(shown) <= SHOWN_CHARS else shown[: SHOWN_CHARS - 1] + "…"
    return value


def _equals(value: Any, found: Any) -> str | None:
    if found is MISSING:
        return _MISSED
    if same(found, value):
        return None
    return "it is another value" if kind_of(found) == kind_of(value) else _unlike(found, value)


def _contains(value: Any, found: Any) -> str | None:
    """In a text whatever the case of letters: who writes "Urgent!" means urgent."""
    if found is MISSING:
        return _MISSED
    if isinstance(found, str):
        if not isinstance(value, str):
            return _unlike(found, value)
        return None if value.casefold() in found.casefold() else "it does not contain this"
    if isinstance(found, list):
        return None if any(same(one, value) for one in found) else "none of its elements is this"
    return f"{_a(found)} contains nothing"


def _beyond(sign: int, said: str, value: Any, found: Any) -> str | None:
    if found is MISSING:
        return _MISSED
    compared = order(found, value)
    if compared is None:
        return _unlike(found, value)
    return None if compared == sign else said


def _unlike(found: Any, value: Any) -> str:
    return f"{_a(found)} cannot be compared with {_a(value)}"


def _a(value: Any) -> str:
    """What kind of value it is, in words."""
    if isinstance(value, str):
        return "a text" if ordinal_of(value) is None else "a time"
    kind = kind_of(value)
    return kind if kind == "null" else f"{'an' if kind in ('array', 'object') else 'a'} {kind}"


_MISSED = "there is no such field in this event"
_REASONS: dict[str, Callable[[Any, Any], str | None]] = {
    "equals": _equals,
    "contains": _contains,
    "greater_than": partial(_beyond, 1, "it is not greater"),
    "less_than": partial(_beyond, -1, "it is not less"),
}


def dump_conditions(conditions: Sequence[Mapping[str, Any]]) -> str:
    """For the row."""
    kept = ({name: condition[name] for name in ("field", "operator", "value")} for condition in conditions)
    return dump_text(list(kept))
