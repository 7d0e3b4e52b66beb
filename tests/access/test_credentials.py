"""Who is calling: koko.md's sessions, service tokens and API keys."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.conftest import TEAM, People
from tests.service import SERVICE_SECRET, RpcError, Service, running_service, settings_for, sign_session

LIST = {"jsonrpc": "2.0", "id": 1, "method": "integration.list", "params": {"teamId": TEAM}}


def code_of(response: Any) -> str:
    answer = response.json()
    return answer["error"]["data"]["code"] if "error" in answer else "OK"


@pytest.mark.parametrize("name", ["better-auth.session_token", "__Secure-better-auth.session_token"])
def test_session_cookie_under_both_names(service: Service, people: People, name: str) -> None:
    assert code_of(service.post(LIST, cookie=f"other=1; {name}={people.member}; last=2")) == "OK"


def test_same_value_as_bearer(service: Service, people: People) -> None:
    assert code_of(service.post(LIST, authorization=f"Bearer {people.member}")) == "OK"
    assert code_of(service.post(LIST, authorization=f"bearer {people.member}")) == "OK"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": "better-auth.session_token="},
        {"cookie": "better-auth.session_token=abc"},
        {"authorization": "Bearer"},
        {"authorization": "Bearer abc.def"},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer koko_nonsense"},
        {"authorization": "Bearer a.b.c"},
        {"authorization": f"Bearer {sign_session('unknown-token')}"},
        {"authorization": f"Bearer {sign_session('t', secret='another-secret')}"},
        {"authorization": "Bearer " + "x" * 5000},
    ],
)
def test_no_valid_credentials(service: Service, people: People, headers: dict[str, str]) -> None:
    response = service.post(LIST, **headers)
    assert response.status_code == 200
    assert response.json()["error"]["code"] == -32001
    assert response.json()["error"]["data"] == {"code": "UNAUTHORIZED", "httpStatus": 401, "path": "integration.list"}


def test_signature_of_another_token_is_refused(service: Service, people: People) -> None:
    signature = people.member.rpartition(".")[2]
    other = sign_session("other-token").rpartition(".")[0]
    assert code_of(service.post(LIST, authorization=f"Bearer {other}.{signature}")) == "UNAUTHORIZED"


def test_expired_session(service: Service, people: People) -> None:
    token = service.add_session("member", lifetime_ms=1000)
    assert code_of(service.post(LIST, authorization=f"Bearer {token}")) == "OK"
    service.clock.advance(ms=1000)
    assert code_of(service.post(LIST, authorization=f"Bearer {token}")) == "UNAUTHORIZED"


def test_revoked_session_is_refused_on_the_next_call(service: Service, people: People) -> None:
    assert code_of(service.post(LIST, authorization=f"Bearer {people.member}")) == "OK"
    service.rows.query("DELETE FROM session WHERE user_id = ?", "member")
    assert code_of(service.post(LIST, authorization=f"Bearer {people.member}")) == "UNAUTHORIZED"


def test_signed_out_comes_before_bad_input(service: Service, people: People) -> None:
    with pytest.raises(RpcError) as refused:
        service.call("integration.list", {"teamId": 5}, token=sign_session("unknown"))
    assert refused.value.code == "UNAUTHORIZED"
    with pytest.raises(RpcError) as refused:
        service.call("integration.list", {"teamId": 5}, token=people.member)
    assert refused.value.code == "BAD_REQUEST"


def service_token(service: Service, key: Any = SERVICE_SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims: dict[str, Any] = {"iss": "api", "aud": "koko-integrations", "exp": service.clock.now // 1000 + 300}
    claims |= changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm)


def test_service_for_itself_reaches_every_team(service: Service, people: People) -> None:
    token = service_token(service)
    assert service.call("integration.list", {"teamId": TEAM}, token=token)["integrations"]
    with pytest.raises(RpcError) as refused:
        service.call("integration.list", {"teamId": "nowhere"}, token=token)
    assert refused.value.code == "NOT_FOUND"


def test_service_acting_for_a_user_has_that_users_rights(service: Service, people: People) -> None:
    params = {"teamId": TEAM, "provider": "zapier"}
    with pytest.raises(RpcError) as refused:
        service.call("integration.connect", params, token=service_token(service, sub="member"))
    assert refused.value.code == "FORBIDDEN"
    connected = service.call("integration.connect", params, token=service_token(service, sub="admin"))
    assert connected["integration"]["connectedBy"] == "admin"
    with pytest.raises(RpcError) as refused:
        service.call("integration.list", {"teamId": TEAM}, token=service_token(service, sub="stranger"))
    assert refused.value.code == "NOT_FOUND"
    with pytest.raises(RpcError) as refused:
        service.call("integration.list", {"teamId": TEAM}, token=service_token(service, sub="nobody"))
    assert refused.value.code == "UNAUTHORIZED"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp_in": -1},
        {"exp_in": 0},
        {"exp_in": 900},
        {"exp": None},
        {"exp": "soon"},
        {"aud": "another-service"},
        {"aud": None},
        {"iss": "unknown"},
        {"iss": None},
        {"iss": 5},
        {"sub": ""},
        {"nbf_in": 60},
        {"key": "another-secret-0123456789abcdefghij"},
        {"key": "", "algorithm": "none"},
        {"algorithm": "HS512"},
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_service_tokens_that_do_not_count(service: Service, people: People, changes: dict[str, Any]) -> None:
    given = dict(changes)
    for name in ("exp", "nbf"):
        if f"{name}_in" in given:
            given[name] = service.clock.now // 1000 + given.pop(f"{name}_in")
    try:
        token = service_token(service, **given)
    except TypeError:
        # PyJWT refuses to make some of them: then they are made by hand.
        header, _, signature = service_token(service).split(".")
        payload = {"iss": "api", "aud": "koko-integrations", "exp": 2**33, **given}
        token = ".".join((header, jwt.utils.base64url_encode(json.dumps(payload).encode()).decode(), signature))
    with pytest.raises(RpcError) as refused:
        service.call("integration.list", {"teamId": TEAM}, token=token)
    assert refused.value.code == "UNAUTHORIZED"


@pytest.fixture
def jwks() -> Iterator[tuple[str, Ed25519PrivateKey]]:
    """A JWKS endpoint on loopback, and the key behind it."""
    private = Ed25519PrivateKey.generate()
    key = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(private.public_key()))
    document = json.dumps({"keys": [key | {"kid": "ed-1", "use": "sig", "alg": "EdDSA"}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/auth/jwks", private
    finally:
        server.shutdown()
        server.server_close()


def test_eddsa_tokens_by_jwks(sqlite_url: str, jwks: tuple[str, Ed25519PrivateKey]) -> None:
    url, private = jwks
    with running_service(settings_for(sqlite_url, service_jwks_url=url)) as service:
        People(service)
        claims = {"iss": "api", "aud": "koko-integrations", "exp": service.clock.now // 1000 + 200, "sub": "member"}

        def call(key: Ed25519PrivateKey, **changes: Any) -> str:
            token = jwt.encode(claims | changes, key, algorithm="EdDSA", headers={"kid": "ed-1"})
            return code_of(service.post(LIST, authorization=f"Bearer {token}"))

        assert call(private) == "OK"
        assert call(private, sub="stranger") == "NOT_FOUND"
        assert call(Ed25519PrivateKey.generate()) == "UNAUTHORIZED"
        # A user's own better-auth token is not a service token.
        assert call(private, aud="https://app.koko.test", iss="https://app.koko.test") == "UNAUTHORIZED"


def test_unreachable_jwks_fails_closed(sqlite_url: str) -> None:
    settings = settings_for(sqlite_url, service_jwks_url="http://127.0.0.1:9/jwks")
    with running_service(settings) as service:
        People(service)
        key = Ed25519PrivateKey.generate()
        claims = {"iss": "api", "aud": "koko-integrations", "exp": service.clock.now // 1000 + 200}
        token = jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "ed-1"})
        assert code_of(service.post(LIST, authorization=f"Bearer {token}")) == "UNAUTHORIZED"


def test_api_key_reaches_its_own_integration_and_nothing_else(service: Service, people: People) -> None:
    params = {"teamId": TEAM, "provider": "zapier"}
    connected = service.call("integration.connect", params, token=people.admin)
    key, own = connected["apiKey"], {"integrationId": connected["integration"]["id"]}
    assert key.startswith("koko_")
    other = service.call("integration.connect", {"teamId": TEAM, "provider": "make"}, token=people.admin)
    assert service.call("integration.getStatus", own, token=key)["integration"]["provider"] == "zapier"
    for method, target, code in (
        ("integration.getStatus", {"integrationId": other["integration"]["id"]}, "NOT_FOUND"),
        ("integration.getStatus", {"integrationId": "unknown"}, "NOT_FOUND"),
        ("integration.disconnect", own, "FORBIDDEN"),
        ("integration.list", {"teamId": TEAM}, "FORBIDDEN"),
    ):
        with pytest.raises(RpcError) as refused:
            service.call(method, target, token=key)
        assert refused.value.code == code


def test_api_key_is_stored_hashed_and_ends_with_the_integration(service: Service, people: People) -> None:
    connected = service.call("integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=people.admin)
    key, own = connected["apiKey"], {"integrationId": connected["integration"]["id"]}
    assert key not in str(service.rows.query("SELECT * FROM api_key"))
    tested = service.call("integration.test", own, token=people.admin)
    assert tested["success"]
    assert "not been used" in tested["errors"][0]
    service.call("integration.getStatus", own, token=key)
    assert "errors" not in service.call("integration.test", own, token=people.admin)
    assert service.call("integration.disconnect", own, token=people.admin)["revoked"]
    with pytest.raises(RpcError) as refused:
        service.call("integration.getStatus", own, token=key)
    assert refused.value.code == "UNAUTHORIZED"
    again = service.call("integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=people.admin)
    assert again["integration"]["id"] == own["integrationId"]
    assert again["apiKey"] != key
