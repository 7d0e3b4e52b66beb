"""`rpc.discover`: the OpenRPC document, made from the schemas that check the input. https://spec.open-rpc.org"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

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
from koko_integrations.rpc.example import Example
from koko_integrations.rpc.json_schema import JsonSchemas
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


def describe(procedures: Mapping[str, Procedure[Any]], examples: Mapping[str, Sequence[Example]]) -> dict[str, Any]:
    """The document for these procedures. Examples of procedures that there are not are left out."""
    schemas = JsonSchemas()
    methods = [_method(schemas, found, examples.get(name, ())) for name, found in sorted(procedures.items())]
    return {
        "openrpc": OPENRPC_VERSION,
        "info": {"title": "Koko Integrations", "version": version("koko-integrations")},
        "methods": methods,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "errors": {error.code: _error(error) for error in _ERRORS},
        },
    }


def _method(schemas: JsonSchemas, procedure: Procedure[Any], examples: Sequence[Example]) -> dict[str, Any]:
    home = procedure.handler.__module__
    input_schema = schemas.convert(procedure.input, home)
    required = set(input_schema.get("required", ()))
    return {
        "name": procedure.name,
        "summary": procedure.summary,
        "paramStructure": "by-name",
        "params": [
            {"name": name, "required": name in required, "schema": schema}
            for name, schema in input_schema.get("properties", {}).items()
        ],
        "result": {"name": "result", "schema": schemas.convert(procedure.output, home)},
        "errors": [{"$ref": f"#/components/errors/{error.code}"} for error in _ERRORS],
        "examples": [_example(example) for example in examples],
        "tags": [{"name": procedure.kind}],
        "x-access": procedure.access.described,
        "x-rate-class": procedure.rate_class,
    }


def _example(example: Example) -> dict[str, Any]:
    return {
        "name": example.name,
        "params": [{"name": name, "value": value} for name, value in example.params.items()],
        "result": {"name": "result", "value": example.result},
    }


def _error(error: type[AppError]) -> dict[str, Any]:
    return {"code": error.number, "message": error.code, "data": {"code": error.code, "httpStatus": error.http_status}}
