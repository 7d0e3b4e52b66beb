"""rotate-keys: while serving, interrupted, and against writers."""

import asyncio
from dataclasses import replace

from koko_integrations.database import open_database
from koko_integrations.rotation import SEALED_COLUMNS, Rotation, rotate_keys
from koko_integrations.vault import Vault
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import connect, start
from tests.connections.test_s3 import CONFIG
from tests.service import ENCRYPTION_KEY, running_service, sandboxed

NEW_KEYS = {"k2": bytes(range(7, 39)), "k1": ENCRYPTION_KEY}


def rotate(url: str, keys: dict[str, bytes]) -> Rotation:
    async def work() -> Rotation:
        database = open_database(url)
        try:
            return await rotate_keys(database, Vault(keys))
        finally:
            database.close()

    return asyncio.run(work())


def test_everything_is_resealed_while_serving(database_url: str, sandbox: Sandbox) -> None:
    both = replace(sandboxed(database_url, sandbox), encryption_keys=NEW_KEYS)
    with running_service(sandboxed(database_url, sandbox)) as service:
        people = People(service)
        slack = {"integrationId": connect(service, people.admin)["id"]}
        params = {"teamId": TEAM, "provider": "s3", "config": CONFIG}
        s3 = {"integrationId": service.call("integration.connect", params, token=people.admin)["integration"]["id"]}
        with running_service(both, service.clock, worker=False) as newer:
            assert rotate(database_url, NEW_KEYS) == Rotation(resealed=2)
            for target in (slack, s3):
                assert newer.call("integration.test", target, token=people.admin)["success"]
        assert rotate(database_url, NEW_KEYS) == Rotation(current=2)
    only_new = replace(both, encryption_keys={"k2": NEW_KEYS["k2"]})
    with running_service(only_new, service.clock) as last:
        assert last.call("integration.test", slack, token=people.admin)["success"]
        assert last.call("integration.disconnect", slack, token=people.admin)["revoked"]


def test_what_no_key_opens_is_left_alone(database_url: str, sandbox: Sandbox) -> None:
    with running_service(sandboxed(database_url, sandbox)) as service:
        people = People(service)
        connect(service, people.admin)
        before = service.rows.query("SELECT access_token FROM integration")
        assert rotate(database_url, {"k9": NEW_KEYS["k2"]}) == Rotation(unreadable=1)
        assert service.rows.query("SELECT access_token FROM integration") == before


def test_many_pages(database_url: str, sandbox: Sandbox) -> None:
    with running_service(sandboxed(database_url, sandbox)) as service:
        people = People(service)
        row = start(service, people.admin)["integration"]
        vault = Vault({"k1": ENCRYPTION_KEY})
        from koko_integrations.vault import Place

        for number in range(250):
            place = Place("integration", "access_token", f"int_{number}", TEAM)
            service.rows.insert(
                "integration",
                id=f"int_{number}",
                team_id=TEAM,
                provider="x",
                provider_name="X",
                category="storage",
                access_token=vault.seal(place, str(number)),
                created_at=0,
                updated_at=0,
            )
        assert row["status"] == "pending"
        assert rotate(database_url, NEW_KEYS) == Rotation(resealed=250)


def test_every_sealed_column_is_known() -> None:
    """A column that the store seals and the rotation forgets would be lost with the old key."""
    from koko_integrations.connections import credentials, pending
    from koko_integrations.delivery import destination
    from koko_integrations.inbound import addresses, apps
    from koko_integrations.triggers import rules

    sealed = {credentials.ACCESS_TOKEN, credentials.REFRESH_TOKEN, credentials.SECRETS, pending.CODE_VERIFIER}
    sealed |= {destination.SEALED, addresses.SECRETS, apps.SECRETS, rules.SEALED}
    assert {(model._meta.table_name, column.column_name) for model, _, column in SEALED_COLUMNS} == sealed
