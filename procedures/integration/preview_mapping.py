"""integration.previewMapping"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.mapping.koko_fields import ENTITY_TYPES
from koko_integrations.mapping.transforms import TRANSFORMS
from koko_integrations.rpc.fields import Anything, Choice, Id, Input, ListOf, Nested, Number, Output, RecordOf, Text
from koko_integrations.rpc.procedure import query
from procedures.integration.map_fields import DIRECTIONS, MOST_MAPPINGS, MappingInput


class PreviewMappingInput(Input):
    integrationId = Id(required=True)
    entityType = Choice(ENTITY_TYPES, load_default="comment")
    mappings = ListOf(Nested(MappingInput()), max_items=MOST_MAPPINGS)
    sample = RecordOf()


class PreviewOutput(Output):
    """`value` is what Koko has, `result` what the transform makes of it; `error` why it would not reach the provider,
    with `line` and `column` where the script is no JavaScript."""

    kokoField = Text(required=True)
    externalField = Text(required=True)
    transform = Choice(TRANSFORMS, required=True)
    customTransform = Text()
    direction = Choice(DIRECTIONS)
    reason = Text()
    value = Anything()
    result = Anything()
    error = Text()
    line = Number(whole=True)
    column = Number(whole=True)


class PreviewMappingOutput(Output):
    item = RecordOf(required=True)
    mappings = ListOf(Nested(PreviewOutput()), required=True)


@query(PreviewMappingInput, PreviewMappingOutput, IntegrationAccess("admin"))
async def preview_mapping(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Shows what mappings make of an item: the `sample`, or else of the newest comment of a mapped project, its video
    or its project. Without mappings, of those that are stored. Nothing is stored, and nothing is sent."""
    item, shown = await call.app.mapper.preview(
        call.integration, params["entityType"], params.get("mappings"), params.get("sample")
    )
    return {"item": item, "mappings": shown}
