"""The composition root: settings in, ASGI app out.

Nothing else builds the service's parts, and nothing else imports the procedures.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from marshmallow import INCLUDE
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import procedures
from koko_integrations.access import Public
from koko_integrations.access.authenticator import has_api_key
from koko_integrations.app import App, Call
from koko_integrations.assembly import build_app
from koko_integrations.clock import Clock, SystemClock
from koko_integrations.connections.icons import ICONS_PATH
from koko_integrations.database import Statement, open_database
from koko_integrations.database.schema import require_current
from koko_integrations.housekeeping import background
from koko_integrations.inbound.addresses import PATH as WEBHOOKS_PATH
from koko_integrations.inbound.endpoint import METHODS
from koko_integrations.jobs.engine import Engine
from koko_integrations.models import IntegrationsSchema
from koko_integrations.outside import Outside
from koko_integrations.plain_http import health, icon, metrics
from koko_integrations.rpc.discover import METHOD_NAME, describe
from koko_integrations.rpc.dispatch import Dispatcher
from koko_integrations.rpc.endpoint import RpcEndpoint
from koko_integrations.rpc.fields import Input, Output
from koko_integrations.rpc.origins import Origins, Preflight
from koko_integrations.rpc.procedure import Procedure, collect
from koko_integrations.settings import Settings
from procedures.examples import EXAMPLES

RPC_PATH = "/rpc"
_PING = Statement(IntegrationsSchema.select(IntegrationsSchema.version))


def openrpc_document() -> dict[str, Any]:
    """What rpc.discover answers."""
    return describe(collect(procedures), EXAMPLES)


def find_procedures() -> dict[str, Procedure[Call]]:
    """Every procedure, by its name on the wire."""
    found: dict[str, Procedure[Call]] = collect(procedures)
    document = openrpc_document()

    async def discover(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Describes every procedure in OpenRPC."""
        return document

    found[METHOD_NAME] = Procedure(
        name=METHOD_NAME,
        kind="query",
        access=Public(),
        input=Input(),
        output=Output(unknown=INCLUDE),
        handler=discover,
        summary=str(discover.__doc__),
    )
    return found


def create_asgi(settings: Settings, clock: Clock | None = None, engine: Engine | None = None) -> "Service":
    """The ASGI app. Its lifespan opens the database and refuses to start on one of another schema version."""
    clock = clock or SystemClock()
    database = open_database(settings.database_url)
    outside = Outside()
    app = build_app(settings, database, clock, outside, engine)
    origins = Origins(settings.allowed_origins, has_api_key)
    endpoint = RpcEndpoint(Dispatcher(find_procedures(), app.enter), origins)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await require_current(database)
        try:
            async with background(app):
                yield
        finally:
            await app.scripts.close()
            outside.close()
            database.close()

    async def ready(_: Request) -> Response:
        try:
            await database.read(_PING)
        except Exception:  # noqa: BLE001 - whatever it is, the answer is the same
            return JSONResponse({"ready": False}, status_code=503)
        return JSONResponse({"ready": True})

    rest = Starlette(
        routes=[
            Route(RPC_PATH, endpoint, middleware=[Middleware(Preflight, origins)]),
            Route(f"{WEBHOOKS_PATH}/{{provider}}/{{id}}", app.inbound.handle, methods=METHODS),
            Route("/healthz", health),
            Route("/readyz", ready),
            Route("/metrics", metrics),
            Route(f"{ICONS_PATH}/{{slug}}.svg", icon),
        ],
        lifespan=lifespan,
    )
    return Service(app, endpoint, rest)


class Service:
    """The ASGI app: calls go straight to the endpoint, everything else through Starlette."""

    def __init__(self, app: App, endpoint: RpcEndpoint, rest: Starlette) -> None:
        self.app = app
        self._endpoint = endpoint
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == RPC_PATH and scope["method"] == "POST":
            await self._endpoint(scope, receive, send)
        else:
            await self._rest(scope, receive, send)
