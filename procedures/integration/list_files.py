"""integration.listFiles"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Number, Output, Text, Timestamp
from koko_integrations.rpc.procedure import query
from koko_integrations.rpc.wire import iso, present

PATH_MAX_CHARS = 2048


class ListFilesInput(Input):
    integrationId = Id(required=True)
    folderId = Text(min_chars=1, max_chars=PATH_MAX_CHARS)
    query = Text(min_chars=1, max_chars=256)
    cursor = Text(min_chars=1)


class EntryOutput(Output):
    """`externalPath` is what integration.importAssets takes of a file, and listFiles as folderId of a folder."""

    externalPath = Text(required=True)
    name = Text(required=True)
    kind = Choice(("file", "folder"), required=True)
    size = Number(whole=True)
    mimeType = Text()
    modifiedAt = Timestamp()
    url = Text()


class ListFilesOutput(Output):
    entries = ListOf(Nested(EntryOutput()), required=True)
    nextCursor = Text()


@query(ListFilesInput, ListFilesOutput, IntegrationAccess("member", editor_of="any"))
async def list_files(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Shows a folder at the provider, a page at a time: the top one, or the one that `folderId` names. With `query`,
    what has it in its name. Figma shows the file whose address is the folderId."""
    listing = await call.app.browser.list(
        call.integration, params.get("folderId"), params.get("query"), params.get("cursor")
    )
    return present(
        entries=[
            present(
                externalPath=entry.path,
                name=entry.name,
                kind=entry.kind,
                size=entry.size,
                mimeType=entry.mime_type,
                modifiedAt=None if entry.modified_at is None else iso(entry.modified_at),
                url=entry.url,
            )
            for entry in listing.entries
        ],
        nextCursor=listing.cursor,
    )
