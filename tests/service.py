"""A running service for tests: the real ASGI app, called as a client would, every answer held against its schema."""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
import sqlite3
import tempfile
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote

import psycopg
from starlette.testclient import TestClient

from koko_integrations.app import App
from koko_integrations.asgi import create_asgi, find_procedures
from koko_integrations.jobs.engine import Claimed, EngineUnavailableError, Enqueueing, RunAttempt
from koko_integrations.settings import Settings, jobs_beside
from providers.kit.app import AppCredentials
from sandbox.stand_ins import Sandbox

AUTH_SECRET = "test-auth-secret-0123456789abcdef"
ENCRYPTION_KEY = bytes(range(32))
SERVICE_SECRET = "test-service-secret-0123456789abcdef"
ORIGIN = "https://app.koko.test"
REDIRECT_URI = "https://app.koko.test/integrations/callback"
PUBLIC_URL = "http://integrations.koko.test"
"""No provider can send to it; tests of webhooks have one of their own."""
START_MS = 1_763_000_000_000

PROCEDURES = find_procedures()
ASSETS = tempfile.TemporaryDirectory(prefix="koko-assets-")
T = TypeVar("T")


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1000)
        await asyncio.sleep(0)

    def advance(self, *, ms: int = 0, s: int = 0, minutes: int = 0, days: int = 0) -> None:
        self.now += ms + 1000 * (s + 60 * (minutes + 1440 * days))


class DirectEngine:
    """A job engine that runs each attempt at once, in this process, and forgets everything when it ends.

    What is to start later waits in `delayed` until it is let go.
    """

    def __init__(self) -> None:
        self.executor = f"direct-{secrets.token_hex(4)}"
        self.delayed: list[Enqueueing] = []
        self._run: RunAttempt | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, run: RunAttempt) -> None:
        self._run = run

    async def enqueue(self, attempts: Sequence[Enqueueing]) -> None:
        if self._run is None:
            raise EngineUnavailableError
        for attempt in attempts:
            if attempt.delay_s > 0:
                self.delayed.append(attempt)
            else:
                await self._start(attempt)

    async def claimed(self) -> list[Claimed]:
        return []

    async def known(self, attempts: Sequence[Enqueueing]) -> set[str]:
        return {attempt.job_id for attempt in attempts}

    async def drop(self, attempt: Claimed) -> None:
        return

    async def prune(self, before_ms: int) -> None:
        return

    async def stop(self) -> None:
        self._run = None

    @property
    def is_started(self) -> bool:
        return self._run is not None

    async def let_go(self) -> None:
        """Starts what waited."""
        waited, self.delayed = self.delayed, []
        for attempt in waited:
            await self._start(attempt)

    async def idle(self) -> None:
        """Returns when everything that was started has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _start(self, attempt: Enqueueing) -> None:
        assert self._run is not None
        if attempt.workflow_id in self._tasks:
            return

        async def run(run: RunAttempt) -> None:
            try:
                await run(attempt.job_id, attempt.attempt, self.executor)
            finally:
                del self._tasks[attempt.workflow_id]

        self._tasks[attempt.workflow_id] = asyncio.create_task(run(self._run))


class RpcError(Exception):
    """An error answer."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.number: int = error["code"]
        self.message: str = error["message"]
        self.data: dict[str, Any] = error["data"]
        self.code: str = error["data"]["code"]

    @property
    def fields(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = self.data.get("fields", {})
        return found


def settings_for(database_url: str, **changes: Any) -> Settings:
    settings = Settings(
        database_url=database_url,
        jobs_database_url=jobs_beside(database_url),
        asset_store=f"file://{ASSETS.name}/{secrets.token_hex(8)}/assets",
        auth_secret=AUTH_SECRET,
        encryption_keys={"k1": ENCRYPTION_KEY},
        service_keys={"api": SERVICE_SECRET},
        allowed_origins=frozenset({ORIGIN}),
        redirect_uris=frozenset({REDIRECT_URI}),
        public_url=PUBLIC_URL,
        web_url=ORIGIN,
    )
    return replace(settings, **changes)


def sandboxed(database_url: str, sandbox: Sandbox, **changes: Any) -> Settings:
    """Settings under which the sandbox plays the providers."""
    apps = {
        slug: AppCredentials(
            client_id=found["clientId"],
            client_secret=found["clientSecret"],
            signing_secret=found.get("signingSecret"),
        )
        for slug, found in sandbox.hosting.announcement().items()
        if "clientId" in found
    }
    return settings_for(database_url, provider_apps=apps, origin_overrides=sandbox.hosting.origins, **changes)


def sign_session(token: str, secret: str = AUTH_SECRET) -> str:
    """better-auth's cookie value, written from koko.md and not from the code under test."""
    signature = b64encode(hmac.new(secret.encode(), token.encode(), hashlib.sha256).digest()).decode()
    return quote(f"{token}.{signature}", safe="")


class Rows:
    """Direct SQL on the test's database, for what Koko's own server would do and for looking behind the scenes."""

    def __init__(self, url: str) -> None:
        self._connection: Any
        if url.startswith("sqlite:///"):
            self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=10)
            self._mark = "?"
        else:
            self._connection = psycopg.connect(url, autocommit=True)
            self._mark = "%s"

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql.replace("?", self._mark), values)
        return list(cursor.fetchall()) if cursor.description else []

    def insert(self, table: str, **columns: Any) -> None:
        marks = ", ".join("?" for _ in columns)
        self.query(f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES ({marks})', *columns.values())

    def close(self) -> None:
        self._connection.close()


@dataclass
class Service:
    """The service under test and its surroundings."""

    client: TestClient
    clock: FakeClock
    rows: Rows
    settings: Settings
    app: App
    engine: DirectEngine

    def add_user(self, user_id: str, *, session: bool = True) -> str:
        """A user; returns a bearer token of theirs."""
        self.rows.insert("user", id=user_id, name=user_id.title(), email=f"{user_id}@koko.test")
        return self.add_session(user_id) if session else ""

    def add_session(self, user_id: str, *, lifetime_ms: int = 30 * 86_400_000) -> str:
        token = secrets.token_hex(16)
        self.rows.insert(
            "session", id=secrets.token_hex(8), token=token, user_id=user_id, expires_at=self.clock.now + lifetime_ms
        )
        return sign_session(token)

    def add_team(self, team_id: str, owner: str, **members: str) -> None:
        self.rows.insert("team", id=team_id, name=team_id, slug=team_id, owner_id=owner)
        for user_id, role in {owner: "owner", **members}.items():
            self.rows.insert(
                "team_member", id=f"{team_id}-{user_id}", team_id=team_id, user_id=user_id, role=role, joined_at=0
            )

    def post(self, body: Any, **headers: str) -> Any:
        """One raw HTTP request; `body` is sent as it is when it is bytes, as JSON otherwise."""
        sent = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        arguments: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.post("/rpc", headers=sent, **arguments)

    def run(self, work: Callable[[App], Awaitable[T]]) -> T:
        """Runs something of the service itself, on its event loop."""
        assert self.client.portal is not None
        return self.client.portal.call(work, self.app)

    def call(self, method: str, params: dict[str, Any] | None = None, *, token: str | None = None) -> Any:
        """The result of one call. Raises RpcError. The result must be just what the output schema declares."""
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        response = self.post({"jsonrpc": "2.0", "id": 7, "method": method, "params": params or {}}, **headers)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["jsonrpc"] == "2.0"
        assert answer["id"] == 7
        if "error" in answer:
            raise RpcError(answer["error"])
        result = answer["result"]
        PROCEDURES[method].output.load(result)
        return result


@contextlib.contextmanager
def running_service(settings: Settings, clock: FakeClock | None = None, *, worker: bool = True) -> Iterator[Service]:
    """Starts the service on an initialised database. On SQLite, only one of several may be the `worker`."""
    clock = clock or FakeClock()
    rows = Rows(settings.database_url)
    engine = DirectEngine()
    try:
        asgi = create_asgi(settings, clock, engine)
        with TestClient(asgi, raise_server_exceptions=False) as client:
            deadline = time.monotonic() + 10
            while worker and not engine.is_started:
                assert time.monotonic() < deadline, "the job engine has not been started"
                time.sleep(0.001)
            yield Service(client, clock, rows, settings, asgi.app, engine)
    finally:
        rows.close()
