"""integration.getStatus"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.contract import IntegrationOutput
from koko_integrations.rpc.fields import Choice, Id, Input, ListOf, Nested, Number, Output, Text, Timestamp
from koko_integrations.rpc.procedure import query


class GetStatusInput(Input):
    integrationId = Id(required=True)


class Health(Output):
    status = Choice(("healthy", "degraded", "down"), required=True)
    lastCheck = Timestamp(required=True)
    issues = ListOf(Text())


class Usage(Output):
    syncsToday = Number(whole=True, required=True)
    apiCallsToday = Number(whole=True, required=True)
    lastSync = Timestamp()


class GetStatusOutput(Output):
    integration = Nested(IntegrationOutput(), required=True)
    health = Nested(Health(), required=True)
    usage = Nested(Usage(), required=True)
    nextAllowedAt = Timestamp()
    nextSyncAt = Timestamp()


@query(GetStatusInput, GetStatusOutput, IntegrationAccess("member", api_key=True))
async def get_status(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Tells an integration's health, with what to do about it, and what it used since midnight UTC."""
    return await call.app.status.read(call.integration)
