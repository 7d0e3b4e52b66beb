"""Mappings as they are given, checked against what there is on both sides."""

from collections.abc import Mapping as Members
from collections.abc import Sequence
from typing import Any

from koko_integrations.connections.live import LiveConnections
from koko_integrations.connections.mappings import require_connected
from koko_integrations.errors import BadRequest, PreconditionFailed, from_provider
from koko_integrations.integration import Integration
from koko_integrations.mapping.koko_fields import CALLED as KOKO_CALLED
from koko_integrations.mapping.koko_fields import TAKEN_BY, EntityType
from koko_integrations.mapping.names import find_external_field, find_koko_field
from koko_integrations.mapping.rows import Mapping
from koko_integrations.registry import Registry
from providers.kit.connection import Connection
from providers.kit.errors import ProviderError
from providers.kit.field_values import CALLED, ExternalField
from providers.kit.fields import MapsFields

Fields = dict[str, list[ExternalField]]
"""By the project (board, data source) at the provider."""
Problems = dict[str, list[str]]


class MappingChecker:
    """Asks the provider which fields there are, each time."""

    def __init__(self, registry: Registry, live: LiveConnections) -> None:
        self._registry = registry
        self._live = live

    async def fields(self, integration: Integration) -> Fields:
        """The fields of every mapped project. Raises BadRequest where the provider has none, PreconditionFailed where
        nothing is connected or mapped."""
        provider = self._registry.find(integration.provider)
        if not isinstance(provider, MapsFields):
            raise BadRequest.field("integrationId", f"{integration.provider_name} has no fields to map to")
        require_connected(integration, "mappings")
        containers = list(dict.fromkeys((integration.config.get("projectMapping") or {}).values()))
        if not containers:
            raise PreconditionFailed(
                f"Nothing is mapped to {integration.provider_name}: set projectMapping by integration.configure first"
            )

        def list_fields(connection: Connection) -> Fields:
            return {one: provider.list_fields(connection, one) for one in containers}

        try:
            return await self._live.use(integration, list_fields)
        except ProviderError as error:
            raise from_provider(error) from error


def read_mapping(entity_type: EntityType, given: Members[str, Any], problems: Problems, path: str) -> Mapping | None:
    """A mapping as it was given, with the problems that can be seen without asking anybody."""
    koko_field = str(given["kokoField"])
    try:
        koko_field = find_koko_field(entity_type, koko_field)
    except LookupError as problem:
        problems[f"{path}.kokoField"] = [f"{problem.args[0]}"]
        return None
    transform, script = given["transform"], given.get("customTransform")
    if transform == "custom" and not (script or "").strip():
        problems[f"{path}.customTransform"] = ["Required: a JavaScript function (value, item)"]
        return None
    if transform != "custom" and script is not None:
        problems[f"{path}.customTransform"] = [f"Only with the transform custom, not with {transform}"]
        return None
    mapping = Mapping(entity_type, koko_field, given["externalField"], transform, script)
    if (said := _wrong_type(mapping)) is not None:
        problems[f"{path}.transform"] = [said]
        return None
    return mapping


def _wrong_type(mapping: Mapping) -> str | None:
    """Why the Koko field is nothing for the transform."""
    kind = mapping.koko.kind
    if mapping.transform in ("uppercase", "lowercase") and kind not in ("text", "list", "url"):
        return f"{mapping.transform} takes a text; {mapping.koko_field} is {KOKO_CALLED[kind]}"
    if mapping.transform == "date" and kind not in ("time", "text"):
        return f"date takes a time; {mapping.koko_field} is {KOKO_CALLED[kind]}"
    return None


def locate(mapping: Mapping, fields: Fields) -> tuple[list[ExternalField], list[str]]:
    """The field in each project that has it, and the projects that have not. Raises LookupError when none has one that
    takes the values, saying why not."""
    found: list[ExternalField] = []
    missing: list[str] = []
    said: str | None = None
    for container, known in fields.items():
        try:
            field = find_external_field(mapping.external_field, known)
        except LookupError as problem:
            missing.append(container)
            said = said or str(problem.args[0])
            continue
        if (why := _does_not_take(field, mapping)) is not None:
            raise LookupError(why)
        found.append(field)
    if not found:
        raise LookupError(said or "there is no such field")
    return found, missing


def _does_not_take(field: ExternalField, mapping: Mapping) -> str | None:
    if not field.writable:
        return f"{field.name} cannot be written to: {field.why}"
    if mapping.transform == "custom":
        return None
    kind = "time" if mapping.transform == "date" else mapping.koko.kind
    if field.kind in TAKEN_BY[kind]:
        return None
    return (
        f"{field.name} is {CALLED[field.kind]}, and {mapping.koko_field} is {KOKO_CALLED[kind]}: use a custom transform"
    )


def find_rivals(located: Sequence[tuple[Mapping, list[ExternalField]]], position: int) -> str | None:
    """Whether an earlier mapping writes into a field of this one."""
    mapping, fields = located[position]
    ids = {field.id for field in fields}
    for earlier, others in located[:position]:
        if ids & {field.id for field in others}:
            return f"the {earlier.entity_type}'s {earlier.koko_field} is mapped to {mapping.external_field} already"
    return None
