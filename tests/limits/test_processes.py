"""Two real processes over one database, one of them killed midway, and then both begun again."""

import contextlib
import secrets
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.process.running import COMMAND, environment, free_port
from tests.process.test_commands import SETTINGS
from tests.service import Rows, sign_session

LIMIT = 2000
BATCH = 10
LIST = {"jsonrpc": "2.0", "id": 1, "method": "integration.list", "params": {"teamId": "t"}}


class Installation:
    """`serve` processes on two ports, and the calls of one user."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._settings = environment(**SETTINGS, KOKO_DATABASE_URL=url)
        self._ports = (free_port(), free_port())
        self._processes = [self._start(port) for port in self._ports]
        rows = Rows(url)
        with contextlib.closing(rows):
            token = secrets.token_hex(16)
            rows.insert("user", id="u", name="U", email="u@koko.test")
            rows.insert("session", id="s", token=token, user_id="u", expires_at=2**42)
            rows.insert("team", id="t", name="T", slug="t", owner_id="u")
            rows.insert("team_member", id="m", team_id="t", user_id="u", role="owner", joined_at=0)
        self._headers = {"authorization": f"Bearer {sign_session(token, secret=SETTINGS['KOKO_AUTH_SECRET'])}"}
        self._lock = threading.Lock()
        self.allowed: Counter[str] = Counter()

    def call(self, which: int) -> int:
        """A batch of calls. Returns how many were let through; they are counted by the window that they fell in."""
        answer = requests.post(self._url(which), json=[LIST] * BATCH, headers=self._headers, timeout=30)
        through = sum("result" in one for one in answer.json())
        assert all("result" in one or one["error"]["code"] == -32029 for one in answer.json())
        with self._lock:
            self.allowed[answer.headers["x-ratelimit-reset"]] += through
        return through

    def use_up(self) -> None:
        while self.call(0) + self.call(1):
            pass

    @property
    def last_window(self) -> int:
        """How many were let through in it: the hour may have ended midway."""
        return self.allowed[max(self.allowed)]

    def restart(self, which: int, end: Callable[["subprocess.Popen[bytes]"], None]) -> None:
        end(self._processes[which])
        self._processes[which].wait(30)
        self._processes[which] = self._start(self._ports[which])
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        for which in (0, 1):
            while True:
                with contextlib.suppress(requests.ConnectionError):
                    requests.get(self._url(which).replace("/rpc", "/healthz"), timeout=5)
                    break
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                time.sleep(0.05)

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(30)

    def _url(self, which: int) -> str:
        return f"http://127.0.0.1:{self._ports[which]}/rpc"

    def _start(self, port: int) -> "subprocess.Popen[bytes]":
        with (self._folder / "log").open("ab") as log:
            settings = self._settings | {"KOKO_PORT": str(port)}
            return subprocess.Popen([*COMMAND, "serve"], cwd=self._folder, env=settings, stdout=log, stderr=log)


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    with contextlib.closing(Installation(tmp_path, database_url)) as found:
        found.wait_until_ready()
        yield found


def test_two_processes_and_a_killed_one(installation: Installation) -> None:
    def until(share: float) -> Any:
        while installation.last_window < LIMIT * share:
            with ThreadPoolExecutor(4) as callers:
                list(callers.map(installation.call, (0, 1, 0, 1, 1, 0)))

    installation.call(0)
    until(0.4)
    installation.restart(1, lambda process: process.kill())
    until(0.7)
    installation.use_up()
    assert LIMIT * 0.95 <= installation.last_window <= LIMIT * 1.05
    # An upgrade: both are ended in order and begun again.
    for which in (0, 1):
        installation.restart(which, lambda process: process.terminate())
    installation.use_up()
    assert LIMIT * 0.95 <= installation.last_window <= LIMIT * 1.05
