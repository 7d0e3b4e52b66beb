"""integration.share"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Flag, Id, Input, Output, Text
from koko_integrations.rpc.procedure import mutation
from koko_integrations.rpc.wire import present

MESSAGE_MAX_CHARS = 2000


class ShareInput(Input):
    integrationId = Id(required=True)
    videoId = Id(required=True)
    channelId = Id()
    message = Text(max_chars=MESSAGE_MAX_CHARS)


class ShareOutput(Output):
    success = Flag(required=True)
    messageId = Text()
    channelId = Text()


@mutation(ShareInput, ShareOutput, IntegrationAccess("member"))
async def share(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Posts a video's card to a channel of Slack, Teams or Discord. `channelId` says which; not where the connection
    is a channel's own address."""
    shared = await call.app.sharer.share(
        call.integration,
        call.actor,
        video_id=params["videoId"],
        channel_id=params.get("channelId"),
        message=params.get("message"),
    )
    return present(success=True, messageId=shared.message_id, channelId=shared.channel_id)
