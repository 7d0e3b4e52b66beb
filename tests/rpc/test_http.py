"""The HTTP side of the endpoint: methods, types, sizes, origins, ids, and what stands beside /rpc."""

import re
from typing import Any
from xml.dom import minidom

import pytest

from koko_integrations.registry import find_provider_classes
from tests.conftest import TEAM, People
from tests.service import ORIGIN, PROCEDURES, PUBLIC_URL, Service

LIST = {"jsonrpc": "2.0", "id": 1, "method": "integration.list", "params": {"teamId": TEAM}}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post(service: Service, method: str) -> None:
    response = service.client.request(method, "/rpc")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.json()["error"]["data"]["code"] == "METHOD_NOT_SUPPORTED"
    assert response.json()["error"]["code"] == -32005


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_only_json(service: Service, kind: str) -> None:
    response = service.post(b"{}", content_type=kind)
    assert response.status_code == 415
    assert response.json()["error"]["code"] == -32015


def test_json_with_a_charset(service: Service, people: People) -> None:
    response = service.post(
        LIST, content_type="application/json; charset=utf-8", authorization=f"Bearer {people.member}"
    )
    assert "result" in response.json()


def test_body_limit(service: Service) -> None:
    assert service.post(b" " * (1024 * 1024)).status_code == 400
    response = service.post(b" " * (1024 * 1024 + 1))
    assert response.status_code == 413
    assert response.json()["error"]["data"]["code"] == "PAYLOAD_TOO_LARGE"


def test_body_limit_without_a_length(service: Service) -> None:
    chunks = (b" " * 65536 for _ in range(20))
    response = service.client.post("/rpc", content=chunks, headers={"content-type": "application/json"})
    assert response.status_code == 413


def test_origins(service: Service, people: People) -> None:
    cookie = f"better-auth.session_token={people.member}"
    allowed = service.post(LIST, cookie=cookie, origin=ORIGIN)
    assert "result" in allowed.json()
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert allowed.headers["access-control-allow-credentials"] == "true"
    for origin in ("https://evil.example", "null", ORIGIN + ".evil.example", ORIGIN.upper(), "file://"):
        refused = service.post(LIST, cookie=cookie, origin=origin)
        assert refused.status_code == 403
        assert refused.json()["error"]["data"]["code"] == "FORBIDDEN"
        assert "access-control-allow-origin" not in refused.headers


def test_preflight(service: Service) -> None:
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,authorization",
    }
    response = service.client.options("/rpc", headers=asked)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in response.headers["access-control-allow-headers"].lower()
    assert response.headers["access-control-allow-credentials"] == "true"
    foreign = asked | {"origin": "https://evil.example", "access-control-request-headers": "content-type"}
    assert service.client.options("/rpc", headers=foreign).status_code == 400


FOREIGN = ("null", "https://evil.example", "file://")


@pytest.fixture
def panel(service: Service, people: People) -> tuple[str, dict[str, Any]]:
    """The key of a panel, and a call that it may make."""
    connected = service.call("integration.connect", {"teamId": TEAM, "provider": "aftereffects"}, token=people.admin)
    params = {"integrationId": connected["integration"]["id"]}
    key: str = connected["apiKey"]
    return key, {"jsonrpc": "2.0", "id": 1, "method": "integration.getStatus", "params": params}


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_key_may_come_from_any_origin(service: Service, panel: tuple[str, dict[str, Any]], origin: str) -> None:
    key, call = panel
    for sent in ({"authorization": f"Bearer {key}"}, {"x_api_key": key}):
        response = service.post(call, origin=origin, **sent)
        assert response.json()["result"]["integration"]["provider"] == "aftereffects"
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers
    wrong = service.post(call, origin=origin, authorization=f"Bearer {key[:-1]}")
    assert wrong.json()["error"]["data"]["code"] == "UNAUTHORIZED"
    assert wrong.headers["access-control-allow-origin"] == "*", "a panel can read why"


@pytest.mark.parametrize("origin", [*FOREIGN, ORIGIN])
def test_beside_a_key_the_cookie_counts_for_nothing(
    service: Service, people: People, panel: tuple[str, dict[str, Any]], origin: str
) -> None:
    key, call = panel
    cookie = f"better-auth.session_token={people.admin}"
    for sent in ({"authorization": f"Bearer {key}"}, {"x_api_key": key}):
        assert "result" in service.post(call, origin=origin, cookie=cookie, **sent).json()
        refused = service.post(LIST, origin=origin, cookie=cookie, **sent)
        assert refused.json()["error"]["data"]["code"] == "FORBIDDEN", "what the cookie may, the key may not"
    for sent in ({"authorization": "Bearer koko_"}, {"x_api_key": "x"}, {"x_api_key": ""}):
        for wanted in (call, LIST):
            refused = service.post(wanted, origin=origin, cookie=cookie, **sent)
            assert refused.json()["error"]["data"]["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize("origin", FOREIGN)
def test_what_is_no_key_stays_on_the_list_of_origins(service: Service, people: People, origin: str) -> None:
    cookie = f"better-auth.session_token={people.admin}"
    for authorization in (f"Bearer {people.admin}", "Bearer x.y.z", "Basic koko_x", "koko_x", "Bearer", ""):
        for sent in ({}, {"cookie": cookie}, {"x_api_key": "koko_x"}):
            refused = service.post(LIST, origin=origin, authorization=authorization, **sent)
            assert refused.status_code == 403
            assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("origin", FOREIGN)
def test_preflights_of_keys(service: Service, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST"}
    for headers in ("authorization,content-type", "Content-Type, X-API-Key"):
        response = service.client.options("/rpc", headers=asked | {"access-control-request-headers": headers})
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers
        allowed = response.headers["access-control-allow-headers"].lower()
        assert {"authorization", "x-api-key", "content-type"} <= set(re.split(r", *", allowed))
    for refused in ({}, {"access-control-request-headers": "content-type"}):
        response = service.client.options("/rpc", headers=asked | refused)
        assert response.status_code == 400
        assert "access-control-allow-origin" not in response.headers
    other = {"access-control-request-method": "PUT", "access-control-request-headers": "authorization"}
    assert service.client.options("/rpc", headers=asked | other).status_code == 400


def test_request_id_is_taken_or_made(service: Service) -> None:
    assert service.post(LIST, x_request_id="abc-123").headers["x-request-id"] == "abc-123"
    made = service.post(LIST).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", made)
    forged = service.post(LIST, x_request_id="a b;c" * 100).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", forged)
    assert service.post(b"nonsense", x_request_id="bad-1").headers["x-request-id"] == "bad-1"


def test_answers_are_not_stored_by_caches(service: Service) -> None:
    assert service.post(LIST).headers["cache-control"] == "no-store"


def test_health_and_readiness(service: Service) -> None:
    assert service.client.get("/healthz").json() == {"ok": True}
    assert service.client.get("/readyz").json() == {"ready": True}


def test_metrics_count_calls(service: Service, people: People) -> None:
    service.post(LIST, authorization=f"Bearer {people.member}")
    service.post(LIST)
    text = service.client.get("/metrics").text
    assert 'koko_rpc_calls_total{code="OK",procedure="integration.list"}' in text
    assert 'koko_rpc_calls_total{code="UNAUTHORIZED",procedure="integration.list"}' in text


@pytest.mark.parametrize("slug", [found.manifest.slug for found in find_provider_classes()])
def test_icons(service: Service, people: People, slug: str) -> None:
    response = service.client.get(f"/icons/{slug}.svg")
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    root = minidom.parseString(response.content).documentElement
    assert root is not None
    assert root.tagName == "svg"
    assert not root.getElementsByTagName("script")
    listed = service.call("integration.list", {"teamId": TEAM}, token=people.member)["integrations"]
    shown = next(entry["providerIcon"] for entry in listed if entry["provider"] == slug)
    assert shown == f"{PUBLIC_URL}/icons/{slug}.svg"


def test_icons_are_not_a_way_to_other_files(service: Service) -> None:
    for path in ("/icons/../asgi.py", "/icons/..%2f..%2fsetup.svg", "/icons/%2e%2e/x.svg"):
        assert b"<svg" in service.client.get(path).content or service.client.get(path).status_code == 404


def test_discover_needs_no_credentials(service: Service) -> None:
    document = service.call("rpc.discover")
    assert document["openrpc"].startswith("1.3")
    names = [method["name"] for method in document["methods"]]
    assert names == sorted(name for name in PROCEDURES if name != "rpc.discover")
    listed = next(method for method in document["methods"] if method["name"] == "integration.list")
    status = next(param for param in listed["params"] if param["name"] == "status")
    assert status["schema"]["enum"] == ["connected", "disconnected", "all"]
    assert status["schema"]["default"] == "all"
    assert status["required"] is False
