"""The processes of one installation, which tests kill and replace: `serve`, and with PostgreSQL two workers."""

import contextlib
import functools
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
import requests

from sandbox.stand_ins import Sandbox
from tests.conftest import initialise, postgres_copy
from tests.process.client import REDIRECT_URI
from tests.process.running import COMMAND, environment, free_port
from tests.process.test_commands import SETTINGS
from tests.service import Rows

WORKERS = 2
PATIENCE_S = 60.0
T = TypeVar("T")


def wait_for(state: Callable[[], T], said: str, *, pause_s: float = 0.01) -> T:
    """What `state` answers as soon as it is something."""
    deadline = time.monotonic() + PATIENCE_S
    while not (reached := state()):
        assert time.monotonic() < deadline, said
        time.sleep(pause_s)
    return reached


class Fleet:
    """Shares one database. What the processes say goes to the file `log`. Providers send webhooks where it is
    `reachable` for them."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        sandbox: Sandbox,
        slugs: Sequence[str] = ("asana",),
        *,
        reachable: bool = False,
        **settings: str,
    ) -> None:
        announced = sandbox.hosting.announcement()
        self.folder = folder
        self.database_url = database_url
        self.log = folder / "log"
        self.rows = Rows(database_url)
        self.is_sqlite = database_url.startswith("sqlite:")
        self.engine_file = folder / "koko-jobs.db"
        self.port = free_port()
        self._settings = SETTINGS | {
            "KOKO_DATABASE_URL": database_url,
            "KOKO_REDIRECT_URIS": REDIRECT_URI,
            "KOKO_WEB_URL": "https://app.koko.test",
            "KOKO_PUBLIC_URL": f"http://127.0.0.1:{self.port}" if reachable else "http://integrations.koko.test",
            "KOKO_ORIGIN_OVERRIDES": ",".join(
                f"{meant}={actual}" for slug in slugs for meant, actual in announced[slug]["origins"].items()
            ),
            **settings,
        }
        for slug in slugs:
            if "clientId" in announced[slug]:
                name = f"KOKO_PROVIDER_{slug.upper()}_CLIENT"
                self._settings[f"{name}_ID"] = announced[slug]["clientId"]
                self._settings[f"{name}_SECRET"] = announced[slug]["clientSecret"]
            if "signingSecret" in announced[slug]:
                self._settings[f"KOKO_PROVIDER_{slug.upper()}_SIGNING_SECRET"] = announced[slug]["signingSecret"]
        self._started: list[subprocess.Popen[bytes]] = []
        self.serve = self.start("serve", self.port)
        self.workers: list[subprocess.Popen[bytes]] = []

    def begin(self) -> None:
        """Returns when all are ready."""
        self.complete()
        for process in (self.serve, *self.workers):
            wait_for(functools.partial(self.has_engine, process, "started"), "an engine does not start")

    def start(self, command: str, port: int = 0) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*COMMAND, command],
                cwd=self.folder,
                env=environment(**self._settings, KOKO_PORT=str(port)),
                stdout=log,
                stderr=log,
            )
        self._started.append(process)
        return process

    def complete(self) -> None:
        """Starts what does not run, and waits until calls are answered."""
        if self.serve.poll() is not None:
            self.serve = self.start("serve", self.port)
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while not self.is_sqlite and len(self.workers) < WORKERS:
            self.workers.append(self.start("worker"))
        wait_for(self.answers, "nobody answers")

    def answers(self, port: int = 0) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port or self.port}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False

    def process_of(self, executor: str) -> subprocess.Popen[bytes]:
        """Which process an executor is."""
        pid = int(executor.rsplit("-", 2)[1])
        return next(process for process in self._started if process.pid == pid)

    def has_said(self, *words: object) -> bool:
        """Whether the log has a line with all of these."""
        return any(all(str(word) in line for word in words) for line in self.log.read_text().splitlines())

    def has_engine(self, process: subprocess.Popen[bytes], state: str) -> bool:
        """Whether the process has said of its job engine that it is started, or stopped."""
        return self.has_said(f"-{process.pid}-", f"job engine {state}")

    def close(self) -> None:
        """Ends all as an operator would."""
        left = [process for process in self._started if process.poll() is None]
        for process in left:
            process.send_signal(signal.SIGTERM)
        for process in left:
            process.wait(30)
        self.rows.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9."""
    process.kill()
    process.wait()


@contextlib.contextmanager
def running_fleet(
    request: pytest.FixtureRequest,
    folder: Path,
    sandbox: Sandbox,
    slugs: Sequence[str] = ("asana",),
    *,
    reachable: bool = False,
    **settings: str,
) -> Iterator[Fleet]:
    """Processes that are ready, over a new database: the fixture is parametrized by "sqlite" and "postgres"."""
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{folder}/koko.db"
            initialise(url)
        else:
            server, template = (request.getfixturevalue(name) for name in ("postgres_server", "postgres_template"))
            url = stack.enter_context(postgres_copy(server, template))
        fleet = stack.enter_context(
            contextlib.closing(Fleet(folder, url, sandbox, slugs, reachable=reachable, **settings))
        )
        fleet.begin()
        yield fleet
