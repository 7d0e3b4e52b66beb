"""The TypeScript client's folder: what is installed there, built there and run there.

Koko's dependencies stand there twice. `clients/typescript` has the newest of everything; `koko-today`, inside of it,
has what Koko runs today, with the client installed as npm would from its package.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from tests.process.running import ROOT

CLIENT = ROOT / "clients" / "typescript"
KOKO_TODAY = CLIENT / "koko-today"
PACKAGE = "@koko/integrations-client"
ENVIRONMENTS = {"newest": CLIENT, "koko-today": KOKO_TODAY}
"""By name, the folders whose `built` has the compiled tests."""
INSTALL_TIMEOUT_S = 300
RUN_TIMEOUT_S = 120


def run(
    folder: Path,
    *command: str,
    input: str | None = None,
    timeout_s: float = RUN_TIMEOUT_S,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """What a command that has to succeed writes to its standard output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | dict(variables),
        input=input,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@functools.cache
def built() -> Path:
    """The client's folder, with everything installed and compiled; once, however many processes want it."""
    assert shutil.which("npm"), "the client's tests need Node 20 or newer, with npm"
    with _alone():
        installed = [folder for folder in ENVIRONMENTS.values() if _install(folder)]
        sources = [*CLIENT.glob("*.json"), *CLIENT.glob("src/*"), *CLIENT.glob("test/**/*"), *CLIENT.glob("browser/*")]
        stamp = CLIENT / "built" / ".sources"
        digest = _digest([path for path in sources if path.is_file()])
        if installed or not stamp.exists() or stamp.read_text() != digest:
            _build()
            stamp.write_text(digest)
    return CLIENT


def installed() -> Path:
    """The client's folder, with its packages."""
    assert shutil.which("npm"), "these tests need Node 20 or newer, with npm"
    with _alone():
        _install(CLIENT)
    return CLIENT


def _install(folder: Path) -> bool:
    """`npm ci`, unless that is what is there; whether it was done."""
    stamp, digest = folder / "node_modules" / ".lock-file", _digest([folder / "package-lock.json"])
    if stamp.exists() and stamp.read_text() == digest:
        return False
    run(folder, "npm", "ci", "--no-audit", "--no-fund", timeout_s=INSTALL_TIMEOUT_S)
    stamp.write_text(digest)
    return True


def _build() -> None:
    for folder in (CLIENT / "dist", CLIENT / "built", KOKO_TODAY / "built", KOKO_TODAY / "test"):
        shutil.rmtree(folder, ignore_errors=True)
    tarball = CLIENT / run(CLIENT, "npm", "pack", "--silent", "--pack-destination", ".").strip()
    installed = KOKO_TODAY / "node_modules" / PACKAGE
    shutil.rmtree(installed, ignore_errors=True)
    with tarfile.open(tarball) as packed:
        packed.extractall(installed.parent, filter="data")
    (installed.parent / "package").rename(installed)
    tarball.unlink()
    shutil.copytree(CLIENT / "test", KOKO_TODAY / "test")
    for folder in ENVIRONMENTS.values():
        run(folder, "node_modules/.bin/tsc", "-p", "test/tsconfig.json")
    run(CLIENT, "node_modules/.bin/tsc", "-p", "browser/tsconfig.json")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """While it runs, no other process of these tests does the same."""
    with (CLIENT / ".installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()
