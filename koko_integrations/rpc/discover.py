"""`rpc.discover`: the OpenRPC document, made from the schemas that check the input. https://spec.open-rpc.org"""

from collections.abc import Mapping
from functools import singledispatch
from importlib.metadata import version
from typing import Any

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from koko_integrations.errors import (
    AppError,
    BadRequest,
    Conflict,
    Forbidden,
    InternalError,
    NotFound,
    PreconditionFailed,
    TimedOut,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
)
from koko_integrations.rpc.fields import Choice, Flag, IdOr, ListOf, Nested, Number, RecordOf, Text, Timestamp, Url
from koko_integrations.rpc.procedure import Procedure

OPENRPC_VERSION = "1.3.2"
METHOD_NAME = "rpc.discover"
_ERRORS: tuple[type[AppError], ...] = (
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    PreconditionFailed,
    TimedOut,
    UnprocessableContent,
    TooManyRequests,
    InternalError,
)


def describe(procedures: Mapping[str, Procedure[Any]]) -> dict[str, Any]:
    """The document for these procedures."""
    schemas = _converter()
    return {
        "openrpc": OPENRPC_VERSION,
        "info": {"title": "Koko Integrations", "version": version("koko-integrations")},
        "methods": [_method(schemas, procedure) for _, procedure in sorted(procedures.items())],
        "components": {"errors": {error.code: _error(error) for error in _ERRORS}},
    }


def _method(schemas: Any, procedure: Procedure[Any]) -> dict[str, Any]:
    input_schema = schemas.schema2jsonschema(procedure.input)
    required = set(input_schema.get("required", ()))
    return {
        "name": procedure.name,
        "summary": procedure.summary,
        "paramStructure": "by-name",
        "params": [
            {"name": name, "required": name in required, "schema": schema}
            for name, schema in input_schema.get("properties", {}).items()
        ],
        "result": {"name": "result", "schema": schemas.schema2jsonschema(procedure.output)},
        "errors": [{"$ref": f"#/components/errors/{error.code}"} for error in _ERRORS],
        "tags": [{"name": procedure.kind}],
        "x-access": procedure.access.described,
        "x-rate-class": procedure.rate_class,
    }


def _error(error: type[AppError]) -> dict[str, Any]:
    return {"code": error.number, "message": error.code, "data": {"code": error.code, "httpStatus": error.http_status}}


def _converter() -> Any:
    plugin = MarshmallowPlugin()
    APISpec(title="Koko Integrations", version="1", openapi_version="3.1.0", plugins=[plugin])
    converter: Any = plugin.converter
    converter.add_attribute_function(lambda _, field, ret: _properties(field, converter))
    return converter


@singledispatch
def _properties(field: ma.fields.Field[Any], converter: Any) -> dict[str, Any]:
    """What apispec cannot know of our own fields."""
    return {}


@_properties.register
def _(field: Text, converter: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": field.max_chars}
    return schema | ({"minLength": field.min_chars} if field.min_chars else {})


@_properties.register
def _(field: Url, converter: Any) -> dict[str, Any]:
    return {"type": "string", "format": "uri", "maxLength": field.max_chars}


@_properties.register
def _(field: Timestamp, converter: Any) -> dict[str, Any]:
    return {"type": "string", "format": "date-time"}


@_properties.register
def _(field: Choice, converter: Any) -> dict[str, Any]:
    return {"type": "string", "enum": list(field.choices)}


@_properties.register
def _(field: Flag, converter: Any) -> dict[str, Any]:
    return {"type": "boolean"}


@_properties.register
def _(field: Number, converter: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer" if field.whole else "number"}
    limits = {"minimum": field.minimum, "maximum": field.maximum}
    return schema | {name: limit for name, limit in limits.items() if limit is not None}


@_properties.register
def _(field: ListOf, converter: Any) -> dict[str, Any]:
    return {
        "type": "array",
        "items": converter.field2property(field.item),
        "minItems": field.min_items,
        "maxItems": field.max_items,
    }


@_properties.register
def _(field: RecordOf, converter: Any) -> dict[str, Any]:
    values: Any = True if field.value is None else converter.field2property(field.value)
    return {"type": "object", "additionalProperties": values}


@_properties.register
def _(field: Nested, converter: Any) -> dict[str, Any]:
    schema: dict[str, Any] = converter.schema2jsonschema(field.schema)
    return schema


@_properties.register
def _(field: IdOr, converter: Any) -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, converter.schema2jsonschema(field.schema)]}
