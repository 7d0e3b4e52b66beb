"""JSON-RPC 2.0 as https://www.jsonrpc.org/specification has it, section 7's examples first."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from koko_integrations.access import Public
from koko_integrations.access.authenticator import has_api_key
from koko_integrations.asgi import find_procedures
from koko_integrations.rpc.dispatch import Dispatcher
from koko_integrations.rpc.endpoint import RpcEndpoint
from koko_integrations.rpc.fields import Input, Number, Output
from koko_integrations.rpc.origins import Origins
from koko_integrations.rpc.procedure import Procedure


class _Subtract(Input):
    minuend = Number(required=True)
    subtrahend = Number(required=True)


def _procedure(name: str, handler: Any, schema: type[Input] = Input) -> Procedure[Any]:
    return Procedure(name, "query", Public(), schema(), Output(), handler, "")


@pytest.fixture(scope="module")
def client() -> TestClient:
    """The specification's own methods behind our endpoint."""

    async def subtract(call: Any, params: dict[str, Any]) -> Any:
        return params["minuend"] - params["subtrahend"]

    async def nothing(call: Any, params: dict[str, Any]) -> Any:
        return {}

    async def data(call: Any, params: dict[str, Any]) -> Any:
        return ["hello", 5]

    async def boom(call: Any, params: dict[str, Any]) -> Any:
        raise RuntimeError("canary-in-exception")

    async def enter(request: Any, procedure: Procedure[Any], params: Any) -> Any:
        return None, procedure.load(params)

    procedures = {
        "subtract": _procedure("subtract", subtract, _Subtract),
        "update": _procedure("update", nothing),
        "notify_hello": _procedure("notify_hello", nothing),
        "get_data": _procedure("get_data", data),
        "boom": _procedure("boom", boom),
    }
    return TestClient(
        Starlette(routes=[Route("/rpc", RpcEndpoint(Dispatcher(procedures, enter), Origins([], has_api_key)))])
    )


def send(client: TestClient, body: str | bytes) -> Any:
    content = body.encode() if isinstance(body, str) else body
    return client.post("/rpc", content=content, headers={"content-type": "application/json"})


def bare(answer: Any) -> Any:
    """An answer without `error.data`, which the specification leaves to us."""
    if isinstance(answer, list):
        return [bare(one) for one in answer]
    if "error" in answer:
        return {**answer, "error": {k: v for k, v in answer["error"].items() if k != "data"}}
    return answer


def test_call_with_named_parameters(client: TestClient) -> None:
    first = send(
        client, '{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}'
    )
    assert (first.status_code, first.json()) == (200, {"jsonrpc": "2.0", "result": 19, "id": 3})
    second = send(
        client, '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}'
    )
    assert second.json() == {"jsonrpc": "2.0", "result": 19, "id": 4}


def test_positional_parameters_are_refused_by_name(client: TestClient) -> None:
    answer = send(client, '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}').json()
    assert answer["error"]["data"]["code"] == "BAD_REQUEST"
    assert "params" in answer["error"]["data"]["fields"]


@pytest.mark.parametrize(
    "body",
    [
        '{"jsonrpc": "2.0", "method": "update", "params": {}}',
        '{"jsonrpc": "2.0", "method": "foobar"}',
        '[{"jsonrpc": "2.0", "method": "notify_hello", "params": {}}, {"jsonrpc": "2.0", "method": "foobar"}]',
    ],
)
def test_notifications_get_no_answer(client: TestClient, body: str) -> None:
    response = send(client, body)
    assert (response.status_code, response.content) == (204, b"")


def test_call_of_non_existent_method(client: TestClient) -> None:
    response = send(client, '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}')
    answer = response.json()
    assert response.status_code == 200
    assert bare(answer) == {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}
    assert answer["error"]["data"] == {"code": "NOT_FOUND", "httpStatus": 404, "path": "foobar"}


@pytest.mark.parametrize(
    "body",
    [
        '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
        '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]',
        "",
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": "\\ud800"}',
        '{"jsonrpc": "2.0", "method": "update", "method": "boom", "id": 1}',
        b"\xff\xfe",
        "[" * 5000,
    ],
)
def test_unparsable_is_400(client: TestClient, body: str | bytes) -> None:
    response = send(client, body)
    assert response.status_code == 400
    assert bare(response.json()) == {
        "jsonrpc": "2.0",
        "error": {"code": -32700, "message": "Parse error"},
        "id": None,
    }


INVALID = {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": None}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"jsonrpc": "2.0", "method": 1, "params": "bar"}', INVALID),
        ("[]", INVALID),
        ("[1]", [INVALID]),
        ("[1,2,3]", [INVALID, INVALID, INVALID]),
        ("1", INVALID),
        ("null", INVALID),
        ('{"jsonrpc": "1.0", "method": "update", "id": 1}', INVALID),
        ('{"jsonrpc": "2.0", "method": "update", "id": true}', INVALID),
        ('{"jsonrpc": "2.0", "method": "update", "id": {}}', INVALID),
        ('{"jsonrpc": "2.0", "method": "update", "id": 1, "params": null}', INVALID),
    ],
)
def test_invalid_requests(client: TestClient, body: str, expected: Any) -> None:
    response = send(client, body)
    assert (response.status_code, bare(response.json())) == (200, expected)


def test_batch_of_everything(client: TestClient) -> None:
    body = """[
        {"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": "2"},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": {}},
        {"foo": "boo"},
        {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
        {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
    ]"""
    assert bare(send(client, body).json()) == [
        {"jsonrpc": "2.0", "result": 19, "id": "2"},
        INVALID,
        {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
        {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"},
    ]


def test_id_null_is_a_call_and_not_a_notification(client: TestClient) -> None:
    assert send(client, '{"jsonrpc": "2.0", "method": "get_data", "id": null}').json()["result"] == ["hello", 5]


def test_batch_limit(client: TestClient) -> None:
    call = '{"jsonrpc": "2.0", "method": "get_data", "id": 1}'
    assert len(send(client, f"[{','.join([call] * 50)}]").json()) == 50
    refused = send(client, f"[{','.join([call] * 51)}]")
    assert refused.status_code == 400
    assert refused.json()["error"]["data"]["code"] == "BAD_REQUEST"
    assert "50" in refused.json()["error"]["message"]


def test_depth_limit(client: TestClient) -> None:
    def nested(depth: int) -> str:
        params = "[" * depth + "]" * depth
        return f'{{"jsonrpc": "2.0", "method": "get_data", "id": 1, "params": {{"a": {params}}}}}'

    assert send(client, nested(20)).status_code == 200
    refused = send(client, nested(200))
    assert refused.status_code == 400
    assert "levels deep" in refused.json()["error"]["message"]


def test_colons_in_strings_are_not_taken_for_repeated_keys(client: TestClient) -> None:
    body = '{"jsonrpc": "2.0", "method": "get_data", "id": "a:b:c:d", "params": {"url": "http://x:1/:::"}}'
    assert send(client, body).json()["id"] == "a:b:c:d"


def test_nothing_internal_is_shown(client: TestClient) -> None:
    response = send(client, '{"jsonrpc": "2.0", "method": "boom", "id": 1}')
    assert "canary" not in response.text
    assert response.json()["error"]["code"] == -32603
    assert response.json()["error"]["data"] == {"code": "INTERNAL_SERVER_ERROR", "httpStatus": 500, "path": "boom"}


def test_parameter_named_like_the_context_does_not_collide(client: TestClient) -> None:
    body = '{"jsonrpc": "2.0", "method": "get_data", "id": 1, "params": {"request": 1, "self": 2, "context": 3}}'
    assert send(client, body).json()["result"] == ["hello", 5]


def test_every_file_is_a_procedure_by_its_name() -> None:
    assert list(find_procedures()) == [
        "event.publish",
        "hook.createComment",
        "hook.createTask",
        "hook.listProjects",
        "hook.listVideos",
        "hook.me",
        "hook.sample",
        "hook.subscribe",
        "hook.unsubscribe",
        "integration.cancelJob",
        "integration.configure",
        "integration.connect",
        "integration.createCustom",
        "integration.disconnect",
        "integration.exportAssets",
        "integration.exportMarkers",
        "integration.getDeliveries",
        "integration.getJob",
        "integration.getLogs",
        "integration.getMetrics",
        "integration.getStatus",
        "integration.getTriggers",
        "integration.importAssets",
        "integration.list",
        "integration.listFiles",
        "integration.listJobs",
        "integration.listResources",
        "integration.mapFields",
        "integration.previewMapping",
        "integration.recover",
        "integration.redeliver",
        "integration.rotateSecret",
        "integration.setTriggers",
        "integration.share",
        "integration.sync",
        "integration.test",
        "integration.testTriggers",
        "rpc.discover",
    ]
