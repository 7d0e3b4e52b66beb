"""Our marshmallow schemas as JSON Schema: apispec converts them, this tells it what it cannot know of our fields.

A schema that comes from another module than its procedure is shared by several: it becomes a named component, so that
clients get one type for it.
"""

import json
from functools import singledispatch
from typing import Any

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from koko_integrations.rpc.fields import Choice, Flag, IdOr, ListOf, Nested, Number, RecordOf, Text, Timestamp, Url


class JsonSchemas:
    """Converts schemas. `components` are the shared ones that it has met, by name."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}
        self._home = ""
        plugin = MarshmallowPlugin()
        APISpec(title="Koko Integrations", version="1", openapi_version="3.1.0", plugins=[plugin])
        converter: Any = plugin.converter
        self._converter = converter
        self._converter.add_attribute_function(lambda _, field, ret: _properties(field, self))

    def convert(self, schema: ma.Schema, home: str) -> dict[str, Any]:
        """The JSON Schema of a procedure's input or output; `home` is the procedure's module."""
        self._home = home
        return self._plain(schema)

    def field2property(self, field: ma.fields.Field[Any]) -> dict[str, Any]:
        converted: dict[str, Any] = self._converter.field2property(field)
        return converted

    def nested(self, schema: ma.Schema) -> dict[str, Any]:
        """In place, or a reference to a component."""
        if type(schema).__module__ == self._home:
            return self._plain(schema)
        return {"$ref": f"#/components/schemas/{self._name(schema)}"}

    def _plain(self, schema: ma.Schema) -> dict[str, Any]:
        converted: dict[str, Any] = self._converter.schema2jsonschema(schema)
        return converted

    def _name(self, schema: ma.Schema) -> str:
        """The component's name: the class's, and the module's before it where two differ under one name."""
        converted = self._plain(schema)
        name = type(schema).__name__.removesuffix("Output")
        if not _same(self.components.setdefault(name, converted), converted):
            module = type(schema).__module__.rsplit(".", 1)[-1]
            name = "".join(word.capitalize() for word in module.split("_")) + name
            assert _same(self.components.setdefault(name, converted), converted), f"two schemas are called {name}"
        return name


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@singledispatch
def _properties(field: ma.fields.Field[Any], converter: "JsonSchemas") -> dict[str, Any]:
    """What apispec cannot know of our own fields."""
    return {}


@_properties.register
def _(field: Text, converter: "JsonSchemas") -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": field.max_chars}
    return schema | ({"minLength": field.min_chars} if field.min_chars else {})


@_properties.register
def _(field: Url, converter: "JsonSchemas") -> dict[str, Any]:
    return {"type": "string", "format": "uri", "maxLength": field.max_chars}


@_properties.register
def _(field: Timestamp, converter: "JsonSchemas") -> dict[str, Any]:
    return {"type": "string", "format": "date-time"}


@_properties.register
def _(field: Choice, converter: "JsonSchemas") -> dict[str, Any]:
    return {"type": "string", "enum": list(field.choices)}


@_properties.register
def _(field: Flag, converter: "JsonSchemas") -> dict[str, Any]:
    return {"type": "boolean"}


@_properties.register
def _(field: Number, converter: "JsonSchemas") -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer" if field.whole else "number"}
    limits = {"minimum": field.minimum, "maximum": field.maximum}
    return schema | {name: limit for name, limit in limits.items() if limit is not None}


@_properties.register
def _(field: ListOf, converter: "JsonSchemas") -> dict[str, Any]:
    return {
        "type": "array",
        "items": converter.field2property(field.item),
        "minItems": field.min_items,
        "maxItems": field.max_items,
    }


@_properties.register
def _(field: RecordOf, converter: "JsonSchemas") -> dict[str, Any]:
    values: Any = True if field.value is None else converter.field2property(field.value)
    return {"type": "object", "additionalProperties": values}


@_properties.register
def _(field: Nested, converter: "JsonSchemas") -> dict[str, Any]:
    return converter.nested(field.schema)


@_properties.register
def _(field: IdOr, converter: "JsonSchemas") -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, converter.nested(field.schema)]}
