"""Connecting by keys, tokens and webhook addresses that a user brings."""

import dataclasses

import pytest

from koko_integrations.registry import find_provider_classes
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import consent, finish, start
from tests.service import RpcError, Service, running_service, sandboxed

KEYS = [("asana", "asana"), ("monday", "monday"), ("trello", "atlassian"), ("discord", "discord"), ("s3", "s3")]

WEBHOOKS = [
    (
        "teams",
        "https://prod-12.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=s3cret",
        True,
    ),
    ("teams", "https://sandbox.webhook.office.com/webhookb2/x", False),
    ("teams", "https://logic.azure.com.evil.example/workflows/x", False),
    ("teams", "http://prod-12.westeurope.logic.azure.com/workflows/x", False),
    ("make", "https://hook.eu1.make.com/abcdefghijklmnop", True),
    ("make", "https://hook.make.com.evil.example/abcdefgh", False),
    ("make", "https://hook.eu1.make.com/", False),
    ("discord", "https://discord.com.evil.example/api/webhooks/100000000000000001/" + "a" * 40, False),
    ("discord", "https://discord.com/api/webhooks/100000000000000001/" + "a" * 40, False),
]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Providers do not know the database: one is enough."""
    return sqlite_url


@pytest.mark.parametrize(("slug", "stand_in"), KEYS)
def test_keys(service: Service, people: People, sandbox: Sandbox, slug: str, stand_in: str) -> None:
    example = getattr(sandbox, stand_in).announcement()[slug]["example"]
    params = {"teamId": TEAM, "provider": slug, "config": example}
    integration = service.call("integration.connect", params, token=people.admin)["integration"]
    assert integration["status"] == "connected"
    secret_names = {
        f.name for c in find_provider_classes() if c.manifest.slug == slug for f in c.manifest.fields if f.secret
    }
    for name, value in example.items():
        assert (integration["config"][name] == value) is (name not in secret_names)
    target = {"integrationId": integration["id"]}
    assert service.call("integration.test", target, token=people.admin)["success"]
    with pytest.raises(RpcError) as refused:
        service.call("integration.connect", params, token=people.admin)
    assert refused.value.code == "CONFLICT"
    assert service.call("integration.disconnect", target, token=people.admin)["success"]
    for name in secret_names & set(example):
        wrong = {**example, name: example[name][:-1] + ("0" if example[name][-1] != "0" else "1")}
        with pytest.raises(RpcError) as refused:
            service.call("integration.connect", params | {"config": wrong}, token=people.admin)
        assert refused.value.code == "BAD_REQUEST"
    # In place again, with the same id: with a token that is alive again, where disconnecting really revoked it.
    sandbox.atlassian.trello_token_revoked = False
    again = service.call("integration.connect", params, token=people.admin)["integration"]
    assert again["id"] == integration["id"]


def test_keys_by_the_documents_top_level_names(service: Service, people: People, sandbox: Sandbox) -> None:
    example = sandbox.atlassian.announcement()["trello"]["example"]
    params = {
        "teamId": TEAM,
        "provider": "trello",
        "apiKey": example["apiKey"],
        "apiSecret": example["apiToken"],
    }
    done = service.call("integration.connect", params, token=people.admin)["integration"]
    assert service.call("integration.disconnect", {"integrationId": done["id"]}, token=people.admin)["revoked"]
    assert sandbox.atlassian.trello_token_revoked


def test_several_discord_webhooks(service: Service, people: People, sandbox: Sandbox) -> None:
    example = sandbox.discord.announcement()["discord"]["example"]
    params = {"teamId": TEAM, "provider": "discord", "config": example}
    pasted = service.call("integration.connect", params, token=people.admin)["integration"]
    done = finish(service, people.admin, consent(start(service, people.admin, "discord")["authUrl"]), "discord")
    assert done["integration"]["id"] != pasted["id"]
    listed = service.call("integration.list", {"teamId": TEAM, "status": "connected"}, token=people.member)
    assert [entry["provider"] for entry in listed["integrations"]] == ["discord", "discord"]
    assert done["integration"]["config"] == {"channelId": "400000000000000004"}
    revoked = service.call("integration.disconnect", {"integrationId": pasted["id"]}, token=people.admin)
    assert (revoked["revoked"], "pasted" in revoked["reason"]) == (False, True)
    target = {"integrationId": done["integration"]["id"]}
    assert service.call("integration.disconnect", target, token=people.admin)["revoked"]
    assert len(sandbox.discord.webhooks) == 1


@pytest.mark.parametrize(("slug", "url", "accepted"), WEBHOOKS)
def test_webhook_urls(service: Service, people: People, slug: str, url: str, accepted: bool) -> None:
    params = {"teamId": TEAM, "provider": slug, "config": {"webhookUrl": url}}
    if accepted:
        integration = service.call("integration.connect", params, token=people.admin)["integration"]
        assert integration["config"]["webhookUrl"] == "••••" + url[-4:]
        assert url not in str(service.rows.query("SELECT * FROM integration"))
        return
    with pytest.raises(RpcError) as refused:
        service.call("integration.connect", params, token=people.admin)
    assert refused.value.code == "BAD_REQUEST"
    assert url not in refused.value.message


def test_without_an_app_only_keys_are_left(sqlite_url: str, sandbox: Sandbox) -> None:
    settings = sandboxed(sqlite_url, sandbox)
    with running_service(dataclasses.replace(settings, provider_apps={})) as service:
        people = People(service)
        with pytest.raises(RpcError) as refused:
            service.call("integration.connect", {"teamId": TEAM, "provider": "figma"}, token=people.admin)
        assert refused.value.code == "PRECONDITION_FAILED"
        with pytest.raises(RpcError) as refused:
            service.call("integration.connect", {"teamId": TEAM, "provider": "asana"}, token=people.admin)
        assert list(refused.value.fields) == ["config.accessToken"]
        example = sandbox.asana.announcement()["asana"]["example"]
        params = {"teamId": TEAM, "provider": "asana", "apiKey": example["accessToken"]}
        assert service.call("integration.connect", params, token=people.admin)["integration"]["status"] == "connected"
