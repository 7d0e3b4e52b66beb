"""Files between Koko and a team's storages, a job that is stopped on its way, and what must be true in the end."""

import hashlib
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen
from threading import Event
from typing import Any

import psycopg

from sandbox.bunny import API_KEY, LIBRARY_ID
from sandbox.kit.stand_in import Fault, StandIn
from sandbox.s3 import BUCKET, KEYS, REGION
from sandbox.stand_ins import Sandbox
from tests.process.fleet import Fleet, wait_for
from tests.process.scene import Scene
from tests.process.storages import Storage

MIB = 1024 * 1024
DOWNLOAD = "/2/files/download"
SLUGS = ("dropbox", "s3", "google_drive", "onedrive", "bunny")
SETTINGS = {"KOKO_BUNNY_LIBRARY_ID": LIBRARY_ID, "KOKO_BUNNY_API_KEY": API_KEY}
# A trigger cannot wait, but it can be at something for as long as anybody has patience.
ENDLESS = """
CREATE VIEW endless AS WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number) SELECT n FROM number;
CREATE TRIGGER held BEFORE INSERT ON asset BEGIN SELECT COUNT(*) FROM endless; END;
"""


class Freight(Scene):
    """A team that has a Dropbox connected, and other storages when they are needed; what it imports goes into the
    folder of a fleet."""

    def __init__(self, fleet: Fleet, sandbox: Sandbox) -> None:
        super().__init__(fleet, sandbox)
        self.sandbox = sandbox
        self.dropbox = sandbox.dropbox
        self.bunny = sandbox.bunny
        self.sent: dict[str, bytes] = {}
        """By their names, the files at Dropbox."""

    def _connect(self) -> str:
        return self.client.connect(self._key, "dropbox")

    @property
    def team(self) -> str:
        """Its id, and that of all that Koko has of it."""
        return self._key

    @property
    def store(self) -> Path:
        return self.fleet.folder / "var" / "assets"

    # What there is

    def offer(self, name: str, size: int) -> None:
        """Somebody puts a file into Dropbox."""
        self.sent[name] = random.Random(name).randbytes(size)
        files = self.dropbox.files
        files.add(files.at("Empty"), name, self.sent[name])

    def keep_asset(self, name: str, size: int) -> bytes:
        """Koko has an asset."""
        content = random.Random(name).randbytes(size)
        path = self.store / self._key / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        self.rows.insert(
            "asset",
            id=self._key,
            project_id=self._key,
            uploaded_by=self._key,
            name=name,
            original_file_name=name,
            file_size=size,
            mime_type="application/zip",
            storage_key=f"{self._key}/{name}",
            storage_url=path.as_uri(),
        )
        return content

    # The jobs, and where they stop

    def start_import(self) -> str:
        """Asks for all that Dropbox has been offered; the job's id."""
        files = [{"externalPath": f"/Empty/{name}"} for name in self.sent]
        return self._start("importAssets", self.target, projectId=self._key, files=files)

    def start_export(self, storage: Storage, on_conflict: str) -> str:
        """Asks for the asset at a storage; the job's id."""
        folder = storage.folder(self.sandbox)
        where = {} if folder is None else {"folderId": folder}
        target = self._connected(storage.slug)
        return self._start("exportAssets", target, assetIds=[self._key], onConflict=on_conflict, **where)

    def _connected(self, slug: str) -> str:
        if slug == "dropbox":
            return self.target
        if slug != "s3":
            return self.client.connect(self._key, slug)
        key, secret = next(iter(KEYS.items()))
        config = {"accessKeyId": key, "secretAccessKey": secret, "bucket": BUCKET, "region": REGION}
        answer = self.client.call("integration.connect", teamId=self._key, provider="s3", config=config)
        return str(answer["result"]["integration"]["id"])

    def _start(self, method: str, target: str, **params: Any) -> str:
        answer = self.client.call(f"integration.{method}", integrationId=target, **params)
        assert "result" in answer, answer
        return str(answer["result"]["job"]["id"])

    def hold(self, stand_in: StandIn, request: tuple[str, str, int], *, part: int = 0, times: int = 1) -> Fault:
        """What is asked for by the request is done, and the answer does not come, or only the first `part` bytes."""
        method, path, after = request
        if after:
            stand_in.fail(path, method=method, truthful=True, times=after)
        self._held.append(Event())
        return stand_in.fail(path, method=method, truthful=True, hang=self._held[-1], part=part, times=times)

    def go_on_sending(self) -> None:
        """Whatever answer is held comes; what is locked stays so."""
        for held in self._held:
            held.set()

    def lock_files(self) -> None:
        """From now on nothing is noted of the files of jobs."""
        if self.fleet.is_sqlite:
            lock = sqlite3.connect(self.fleet.database_url.removeprefix("sqlite:///"), isolation_level=None, timeout=10)
            self._locks.callback(lock.close)
            lock.execute("BEGIN IMMEDIATE")
        else:
            connection = self._locks.enter_context(psycopg.connect(self.fleet.database_url))
            connection.execute("LOCK TABLE job_file IN EXCLUSIVE MODE")

    def hold_assets(self) -> None:
        """From now on rows of assets do not get further than their transactions."""
        if self.fleet.is_sqlite:
            for made, sql in zip(("VIEW endless", "TRIGGER held"), ENDLESS.strip().splitlines(), strict=True):
                self.rows.query(sql)
                self._locks.callback(self.rows.query, f"DROP {made}")
        else:
            connection = self._locks.enter_context(psycopg.connect(self.fleet.database_url))
            connection.execute("LOCK TABLE asset IN EXCLUSIVE MODE")

    def wait_until_staged(self, job_id: str, size: int) -> None:
        wait_for(lambda: sum(path.stat().st_size for path in self.staged(job_id)) >= size, "the bytes do not come")

    def runners_of(self, job_ids: Sequence[str]) -> "list[Popen[bytes]]":
        """The processes that run the jobs, each once."""
        return list({process.pid: process for process in map(self.runner_of, job_ids)}.values())

    # What has become of them

    def states(self, job_id: str) -> list[str]:
        return [row[0] for row in self.rows.query("SELECT status FROM job_file WHERE job_id = ?", job_id)]

    def staged(self, job_id: str = "") -> list[Path]:
        return list((self.store.parent / "staging").glob(f"{job_id}*"))

    def unknown(self) -> list[Path]:
        """Files of the store that no asset's row knows."""
        known = {self.store / row[0] for row in self.rows.query("SELECT storage_key FROM asset")}
        return [path for path in self.store.rglob("*") if path.is_file() and path not in known]

    def served(self) -> list[int]:
        """How many bytes each download was sent, or was to be sent."""
        return [len(seen.answer) for seen in self.dropbox.requests_to(DOWNLOAD)]

    def received(self, storage: Storage) -> int:
        """How many bytes a storage was sent in chunks."""
        requests = [seen for path in storage.paths for seen in storage.stand_in(self.sandbox).requests_to(path)]
        method = storage.chunk[0]
        return sum(int(seen.headers.get("content-length", 0)) for seen in requests if seen.method == method)

    def check_told(self, job_id: str, action: str, files: int) -> None:
        """The journal has one entry of the job."""
        told = self.rows.query(
            "SELECT details FROM integration_log WHERE action = ? AND details LIKE ?", action, f"%{job_id}%"
        )
        assert len(told) == 1, told
        assert f'"itemsProcessed":{files}' in told[0][0]

    def check_nothing_is_left(self) -> None:
        assert self.unknown() == []
        assert self.staged() == []

    def check_import(self, job_id: str, *videos: str) -> None:
        """Waits for the job. Every file is in Koko once and byte for byte, those of `videos` as videos."""
        job = self.finish(job_id)
        assert job["progress"]["done"] == job["progress"]["total"] == len(self.sent)
        found = self.rows.query("SELECT name, file_size, storage_key FROM asset WHERE project_id = ?", self._key)
        plain = {name: content for name, content in self.sent.items() if name not in videos}
        assert sorted(row[0] for row in found) == sorted(plain)
        for name, size, key in found:
            assert size == len(plain[name])
            assert digest((self.store / key).read_bytes()) == digest(plain[name])
        shown = self.rows.query("SELECT title, id FROM video WHERE project_id = ? AND id != ?", self._key, self._key)
        assert sorted(row[0] for row in shown) == sorted(videos)
        assert {row[1] for row in shown} == set(self.bunny.videos)
        for title, video_id in shown:
            assert digest(self.bunny.videos[video_id].content or b"") == digest(self.sent[title])
        self.check_told(job_id, "import", len(self.sent))
        self.check_nothing_is_left()

    def check_export(self, job_id: str, storage: Storage, content: bytes) -> None:
        """Waits for the job. The file is at the storage once and byte for byte."""
        job = self.finish(job_id)
        assert storage.names(self.sandbox) == ["reel.zip"], storage.slug
        assert digest(storage.read(self.sandbox, "reel.zip")) == digest(content)
        assert job["files"][0]["name"] == "reel.zip"
        assert storage.unfinished(self.sandbox) == 0
        self.check_told(job_id, "export", 1)
        self.check_nothing_is_left()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
