"""A team whose providers can reach the service, and what it shows of what they have sent."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from starlette.testclient import TestClient

from koko_integrations.connections.store import FIND
from koko_integrations.inbound.addresses import ensure_address
from koko_integrations.integration import Integration
from koko_integrations.vault import Vault
from sandbox.kit.notifying import Got, Headers, Message
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import connect
from tests.service import ENCRYPTION_KEY, Service
from tests.sync.team import PROJECT, Koko

PUBLIC_URL = "https://hooks.koko.test"
CUSTOM_SECRET = "whsec_Y2FuYXJ5LWN1c3RvbS1zZWNyZXQtMDEyMzQ1"
PATIENCE_S = 20.0
T = TypeVar("T")


class Hall:
    """Where webhooks arrive. What stand-ins send to PUBLIC_URL comes to the service under test."""

    def __init__(self, service: Service, people: People, sandbox: Sandbox) -> None:
        self.service = service
        self.people = people
        self.sandbox = sandbox
        self.koko = Koko(service)
        self.away = False
        self._posting = 0
        self._lock = threading.Lock()
        for sending in (
            sandbox.asana.hooks,
            sandbox.monday.account.hooks,
            sandbox.slack.events,
            sandbox.discord.events,
            sandbox.atlassian,
            sandbox.dropbox,
            sandbox.figma,
            sandbox.google,
            sandbox.microsoft,
            sandbox.notion,
        ):
            sending.notifier.carry = self.carry

    # The wire

    def client(self, peer: str = "203.0.113.7") -> TestClient:
        """Another machine, with an address of its own."""
        client = TestClient(self.service.client.app, client=(peer, 4711), raise_server_exceptions=False)
        client.portal = self.service.client.portal
        return client

    def carry(self, message: Message) -> Got:
        """A message from a stand-in to the service."""
        assert message.url.startswith(PUBLIC_URL), message.url
        with self._lock:
            if self.away:
                return Got(0)
            self._posting += 1
        try:
            path = message.url.removeprefix(PUBLIC_URL)
            answer = self.client().request(message.method, path, content=message.body, headers=dict(message.headers))
        finally:
            self._posting -= 1
        return Got(answer.status_code, answer.headers, answer.content)

    def close(self) -> None:
        """From now on nobody answers; returns when everybody has been."""
        with self._lock:
            self.away = True
        self.wait(lambda: self._posting == 0, "somebody is still waiting for an answer")

    def send(self, path: str, body: bytes, headers: Headers, peer: str = "203.0.113.7") -> Any:
        return self.client(peer).post(path, content=body, headers=dict(headers))

    # Who is connected

    def connect(self, slug: str, **mapping: str) -> str:
        """An integration that is connected and, where there is a mapping, subscribed."""
        target = str(connect(self.service, self.people.admin, slug)["id"])
        if mapping:
            self.configure(target, projectMapping=mapping)
            wanted = len(set(mapping.values()))
            self.wait(lambda: len(self.subscribed(target)) == wanted, f"{slug} is not subscribed")
        return target

    def mapped(self, slug: str, external: str) -> str:
        """An integration with one project mapped."""
        if not self.service.rows.query("SELECT id FROM project WHERE id = ?", PROJECT):
            self.koko.furnish()
        return self.connect(slug, **{PROJECT: external})

    def subscribing(self, slug: str, **config: Any) -> str:
        """An integration that is subscribed without a mapping."""
        target = self.connect(slug)
        if config:
            self.configure(target, **config)
        self.wait(lambda: len(self.subscribed(target)) == 1, f"{slug} is not subscribed")
        return target

    def custom(self) -> tuple[str, str]:
        """What integration.createCustom makes: the integration's id, and its address's."""
        target = f"int_custom_{time.monotonic_ns()}"
        now = self.service.clock.now
        names = {"provider": "custom", "provider_name": "Ours", "category": "automation", "status": "connected"}
        names["provider_icon"] = f"{PUBLIC_URL}/icons/custom.svg"
        self.service.rows.insert("integration", id=target, team_id=TEAM, connected_at=now, **names)
        self.service.rows.insert(
            "integration_connection", integration_id=target, team_id=TEAM, provider="custom", slot=target
        )
        vault = Vault({"k1": ENCRYPTION_KEY})

        async def add(app: Any) -> str:
            row = await app.database.read_one(FIND, id=target)
            integration, given = Integration._make(row), {"secret": CUSTOM_SECRET}
            made = await app.database.write(lambda tx: ensure_address(tx, vault, integration, "", given, now))
            again = await app.database.write(lambda tx: ensure_address(tx, vault, integration, "", given, now))
            assert again == made, "there is one address"
            return str(made.id)

        return target, self.service.run(add)

    def configure(self, target: str, **config: Any) -> dict[str, Any]:
        params = {"integrationId": target, "config": config}
        answer = self.service.call("integration.configure", params, token=self.people.admin)
        found: dict[str, Any] = answer["integration"]
        return found

    # What has become of it

    def subscribed(self, target: str) -> list[str]:
        """The addresses that the provider has promised to send to, by target."""
        rows = self.service.rows.query(
            "SELECT id FROM inbound_address WHERE integration_id = ? AND subscription_id IS NOT NULL ORDER BY target",
            target,
        )
        return [row[0] for row in rows]

    def path(self, target: str) -> str:
        """The path of the integration's only address."""
        rows = self.service.rows.query("SELECT provider, id FROM inbound_address WHERE integration_id = ?", target)
        ((provider, address_id),) = rows
        return f"/webhooks/{provider}/{address_id}"

    def messages(self, target: str) -> list[tuple[dict[str, Any], bool]]:
        """What was told of the integration, and whether it has been worked with."""
        rows = self.service.rows.query(
            "SELECT content, processed_at FROM inbound_message WHERE integration_id = ? ORDER BY received_at", target
        )
        return [(json.loads(content), processed is not None) for content, processed in rows]

    def jobs(self, target: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Cause, status and request of each of its jobs."""
        rows = self.service.rows.query(
            "SELECT cause, status, request FROM job WHERE integration_id = ? ORDER BY created_at, id", target
        )
        return [(cause, status, json.loads(request)) for cause, status, request in rows]

    def process(self) -> None:
        """Works with what waits."""
        self.service.run(lambda app: app.inbox.process())

    def reconcile(self) -> None:
        self.service.run(lambda app: app.subscriptions.reconcile_due())

    def finish_jobs(self) -> None:
        """Jobs that wait for others to come are let go, and end."""
        self.service.run(lambda _: self.service.engine.let_go())
        self.service.run(lambda _: self.service.engine.idle())

    def status(self, target: str) -> dict[str, Any]:
        found: dict[str, Any] = self.service.call(
            "integration.getStatus", {"integrationId": target}, token=self.people.admin
        )
        return found

    def logs(self, target: str, **filters: Any) -> list[dict[str, Any]]:
        params = {"integrationId": target, **filters}
        found: list[dict[str, Any]] = self.service.call("integration.getLogs", params, token=self.people.admin)["logs"]
        return found

    def advance(self, **span: int) -> None:
        """Time passes, here and at the providers."""
        before = self.service.clock.now
        self.service.clock.advance(**span)
        self.sandbox.clock.ahead_s += (self.service.clock.now - before) / 1000

    def wait(self, state: Callable[[], T], said: str) -> T:
        """What `state` answers as soon as it is something: threads and background tasks are at it."""
        deadline = time.monotonic() + PATIENCE_S
        while not (reached := state()):
            assert time.monotonic() < deadline, said
            time.sleep(0.005)
        return reached


@contextlib.contextmanager
def opened(service: Service, sandbox: Sandbox) -> Iterator[Hall]:
    """A hall of a new team, closed before its service is."""
    with contextlib.closing(Hall(service, People(service), sandbox)) as hall:
        yield hall
