"""Input fields that mean what zod means: no coercion, unknown keys dropped, absent and null told apart.

marshmallow's own fields take "5" for 5 and 1 for true; these do not. Text refuses U+0000, which PostgreSQL cannot hold.
"""

import ipaddress
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma

TEXT_MAX_CHARS = 10_000
ID_MAX_CHARS = 256
_REQUIRED: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "Required",
    "null": "Expected a value, received null",
}


def kind_of(value: Any) -> str:
    """zod's name for a JSON value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _expected(what: str, value: Any) -> ma.ValidationError:
    return ma.ValidationError(f"Expected {what}, received {kind_of(value)}")


class Input(ma.Schema):
    """Base of every input schema: unknown keys are dropped, as zod's z.object() does."""

    class Meta:
        unknown = ma.EXCLUDE


class Output(ma.Schema):
    """Base of every output schema: it documents what a handler returns, and tests hold every answer against it."""

    class Meta:
        unknown = ma.RAISE


class _Strict(ma.fields.Field[Any]):
    default_error_messages = _REQUIRED


class Text(_Strict):
    """z.string(), with a cap."""

    def __init__(self, *, max_chars: int = TEXT_MAX_CHARS, min_chars: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_chars = max_chars
        self.min_chars = min_chars

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise _expected("string", value)
        if len(value) > self.max_chars:
            raise ma.ValidationError(f"String must contain at most {self.max_chars} character(s)")
        if len(value) < self.min_chars:
            raise ma.ValidationError(f"String must contain at least {self.min_chars} character(s)")
        if "\0" in value:
            raise ma.ValidationError("String must not contain U+0000")
        return value


class Id(Text):
    """An opaque id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_chars=ID_MAX_CHARS, min_chars=1, **kwargs)


class Url(Text):
    """z.string().url(), for the schemes given; never javascript: or data:."""

    def __init__(self, *, schemes: Sequence[str] = ("https", "http"), **kwargs: Any) -> None:
        super().__init__(max_chars=2048, **kwargs)
        self.schemes = tuple(schemes)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            parts = urlsplit(text)
            valid = parts.scheme in self.schemes and bool(parts.hostname) and (parts.port or 0) >= 0
        except ValueError:
            valid = False
        if not valid or re.search(r"[\s\x00-\x1f]", text):
            raise ma.ValidationError("Invalid url")
        return text


class IpNetwork(Text):
    """An IPv4 or IPv6 network as a CIDR, or one address, which is a network of one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_chars=64, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return str(ipaddress.ip_network(text))
        except ValueError:
            said = "Expected a network such as 203.0.113.0/24 or 2001:db8::/32, or one address"
            raise ma.ValidationError(said) from None


class Timestamp(Text):
    """ISO 8601 UTC with `Z`, with milliseconds when there are any."""

    PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.PATTERN.fullmatch(text):
            raise ma.ValidationError("Invalid datetime")
        return text


class Moment(Timestamp):
    """z.string().datetime() on the way in: a time in UTC, to the millisecond, as epoch ms."""

    PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            whole = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
        except ValueError:
            raise ma.ValidationError("Invalid datetime") from None
        return int(whole.timestamp()) * 1000 + int(text[20:-1].ljust(3, "0")[:3])


class Choice(_Strict):
    """z.enum()."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = tuple(choices)
        self._known = frozenset(choices)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise _expected(" | ".join(f"'{choice}'" for choice in self.choices), value)
        if value not in self._known:
            options = " | ".join(f"'{choice}'" for choice in self.choices)
            raise ma.ValidationError(f"Invalid enum value. Expected {options}, received '{value[:64]}'")
        return value


class Flag(_Strict):
    """z.boolean()."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise _expected("boolean", value)
        return value


class Number(_Strict):
    """z.number().min().max(); `whole` adds .int(). An integral float counts as whole, as in JavaScript."""

    def __init__(
        self, *, minimum: float | None = None, maximum: float | None = None, whole: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.minimum = minimum
        self.maximum = maximum
        self.whole = whole

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _expected("number", value)
        if not math.isfinite(value) or (self.whole and value != int(value)):
            raise ma.ValidationError("Expected integer, received float")
        if self.minimum is not None and value < self.minimum:
            raise ma.ValidationError(f"Number must be greater than or equal to {self.minimum}")
        if self.maximum is not None and value > self.maximum:
            raise ma.ValidationError(f"Number must be less than or equal to {self.maximum}")
        return int(value) if self.whole else value


class Anything(_Strict):
    """z.unknown(), within what JSON holds."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)


class ListOf(_Strict):
    """z.array()."""

    def __init__(self, item: ma.fields.Field[Any], *, max_items: int = 1000, min_items: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.item = item
        self.max_items = max_items
        self.min_items = min_items

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise _expected("array", value)
        if not self.min_items <= len(value) <= self.max_items:
            raise ma.ValidationError(f"Array must contain {self.min_items} to {self.max_items} element(s)")
        return list(_load_each(enumerate(value), self.item).values())


class RecordOf(_Strict):
    """z.record(): text keys; values by `value`, or anything when it is None."""

    def __init__(self, value: ma.fields.Field[Any] | None = None, *, max_items: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value
        self.max_items = max_items

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise _expected("object", value)
        if len(value) > self.max_items:
            raise ma.ValidationError(f"Object must contain at most {self.max_items} key(s)")
        if self.value is None:
            return value
        return _load_each(value.items(), self.value)


class Nested(_Strict):
    """z.object() inside another."""

    def __init__(self, schema: Input | Output, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.schema = schema

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise _expected("object", value)
        return self.schema.load(value)


class IdOr(Nested):
    """z.union([z.string(), z.object()]): the id of a thing, or the thing itself."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return Id().deserialize(value)
        return super()._deserialize(value, attr, data, **kwargs)


def _load_each(pairs: Iterable[tuple[Any, Any]], field: ma.fields.Field[Any]) -> dict[Any, Any]:
    """Each value loaded by `field`; the problems of all of them together, under their keys."""
    loaded: dict[Any, Any] = {}
    problems: dict[Any, Any] = {}
    for key, value in pairs:
        try:
            loaded[key] = field.deserialize(value)
        except ma.ValidationError as problem:
            problems[key] = problem.messages
    if problems:
        raise ma.ValidationError(problems)
    return loaded


def problems_by_path(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages as {"config.syncInterval": ["..."]}."""
    if isinstance(messages, dict):
        flat: dict[str, list[str]] = {}
        for key, inner in messages.items():
            name = path if key == "_schema" else f"{path}.{key}" if path else str(key)
            flat |= problems_by_path(inner, name)
        return flat
    return {path: [str(message) for message in messages]}
