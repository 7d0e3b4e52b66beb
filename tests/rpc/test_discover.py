"""The OpenRPC document: the schemas behind it, and the API document's examples in it."""

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from koko_integrations.asgi import openrpc_document
from koko_integrations.rpc.fields import Id, Input, ListOf, Nested, Output, Text
from koko_integrations.rpc.json_schema import JsonSchemas
from procedures.examples import EXAMPLES
from tests.conftest import People
from tests.service import PROCEDURES, Service

DOCUMENT = openrpc_document()
METHODS = {method["name"]: method for method in DOCUMENT["methods"]}
# The API document's quick reference.
OF_THE_API_DOCUMENT = {
    "integration.list",
    "integration.connect",
    "integration.disconnect",
    "integration.getStatus",
    "integration.sync",
    "integration.configure",
    "integration.getLogs",
    "integration.test",
    "integration.importAssets",
    "integration.createCustom",
    "integration.mapFields",
    "integration.setTriggers",
    "integration.getMetrics",
}
SHOWN = [(name, example) for name in sorted(EXAMPLES) if name in PROCEDURES for example in EXAMPLES[name]]


def test_every_procedure_of_the_api_document_has_an_example() -> None:
    assert set(EXAMPLES) >= OF_THE_API_DOCUMENT
    assert set(PROCEDURES) >= OF_THE_API_DOCUMENT
    assert all(EXAMPLES.values())


@pytest.mark.parametrize(("name", "example"), SHOWN, ids=[f"{name}: {example.name}" for name, example in SHOWN])
def test_examples_are_what_the_schemas_say(name: str, example: Any) -> None:
    procedure, method = PROCEDURES[name], METHODS[name]
    procedure.load(dict(example.params))
    assert example.params.keys() <= procedure.input.fields.keys(), "nothing in it is dropped"
    procedure.output.load(dict(example.result))
    shown = next(one for one in method["examples"] if one["name"] == example.name)
    assert {param["name"]: param["value"] for param in shown["params"]} == example.params
    by_name = {param["name"]: param["schema"] for param in method["params"]}
    for sent, value in example.params.items():
        checks(by_name[sent], value)
    checks(method["result"]["schema"], shown["result"]["value"])


def checks(schema: dict[str, Any], value: Any) -> None:
    """The value is what the schema says, whose references lead into the document."""
    OAS31Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_methods(name: str) -> None:
    method, procedure = METHODS[name], PROCEDURES[name]
    assert method["tags"] == [{"name": procedure.kind}]
    assert method["x-access"] == procedure.access.described
    assert {param["name"] for param in method["params"]} == procedure.input.fields.keys()
    for param in method["params"]:
        OAS31Validator.check_schema(param["schema"])
        assert param["required"] == procedure.input.fields[param["name"]].required
    codes = {DOCUMENT["components"]["errors"][error["$ref"].rsplit("/", 1)[1]]["code"] for error in method["errors"]}
    assert {-32600, -32001, -32003, -32004, -32009} <= codes


def test_what_is_served_is_what_is_printed(service: Service, people: People) -> None:
    assert service.call("rpc.discover") == DOCUMENT


class Shared(Output):
    id = Id(required=True)


def test_a_shared_schema_is_a_component() -> None:
    class Answer(Output):
        one = Nested(Shared(), required=True)
        more = ListOf(Nested(Shared()))

    schemas = JsonSchemas()
    converted = schemas.convert(Answer(), home="somewhere.else")
    assert converted["properties"]["one"] == {"$ref": "#/components/schemas/Shared"}
    assert converted["properties"]["more"]["items"] == {"$ref": "#/components/schemas/Shared"}
    assert schemas.components["Shared"]["properties"]["id"]["type"] == "string"
    at_home = schemas.convert(Answer(), home=__name__)
    assert at_home["properties"]["one"]["properties"] == schemas.components["Shared"]["properties"]


def test_two_shared_schemas_of_one_name_are_told_apart() -> None:
    other = type("Shared", (Input,), {"text": Text()})
    schemas = JsonSchemas()
    for schema in (Shared(), other()):
        container = type("Container", (Output,), {"one": Nested(schema)})
        schemas.convert(container(), home="somewhere.else")
    properties = [set(found["properties"]) for found in schemas.components.values()]
    assert properties == [{"id"}, {"text"}]
