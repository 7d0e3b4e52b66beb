"""monday.com. Source: developer.monday.com/api-reference/docs/{authentication,error-handling}.

It parses, validates and executes what it is asked, by the schema beside it.
"""

from typing import Any

import jwt
import orjson
from graphql import build_schema, get_operation_ast, graphql_sync, parse
from graphql.language import FieldNode
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.monday.account import Account
from sandbox.kit.monday.schema import SCHEMA
from sandbox.kit.monday.webhooks import SIGNING_SECRET
from sandbox.kit.monday.work import LoggedWork
from sandbox.kit.oauth import AuthorizationServer, Token
from sandbox.kit.stand_in import Clock, StandIn

PERSONAL_TOKEN = "sandbox-monday-personal-api-token"
SIGNING_KEY = "sandbox-monday-signing-key-0123456789"


class MondayStandIn(StandIn):
    """`lost` are fields of mutations whose next answer does not arrive."""

    slug = "monday"
    origins = ("https://auth.monday.com", "https://api.monday.com")

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="monday.com",
            account="Sandbox Account",
            client_id="sandbox-monday",
            client_secret="sandbox-monday-client-secret",
            encoding="json",
            pkce=True,
            omits=("expires_in",),
            succeed=self._jwt_members,
        )
        self.account = Account(clock)
        self.lost: list[str] = []
        self._schema = build_schema(SCHEMA)
        super().__init__(clock)

    @property
    def work(self) -> LoggedWork:
        return self.account.work

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth2/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/oauth_ms/oauth/token", self.oauth.token, methods=["POST"]),
            Route("/oauth_ms/oauth/revoke", self._revoke, methods=["POST"]),
            Route("/v2", self._graphql, methods=["POST"]),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        said = {"signingSecret": SIGNING_SECRET, "example": {"apiToken": PERSONAL_TOKEN}}
        return {self.slug: {**self.oauth.announcement(), **said}}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()
        self.account.reset()
        self.lost.clear()

    def _jwt_members(self, token: Token) -> dict[str, Any]:
        # The token itself says when it ends.
        claims = {"exp": int(token.expires_at_s or 0), "jti": token.access}
        token.access = jwt.encode(claims, SIGNING_KEY, algorithm="HS256")
        return {"access_token": token.access}

    async def _revoke(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        if (body.get("client_id"), body.get("client_secret")) != (self.oauth.client_id, self.oauth.client_secret):
            return JSONResponse({"error": "invalid_client"}, 401)
        self.oauth.revoke(body.get("token"))
        return JSONResponse({"success": True})

    async def _graphql(self, request: Request) -> Response:
        token = request.headers.get("authorization")
        live = self.oauth.find_live(token)
        if "api-version" not in request.headers:
            return JSONResponse({"errors": [{"message": "API-Version is missing"}]}, 400)
        if token != PERSONAL_TOKEN and live is None:
            return JSONResponse({"errors": [{"message": "Not Authenticated"}]}, 401)
        body = orjson.loads(await request.body())
        done = graphql_sync(
            self._schema,
            body["query"],
            root_value=self.account.root(),
            context_value=None if live is None else live.scopes,
            variable_values=body.get("variables"),
        )
        if any(field in self.lost for field in _fields(body["query"])):
            self.lost.clear()
            return Response("<html>Bad gateway</html>", 502)
        answer: dict[str, Any] = {"data": done.data, "account_id": 77}
        if done.errors:
            answer["errors"] = [problem.formatted for problem in done.errors]
        return JSONResponse(answer, 400 if done.data is None and _is_invalid(answer) else 200)


def _fields(query: str) -> list[str]:
    operation = get_operation_ast(parse(query))
    assert operation is not None, "there is one operation in it"
    return [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]


def _is_invalid(answer: dict[str, Any]) -> bool:
    """Whether it was refused before anything was done: what a resolver refuses has a code."""
    return not any("extensions" in problem for problem in answer["errors"])
