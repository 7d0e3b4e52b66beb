"""The README's lines for those who call the service: TypeScript compiles, Python runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.node import CLIENT, built, run
from tests.process.running import ROOT, as_checkout, free_port, running
from tests.process.test_demo import start
from tests.service import PROCEDURES

README = (ROOT / "README.md").read_text()
HERE = (CLIENT / "README.md").read_text()
OPTIONS = (
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--types",
    "node",
)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


TYPESCRIPT = [*blocks(README, "ts"), *blocks(HERE, "ts")]
# The types of a procedure are there as soon as it is.
COMPILED = [block for block in TYPESCRIPT if "event.publish" in PROCEDURES or "event.publish" not in block]


def test_there_is_something_to_compile() -> None:
    assert len(TYPESCRIPT) >= 3


@pytest.mark.parametrize("block", COMPILED, ids=range(len(COMPILED)))
def test_typescript(block: str) -> None:
    built()
    file = CLIENT / "built" / f"readme-{COMPILED.index(block)}.ts"
    file.write_text(block.replace('"koko-api"', '"../test/koko/router.js"'))
    run(CLIENT, "node_modules/.bin/tsc", *OPTIONS, str(file))


def test_python(tmp_path: Path) -> None:
    (program,) = blocks(README, "python")
    with running(as_checkout(tmp_path), "demo", KOKO_PORT=str(free_port())) as process:
        demo = start(process)
        program = program.replace("http://127.0.0.1:8400", demo.url)
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    *methods, storages, refused = done.stdout.splitlines()
    assert "integration.importAssets mutation integrationId projectId files" in methods
    assert len(methods) == len(PROCEDURES) - 1
    assert storages == "['AWS S3', 'Dropbox', 'Google Drive', 'OneDrive']"
    assert refused == "Integration not found NOT_FOUND"
