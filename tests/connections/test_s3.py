"""S3 by keys: proven by a real call, sealed, masked. The peer is moto, behind a front that checks signatures."""

import ipaddress
from dataclasses import replace
from typing import Any

import pytest

from sandbox.s3 import BUCKET, BUCKET_ELSEWHERE, KEYS, REGION_ELSEWHERE, WITHOUT_RIGHTS
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.service import RpcError, Service, running_service

KEY, SECRET = next(iter(KEYS.items()))
CONFIG = {"accessKeyId": KEY, "secretAccessKey": SECRET, "bucket": BUCKET, "region": "us-east-1"}


def connect(service: Service, token: str, config: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    params = {"teamId": TEAM, "provider": "s3", "config": CONFIG if config is None else config, **top}
    result: dict[str, Any] = service.call("integration.connect", params, token=token)
    return result


def refused(service: Service, token: str, config: dict[str, Any], **top: Any) -> RpcError:
    with pytest.raises(RpcError) as error:
        connect(service, token, config, **top)
    assert service.rows.query("SELECT COUNT(*) FROM integration") == [(0,)], "nothing is stored"
    assert SECRET not in error.value.message
    return error.value


def test_connect_masks_and_seals(service: Service, people: People) -> None:
    result = connect(service, people.admin)
    assert "authUrl" not in result
    integration = result["integration"]
    assert integration["status"] == "connected"
    assert integration["config"] == {
        "accessKeyId": "••••DEMO",
        "secretAccessKey": "••••o000",
        "bucket": BUCKET,
        "region": "us-east-1",
    }
    assert integration["scope"] == ["s3:ListBucket", "s3:GetObject"]
    everything = str(
        [
            service.rows.query(f'SELECT * FROM "{t}"')
            for t in ("integration", "integration_connection", "integration_log")
        ]
    )
    assert SECRET not in everything
    assert KEY not in everything
    sealed = service.rows.query("SELECT secrets FROM integration_connection")[0][0]
    assert sealed.startswith("v1.k1.")


def test_status_test_and_disconnect(service: Service, people: People) -> None:
    target = {"integrationId": connect(service, people.admin)["integration"]["id"]}
    tested = service.call("integration.test", target, token=people.admin)
    assert tested["success"]
    assert tested["permissions"] == ["s3:ListBucket", "s3:GetObject"]
    assert "errors" not in tested
    assert service.call("integration.getStatus", target, token=people.member)["health"]["status"] == "healthy"
    done = service.call("integration.disconnect", target, token=people.admin)
    assert done["success"]
    assert not done["revoked"]
    assert "rotate the access key" in done["advice"]
    details = service.rows.query("SELECT details FROM integration_log")[0][0]
    assert '"revoked":false' in details
    config = service.call("integration.getStatus", target, token=people.member)["integration"]["config"]
    assert config == {"bucket": BUCKET, "region": "us-east-1"}
    assert service.rows.query("SELECT secrets FROM integration_connection") == [(None,)]


def test_a_reconnect_keeps_settings_and_nothing_of_the_old_account(service: Service, people: People) -> None:
    first = connect(service, people.admin, CONFIG | {"prefix": "rushes/", "autoSync": True})["integration"]
    service.call("integration.disconnect", {"integrationId": first["id"]}, token=people.admin)
    config = connect(service, people.admin, CONFIG | {"autoSync": True})["integration"]["config"]
    # What is stored is what was proven: the old prefix is gone, the old setting is not.
    assert config == {
        "accessKeyId": "••••DEMO",
        "secretAccessKey": "••••o000",
        "bucket": BUCKET,
        "region": "us-east-1",
        "autoSync": True,
    }


def test_keys_may_come_as_api_key_and_secret(service: Service, people: People) -> None:
    result = connect(service, people.admin, {"bucket": BUCKET}, apiKey=KEY, apiSecret=SECRET)
    assert result["integration"]["config"]["accessKeyId"] == "••••DEMO"


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"accessKeyId": "AKIAUNKNOWN000000000"}, "InvalidAccessKeyId", "keys"),
        ({"secretAccessKey": "not-the-secret-of-this-key-at-all-000000"}, "SignatureDoesNotMatch", "keys"),
        ({"accessKeyId": WITHOUT_RIGHTS, "secretAccessKey": KEYS[WITHOUT_RIGHTS]}, "AccessDenied", "s3:ListBucket"),
        ({"bucket": "no-such-bucket-here"}, "NoSuchBucket", "no-such-bucket-here"),
        ({"bucket": BUCKET_ELSEWHERE}, "AuthorizationHeaderMalformed", REGION_ELSEWHERE),
    ],
)
def test_what_s3_refuses(service: Service, people: People, changes: dict[str, str], reason: str, said: str) -> None:
    error = refused(service, people.admin, CONFIG | changes)
    assert error.code == "BAD_REQUEST"
    assert error.data["reason"] == reason
    assert said in error.message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bucket": None}, "config.bucket"),
        ({"bucket": 5}, "config.bucket"),
        ({"bucket": "Not A Bucket"}, "config.bucket"),
        ({"bucket": "../etc"}, "config.bucket"),
        ({"bucket": "ok\n"}, "config.bucket"),
        ({"region": "us east"}, "config.region"),
        ({"secretAccessKey": ""}, "config.secretAccessKey"),
        ({"secretAccessKey": "••••o000"}, "config.secretAccessKey"),
        ({"forcePathStyle": "true"}, "config.forcePathStyle"),
        ({"endpoint": "javascript:alert(1)"}, "config.endpoint"),
        ({"endpoint": "http://169.254.169.254/"}, "config.endpoint"),
        ({"endpoint": "https://user:pw@s3.example.com"}, "config.endpoint"),
        ({"endpoint": "https://1.1.1.1\\@127.0.0.1/"}, "config.endpoint"),
        ({"autoSync": "yes"}, "config.autoSync"),
        ({"syncInterval": 4}, "config.syncInterval"),
        ({"syncInterval": 1441}, "config.syncInterval"),
        ({"syncInterval": 7.5}, "config.syncInterval"),
        ({"notifyOn": ["comment", "like"]}, "config.notifyOn.1"),
        ({"projectMapping": {"a": 5}}, "config.projectMapping.a"),
    ],
)
def test_wrong_config(service: Service, people: People, changes: dict[str, Any], field: str) -> None:
    error = refused(service, people.admin, CONFIG | changes)
    assert error.code == "BAD_REQUEST"
    assert list(error.fields) == [field]


def test_missing_keys_say_what_is_needed(service: Service, people: People) -> None:
    error = refused(service, people.admin, {})
    assert list(error.fields) == ["config.accessKeyId", "config.secretAccessKey", "config.bucket"]
    assert "AKIA" in error.fields["config.accessKeyId"][0]


def test_unknown_config_is_dropped(service: Service, people: People) -> None:
    result = connect(service, people.admin, CONFIG | {"password": "canary", "syncFolder": "rushes/"})
    assert result["integration"]["config"]["syncFolder"] == "rushes/"
    assert "password" not in result["integration"]["config"]


def test_own_endpoint_passes_the_guard_only_where_allowed(database_url: str, sandbox: Sandbox) -> None:
    from tests.service import settings_for

    closed = settings_for(database_url)
    opened = replace(closed, egress_allow=(ipaddress.ip_network("127.0.0.0/8"),))
    endpoint = {"endpoint": sandbox.hosting.urls["s3"]}
    with running_service(closed) as service:
        people = People(service)
        error = refused(service, people.admin, CONFIG | endpoint)
        assert error.fields["config.endpoint"] == ["this address is not allowed: use a public https address"]
        # By name, and over TLS: judged where it really leads.
        error = refused(service, people.admin, CONFIG | {"endpoint": "https://localhost:9/"})
        assert error.message == "this address is not allowed: use a public https address"
    with running_service(opened) as service:
        assert connect(service, people.admin, CONFIG | endpoint)["integration"]["status"] == "connected"


def test_s3_down(service: Service, people: People, sandbox: Sandbox) -> None:
    sandbox.s3.fail(f"/{BUCKET}", status=503, body=b"<Error><Code>SlowDown</Code></Error>")
    error = refused(service, people.admin, CONFIG)
    assert (error.code, error.data["reason"]) == ("TIMEOUT", "SlowDown")
