"""integration.connect"""

from typing import Any

from koko_integrations.access import TeamAccess
from koko_integrations.app import Call
from koko_integrations.connections.request import ConnectRequest
from koko_integrations.contract import CONNECTABLE, IntegrationOutput
from koko_integrations.rpc.fields import Choice, Id, Input, Nested, Output, RecordOf, Text, Url
from koko_integrations.rpc.procedure import mutation
from koko_integrations.rpc.wire import present

MAX_CREDENTIAL_CHARS = 4096


class ConnectInput(Input):
    teamId = Id(required=True)
    provider = Choice(CONNECTABLE, required=True)
    authCode = Text(min_chars=1, max_chars=MAX_CREDENTIAL_CHARS)
    redirectUri = Url()
    state = Text(min_chars=1, max_chars=256)
    apiKey = Text(min_chars=1, max_chars=MAX_CREDENTIAL_CHARS)
    apiSecret = Text(min_chars=1, max_chars=MAX_CREDENTIAL_CHARS)
    config = RecordOf(load_default=dict)


class ConnectOutput(Output):
    integration = Nested(IntegrationOutput(), required=True)
    authUrl = Url()
    apiKey = Text()


@mutation(ConnectInput, ConnectOutput, TeamAccess("admin"))
async def connect(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Connects an integration: by OAuth in two calls around the user's consent, or by keys in one."""
    connected = await call.app.connector.connect(
        call.actor,
        ConnectRequest(
            team_id=call.team_id,
            provider=params["provider"],
            auth_code=params.get("authCode"),
            redirect_uri=params.get("redirectUri"),
            state=params.get("state"),
            api_key=params.get("apiKey"),
            api_secret=params.get("apiSecret"),
            config=params["config"],
        ),
    )
    return present(integration=connected.integration.to_wire(), authUrl=connected.auth_url, apiKey=connected.api_key)
