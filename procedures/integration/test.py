"""integration.test"""

from typing import Any

from koko_integrations.access import IntegrationAccess
from koko_integrations.app import Call
from koko_integrations.rpc.fields import Flag, Id, Input, ListOf, Number, Output, Text
from koko_integrations.rpc.procedure import mutation
from koko_integrations.rpc.wire import present


class TestInput(Input):
    integrationId = Id(required=True)


class TestOutput(Output):
    success = Flag(required=True)
    latency = Number(whole=True, required=True)
    permissions = ListOf(Text(), required=True)
    errors = ListOf(Text())


@mutation(TestInput, TestOutput, IntegrationAccess("admin"))
async def test(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Tests a connection with a real call, a webhook with a ping; latency is in milliseconds."""
    pinger = call.app.pinger
    if pinger.handles(call.integration):
        result = await pinger.ping(call.integration)
    else:
        result = await call.app.checker.check(call.integration)
    return present(
        success=result.success,
        latency=result.latency_ms,
        permissions=result.permissions,
        errors=result.errors or None,
    )
