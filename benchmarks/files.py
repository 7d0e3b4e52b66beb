"""Imports from a loopback S3 into the local store, beside rclone on the same pair; memory, and what a crash costs.

Ours is a job in a real `koko-integrations serve`, from its start to its end; rclone is a process, from its start to its
end, with nothing but defaults: it checks sizes and MD5, and moves four files or parts of one at once. Both are given an
idle disk. Our time includes fsync and the SHA-256 that an asset gets; rclone's leaves the disk to the kernel.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import requests

from benchmarks.loopback_s3 import BUCKET
from benchmarks.rpc import wait_for
from benchmarks.served import EMPTY_PROJECT, Koko, Served, make_connected, serving
from koko_integrations.connections.store import Proven
from providers.kit.connection import Credentials
from providers.s3 import S3
from tests.process.running import free_port

MB = 1_000_000
TINY, LARGE = "tiny.bin", "large.bin"
SMALL = [f"small/{number:02}.bin" for number in range(50)]
SEVERAL = [f"several/{number}.bin" for number in range(5)]
SIZES = {TINY: 1, LARGE: 2000 * MB, **dict.fromkeys(SMALL, 4 * MB), **dict.fromkeys(SEVERAL, 200 * MB)}
KEYS = {"accessKeyId": "AKIALOOPBACK", "secretAccessKey": "loopback"}
SETTLE_S = 2.0
KILLED_AT = 0.6


class Load(NamedTuple):
    """What both move, and how much faster than rclone we want to be."""

    name: str
    keys: Sequence[str]
    path: str
    rounds: int
    wanted: str

    @property
    def size(self) -> int:
        return sum(SIZES[key] for key in self.keys)


ONE = Load(f"one file of {SIZES[LARGE] // MB:,} MB", [LARGE], LARGE, 3, "0.8x")
MANY = Load(f"{len(SMALL)} files of {SIZES[SMALL[0]] // MB} MB", SMALL, "small", 7, "1x")


class Took(NamedTuple):
    """What one import or copy took, and what it takes beyond that to have its SHA-256 and to have it on the disk."""

    seconds: float
    cpu_s: float
    rest_s: float = 0.0


def main() -> None:
    """Prints the four figures."""
    # Not under /tmp, which may be in memory.
    with _loopback() as origin, tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        if shutil.which("rclone") is None:
            print("rclone is missing (apt-get install rclone): there is nothing to compare the speed with")
        _compare(origin, folder, ONE)
        _compare(origin, folder, MANY)
        _measure_memory(origin, folder)
        _measure_resuming(origin, folder)


@contextlib.contextmanager
def _loopback() -> Iterator[str]:
    port = free_port()
    given = [f"{key}={size}" for key, size in SIZES.items()]
    with subprocess.Popen([sys.executable, "-m", "benchmarks.loopback_s3", str(port), *given]) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/counted", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _compare(origin: str, folder: Path, load: Load) -> None:
    ours: list[Took] = []
    theirs: list[Took] = []
    starts: list[Took] = []
    there = shutil.which("rclone") is not None
    for _ in range(load.rounds):
        ours.append(_import(origin, folder, load.keys))
        if there:
            theirs.append(_copy(origin, folder, load.path, load.size))
            starts.append(_copy(origin, folder, TINY, SIZES[TINY]))
    mine = _median(ours)
    print(f"importing {load.name}: {_shown(mine, load)}")
    if there:
        peer, start = _median(theirs), _median(starts)
        print(
            f"  {peer.seconds / mine.seconds:.2f}x rclone: {_shown(peer, load)} (wanted: {load.wanted});"
            f" {start.seconds:.2f} s of that are its start and end, as for a file of one byte\n"
            f"  {(peer.seconds + peer.rest_s) / mine.seconds:.2f}x rclone, then sha256sum, then sync,"
            " which ours has done by its end:"
            f" {peer.seconds + peer.rest_s:.2f} s"
        )


def _import(origin: str, folder: Path, keys: Sequence[str]) -> Took:
    """By a service that has imported before."""
    with _fresh(folder) as inside:
        koko = _koko(origin, inside)
        with _serving(koko, inside) as service:
            _take(service, koko, [TINY])
            os.sync()
            before = service.cpu_s()
            seconds = _take(service, koko, keys)
            return Took(seconds, service.cpu_s() - before)


def _copy(origin: str, folder: Path, path: str, size: int) -> Took:
    """By rclone: a file by copyto, a folder by copy."""
    # Nothing of the caller's: AWS_* would mean it, too.
    settings = {
        "PATH": os.environ["PATH"],
        "RCLONE_CONFIG": "",
        "RCLONE_CONFIG_LOOPBACK_TYPE": "s3",
        "RCLONE_CONFIG_LOOPBACK_PROVIDER": "Other",
        "RCLONE_CONFIG_LOOPBACK_ENDPOINT": origin,
        "RCLONE_CONFIG_LOOPBACK_ACCESS_KEY_ID": KEYS["accessKeyId"],
        "RCLONE_CONFIG_LOOPBACK_SECRET_ACCESS_KEY": KEYS["secretAccessKey"],
    }
    verb = "copyto" if path in SIZES else "copy"
    with _fresh(folder) as inside:
        os.sync()
        target = inside / path
        before = os.times()
        began = time.monotonic()
        subprocess.run(["rclone", verb, f"loopback:{BUCKET}/{path}", str(target)], env=settings, check=True)
        seconds = time.monotonic() - began
        after = os.times()
        files = [target] if target.is_file() else list(target.iterdir())
        copied = sum(file.stat().st_size for file in files)
        _require(copied == size, f"rclone has copied {copied} bytes")
        began = time.monotonic()
        subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["sync", *files], check=True)
        rest_s = time.monotonic() - began
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(seconds, cpu_s, rest_s)


def _measure_memory(origin: str, folder: Path) -> None:
    for what, keys in ((ONE.name, [LARGE]), (f"{len(SEVERAL)} files of {SIZES[SEVERAL[0]] // MB} MB", SEVERAL)):
        with _fresh(folder) as inside:
            koko = _koko(origin, inside)
            with _serving(koko, inside) as service:
                time.sleep(SETTLE_S)
                idle = service.resident_mb()
                service.forget_peak()
                _take(service, koko, keys)
                peak = service.resident_mb(peak=True)
        print(f"memory while importing {what}: at most {peak:.0f} MB, {idle:.0f} MB at rest (wanted: under 150)")


def _measure_resuming(origin: str, folder: Path) -> None:
    size = SIZES[LARGE]
    with _fresh(folder) as inside:
        koko = _koko(origin, inside)
        with _serving(koko, inside) as service:
            job_id = _begin(service, koko, [LARGE])
            staged = inside / "staging" / f"{job_id}.0.part"
            while not staged.exists() or staged.stat().st_size < KILLED_AT * size:
                time.sleep(0.005)
            service.kill()
        there = staged.stat().st_size
        _sent(origin)
        with _serving(koko, inside) as service:
            service.finished(job_id)
        again = _sent(origin)
    print(
        f"killed at {there / size:.0%} of {size // MB:,} MB: {again / size:.1%} of the bytes are sent after that"
        " (wanted: under 45%)"
    )


@contextlib.contextmanager
def _fresh(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


def _koko(origin: str, folder: Path) -> Koko:
    proven = Proven(
        auth_method="api_key",
        credentials=Credentials(secrets=KEYS),
        config={"bucket": BUCKET, "endpoint": origin},
        scopes=S3.manifest.scopes,
        account_id="12",
        account_name="Loopback",
    )
    return make_connected(f"sqlite:///{folder}/koko.db", S3.manifest, [proven])


def _serving(koko: Koko, folder: Path) -> contextlib.AbstractContextManager[Served]:
    settings = {"KOKO_ASSET_STORE": f"file://{folder}/assets", "KOKO_EGRESS_ALLOW": "127.0.0.1/32"}
    return serving(koko, "https://asana.invalid", **settings)


def _begin(service: Served, koko: Koko, keys: Sequence[str]) -> str:
    files = [{"externalPath": key} for key in keys]
    started = service.call(
        "integration.importAssets", integrationId=koko.integrations[0], projectId=EMPTY_PROJECT, files=files
    )
    return str(started["job"]["id"])


def _take(service: Served, koko: Koko, keys: Sequence[str]) -> float:
    """Seconds of an import, from the job's start to its end."""
    job_id = _begin(service, koko, keys)
    # In its rows, so that it is not kept busy with answering.
    while service.rows.query("SELECT finished_at FROM job WHERE id = ?", job_id)[0][0] is None:
        time.sleep(0.05)
    return service.seconds_of(str(service.finished(job_id)["id"]))


def _sent(origin: str) -> int:
    """Bytes of objects since the last time."""
    return int(requests.get(f"{origin}/counted", timeout=10).text)


def _median(found: Sequence[Took]) -> Took:
    return Took._make(statistics.median(column) for column in zip(*found, strict=True))


def _shown(took: Took, load: Load) -> str:
    rate = load.size / MB / took.seconds
    return f"{took.seconds:.2f} s, {rate:,.0f} MB/s ({took.cpu_s:.2f} s of processor)"


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RuntimeError(otherwise)
