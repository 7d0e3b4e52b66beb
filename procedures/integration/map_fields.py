"""integration.mapFields"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.contract import IntegrationOutput
from koko_integrations.mapping.koko_fields import ENTITY_TYPES
from koko_integrations.mapping.transforms import TRANSFORMS
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Output, Text
from koko_integrations.rpc.procedure import mutation

MOST_MAPPINGS = 50
DIRECTIONS = ("both", "toExternal")


class MappingInput(Input):
    kokoField = Text(min_chars=1, max_chars=64, required=True)
    externalField = Text(min_chars=1, max_chars=256, required=True)
    transform = Choice(TRANSFORMS, load_default="none")
    customTransform = Text()


class MapFieldsInput(Input):
    integrationId = Id(required=True)
    entityType = Choice(ENTITY_TYPES, required=True)
    mappings = ListOf(Nested(MappingInput()), max_items=MOST_MAPPINGS, required=True)


class MappingOutput(Output):
    """`direction` says which way values go, `reason` why only one. `missingIn` are mapped projects without the field,
    `warning` is what went wrong with the item that a script was tried on."""

    kokoField = Text(required=True)
    externalField = Text(required=True)
    transform = Choice(TRANSFORMS, required=True)
    customTransform = Text()
    direction = Choice(DIRECTIONS, required=True)
    reason = Text()
    externalFieldId = Text(required=True)
    missingIn = ListOf(Text())
    warning = Text()


class MapFieldsOutput(Output):
    integration = Nested(IntegrationOutput(), required=True)
    mappings = ListOf(Nested(MappingOutput()), required=True)


@mutation(MapFieldsInput, MapFieldsOutput, IntegrationAccess("admin"))
async def map_fields(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Says which of Koko's values goes into which field of the tasks at the provider, in place of what was said for
    that entityType before. Fields must be there on both sides; scripts are compiled and tried."""
    tried = await call.app.mapper.save(call.integration, params["entityType"], params["mappings"])
    return {"integration": call.integration.to_wire(), "mappings": [one.to_wire() for one in tried]}
