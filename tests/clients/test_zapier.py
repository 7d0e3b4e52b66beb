"""The Koko app in Zapier, by Zapier's own harness: its definition, and its calls of a service that runs."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from koko_integrations.event_types import EVENT_TYPES
from sandbox.stand_ins import Sandbox
from tests.clients.zapier_scene import ZapierScene
from tests.conftest import initialise
from tests.process.fleet import Fleet
from tests.process.running import ROOT, environment, free_port

APP = ROOT / "clients" / "zapier"
PATIENCE_S = 120


def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(command[0])
    assert program is not None, f"{command[0]} is not installed: the clients' tests need Node 20 or newer"
    return subprocess.run(
        [program, *command[1:]],
        cwd=APP,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture(scope="module")
def installed() -> None:
    """Once, and again when the lock file has changed."""
    lock, stamp = APP / "package-lock.json", APP / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        done = run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        assert done.returncode == 0, done.stderr
        stamp.write_text(lock.read_text())


def node_tests(*names: str, facts: Mapping[str, object] | None = None) -> None:
    settings = {} if facts is None else {"KOKO_TEST": json.dumps(facts)}
    done = run("node", "--test", "--test-reporter=spec", *(f"test/{name}.test.js" for name in names), **settings)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def scene(tmp_path: Path, sandbox: Sandbox, hooks_port: int) -> Iterator[ZapierScene]:
    """A process that believes Zapier's hooks to be on this machine."""
    url = f"sqlite:///{tmp_path}/koko.db"
    initialise(url)
    origins = {**sandbox.hosting.announcement()["asana"]["origins"]}
    origins["https://hooks.zapier.com"] = f"http://127.0.0.1:{hooks_port}"
    overrides = ",".join(f"{meant}={actual}" for meant, actual in origins.items())
    fleet = Fleet(tmp_path, url, sandbox, KOKO_ORIGIN_OVERRIDES=overrides)
    try:
        fleet.begin()
        scene = ZapierScene(fleet, sandbox)
        yield scene
        scene.close()
    finally:
        fleet.close()


@pytest.fixture
def hooks_port() -> int:
    return free_port()


@pytest.mark.usefixtures("installed")
def test_the_definition_and_how_refusals_read() -> None:
    node_tests("definition", "refusals")


@pytest.mark.usefixtures("installed")
def test_it_has_a_trigger_for_each_event() -> None:
    done = run("node", "-p", "JSON.stringify(require('./src/events').map((event) => event.type))")
    assert json.loads(done.stdout) == list(EVENT_TYPES)


@pytest.mark.usefixtures("installed")
def test_the_app_and_the_service(scene: ZapierScene, hooks_port: int) -> None:
    facts = scene.facts(hooks_port)
    node_tests("service", facts=facts)
    assert scene.comments() == [("A reply", None, 1, 1), ("From Zapier", 62_500, 1, 0)]
    made = [task for task in scene.work.tasks.values() if task.title == "From Zapier"]
    assert [task.text.splitlines()[0] for task in made] == ["By a Zap"]
    log = scene.fleet.log.read_text()
    for secret in ("apiKey", "revokedKey", "serviceToken"):
        assert str(facts[secret]) not in log
    assert "canary" not in log, "a hook's address is a credential"


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (APP / "package-lock.json").read_text()
