"""Requests and answers against the providers' own API descriptions, where they are at hand beside the checkout."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema, parse, validate
from openapi_schema_validator import OAS30Validator, OAS31Validator

from koko_integrations.registry import find_provider_classes
from providers.kit.base import ListsResources
from providers.kit.monday import webhooks
from providers.kit.monday.queries import ALL_TEXTS
from sandbox.kit.monday.schema import SCHEMA
from sandbox.kit.stand_in import Seen, StandIn
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.connections.consent import connect
from tests.service import Service

FOLDER = Path(__file__).parents[3] / "shared" / "provider-specs"
# Provider, description, stand-in, and what of our path is not part of the description's paths.
CASES = [
    ("slack", "slack", "slack", "/api"),
    ("teams", "microsoft_graph", "microsoft", "/v1.0"),
    ("onedrive", "microsoft_graph", "microsoft", "/v1.0"),
    ("discord", "discord", "discord", "/api/v10"),
    ("asana", "asana", "asana", "/api/1.0"),
    ("jira", "jira", "atlassian", r"/ex/jira/[^/]+"),
    ("notion", "notion", "notion", ""),
    ("trello", "trello", "atlassian", "/1"),
    ("dropbox", "dropbox", "dropbox", ""),
    ("google_drive", "google_drive", "google", ""),
    ("figma", "figma", "figma", ""),
]

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the providers' API descriptions are not beside this checkout"
)

KINDS = {
    found.manifest.slug: found.resource_kinds for found in find_provider_classes() if issubclass(found, ListsResources)
}


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("sqlite_url")
    return url


def test_mondays_queries() -> None:
    schema = build_schema((FOLDER / "monday.graphql").read_text())
    for text in (*ALL_TEXTS, webhooks.SUBSCRIBE, webhooks.UNSUBSCRIBE):
        assert validate(schema, parse(text)) == [], text


def test_mondays_stand_in_knows_nothing_that_monday_does_not() -> None:
    """Its answers are valid by its own schema, which is a part of monday's."""
    theirs = build_schema((FOLDER / "monday.graphql").read_text()).type_map
    for name, ours in build_schema(SCHEMA).type_map.items():
        if isinstance(ours, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            published = theirs[name]
            assert isinstance(published, GraphQLObjectType | GraphQLInterfaceType)
            for field, said in ours.fields.items():
                assert str(said.type) == str(published.fields[field].type), f"{name}.{field}"
                for argument, wanted in said.args.items():
                    real = published.fields[field].args[argument]
                    assert (str(wanted.type), wanted.default_value) == (str(real.type), real.default_value), argument
        elif isinstance(ours, GraphQLInputObjectType):
            published = theirs[name]
            assert isinstance(published, GraphQLInputObjectType)
            for field, member in ours.fields.items():
                assert str(member.type) == str(published.fields[field].type), f"{name}.{field}"


def parameters_of(item: dict[str, Any], method: str) -> list[Any]:
    """A path's own parameters are those of all its methods."""
    return [*item.get("parameters", ()), *item[method].get("parameters", ())]


def find_operation(spec: dict[str, Any], path: str, method: str) -> dict[str, Any] | None:
    """The description's operation for a concrete path: the one with the fewest placeholders."""
    matches = [
        (template.count("{"), item[method.lower()] | {"parameters": parameters_of(item, method.lower())})
        for template, item in spec["paths"].items()
        if method.lower() in item and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
    ]
    return min(matches, key=lambda match: match[0])[1] if matches else None


def resolve(spec: dict[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = spec
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def check(
    spec: dict[str, Any], operation: dict[str, Any], seen: Seen, documented: frozenset[str] = frozenset()
) -> None:
    """`documented` are query parameters that the provider documents and the description leaves out."""
    parameters = [resolve(spec, parameter) for parameter in operation.get("parameters", ())]
    declared = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    # A next page's link is the provider's own, followed as it is.
    unknown = {name for name in seen.query if name != "$skiptoken"} - declared - documented
    assert not unknown, f"{seen.path}: {unknown} is not a parameter there"
    response = resolve(spec, operation["responses"][str(seen.status)])
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    if schema is None or not seen.answer:
        return
    validator = OAS31Validator if spec["openapi"].startswith("3.1") else OAS30Validator
    # References are to the description's components.
    whole = {**schema, "components": spec.get("components", {})}
    problems = list(validator(whole).iter_errors(orjson.loads(seen.answer)))
    assert not problems, f"{seen.path}: {[problem.message[:200] for problem in problems[:3]]}"


@pytest.mark.parametrize(("slug", "name", "stand_in", "prefix"), CASES, ids=[case[0] for case in CASES])
def test_requests_and_answers(
    service: Service, people: People, sandbox: Sandbox, slug: str, name: str, stand_in: str, prefix: str
) -> None:
    spec = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    target = {"integrationId": connect(service, people.admin, slug)["id"]}
    service.call("integration.test", target, token=people.admin)
    found: list[dict[str, Any]] = []
    for kind in KINDS.get(slug, ()):
        # Projects (boards, databases) come before their statuses.
        of_project = {"projectId": found[0]["id"]} if kind in ("statuses", "fields") else {}
        asked = target | {"kind": kind} | of_project
        listed = service.call("integration.listResources", asked, token=people.admin)["resources"]
        found = found if of_project else listed
    service.call("integration.disconnect", target, token=people.admin)
    assert check_all(spec, getattr(sandbox, stand_in), prefix) >= 2


def check_all(spec: dict[str, Any], witness: StandIn, prefix: str, documented: frozenset[str] = frozenset()) -> int:
    """Holds everything that a stand-in saw and answered against a description. Returns how many requests it knows."""
    checked = 0
    for seen in witness.seen:
        path = re.sub(f"^{prefix}", "", seen.path)
        operation = find_operation(spec, path, seen.method) if re.match(prefix, seen.path) else None
        if operation is not None and not path.endswith(("oauth.v2.access", "oauth/token")):
            check(spec, operation, seen, documented)
            checked += 1
    return checked
