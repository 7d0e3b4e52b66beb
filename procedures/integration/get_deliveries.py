"""integration.getDeliveries"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.contract import DELIVERY_STATUSES, DeliveryOutput
from koko_integrations.paging import LIMIT_DEFAULT, LIMIT_MAX, Cursor
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Number, Output, Text
from koko_integrations.rpc.procedure import query
from koko_integrations.rpc.wire import present


class GetDeliveriesInput(Input):
    integrationId = Id(required=True)
    status = Choice(DELIVERY_STATUSES)
    event = Text(max_chars=100)
    limit = Number(minimum=1, maximum=LIMIT_MAX, whole=True, load_default=LIMIT_DEFAULT)
    cursor = Text(max_chars=512)


class GetDeliveriesOutput(Output):
    deliveries = ListOf(Nested(DeliveryOutput()), required=True)
    nextCursor = Text()


@query(GetDeliveriesInput, GetDeliveriesOutput, IntegrationAccess("admin"))
async def get_deliveries(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Lists what was sent of events, the newest first, with every attempt; latencies are in milliseconds."""
    deliveries, following = await call.app.deliveries.page(
        call.integration.id,
        status=params.get("status"),
        event=params.get("event"),
        limit=int(params["limit"]),
        cursor=Cursor.load(params.get("cursor")),
    )
    return present(deliveries=deliveries, nextCursor=None if following is None else following.dump())
