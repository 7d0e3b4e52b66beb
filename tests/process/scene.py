"""Both sides of one integration, a run between them that is stopped on its way, and what must be true in the end."""

import contextlib
import json
import secrets
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import psycopg

from koko_integrations.jobs.liveness import lock_key
from sandbox.kit.stand_in import Fault
from sandbox.stand_ins import Sandbox
from tests.process.client import Client
from tests.process.fleet import Fleet, wait_for
from tests.process.test_commands import SETTINGS
from tests.service import sign_session
from tests.sync.team import entities_of, moved

CONTAINER = "1400"
TASKS_PATH = "/api/1.0/tasks"
FILES_PATH = "/api/1.0/attachments"
DAY_MS = 86_400_000
ENDED = ("succeeded", "partial", "failed", "cancelled")


class Scene:
    """A team whose Koko project is mapped to a project at Asana; ids of its own, in the database of a fleet."""

    def __init__(self, fleet: Fleet, sandbox: Sandbox) -> None:
        self.fleet = fleet
        self.rows = fleet.rows
        self.asana = sandbox.asana
        self.work = sandbox.asana.work
        self._key = secrets.token_hex(4)
        self._edits = 0
        self._held: list[Event] = []
        self._locks = contextlib.ExitStack()
        self._threads = ThreadPoolExecutor(4)
        self._token = self._furnish()
        self.client = Client(fleet.port, self._token)
        self.target = self._connect()

    def close(self) -> None:
        self.let_go()
        self._threads.shutdown()

    def _connect(self) -> str:
        """The integration that the tests are about."""
        target = self.client.connect(self._key, "asana")
        mapping = {"projectMapping": {self._key: CONTAINER}}
        answer = self.client.call("integration.configure", integrationId=target, config=mapping)
        assert "result" in answer, answer
        return target

    def _furnish(self) -> str:
        """Koko's own rows; a bearer token of the user."""
        key, token = self._key, secrets.token_hex(16)
        self.rows.insert("user", id=key, name="U", email=f"{key}@koko.test")
        self.rows.insert("team", id=key, name="T", slug=key, owner_id=key)
        self.rows.insert("team_member", id=key, team_id=key, user_id=key, role="owner", joined_at=0)
        self.rows.insert("session", id=key, token=token, user_id=key, expires_at=_now_ms() + DAY_MS)
        self.rows.insert("project", id=key, name="P", owner_id=key, status="active")
        self.rows.insert("video", id=key, project_id=key, title="Trailer", status="ready", updated_at=_now_ms())
        return sign_session(token, SETTINGS["KOKO_AUTH_SECRET"])

    def move_to(self, port: int) -> None:
        """From now on it is the service at this port that is called."""
        self.fleet.port = port
        self.client = Client(port, self._token)

    # What people do

    def comment(self, text: str, parent: str | None = None) -> str:
        """Somebody comments in Koko; the comment's id."""
        comment_id, now = f"{self._key}-{secrets.token_hex(4)}", _now_ms()
        columns: dict[str, Any] = {"author_id": self._key, "parent_id": parent, "created_at": now, "updated_at": now}
        self.rows.insert("comment", id=comment_id, video_id=self._key, text=text, resolved=0, **columns)
        return comment_id

    def edit(self, comment_id: str, text: str) -> None:
        self.rows.query("UPDATE comment SET text = ?, updated_at = ? WHERE id = ?", text, _now_ms(), comment_id)
        self._edits += 1

    def leave(self, count: int) -> None:
        """Asana's project has so many tasks and no more."""
        for task in self.work.of(CONTAINER)[count:]:
            del self.work.tasks[task.id]

    def expire_token(self) -> None:
        self.rows.query("UPDATE integration SET token_expires_at = 1 WHERE id = ?", self.target)

    # The run, and where it stops

    def start(self, sync_type: str = "full", *entities: str) -> str:
        """Asks for a sync; the job's id."""
        asked = {"entities": list(entities)} if entities else {}
        answer = self.client.call("integration.sync", integrationId=self.target, syncType=sync_type, **asked)
        return str(answer["result"]["job"]["id"])

    def start_unanswered(self) -> str:
        """Asks for a sync whose call hangs; the job's id, as soon as the job is there."""
        self._threads.submit(self.client.call, "integration.sync", integrationId=self.target, entities=["tasks"])
        found = wait_for(lambda: self.query("SELECT id FROM job WHERE integration_id = ?"), "there is no job")
        return str(found[0][0])

    def hang(self, path: str, method: str, *, after: int = 0, late: bool = False) -> Fault:
        """The request of `path` that comes `after` so many others is done at Asana, and the answer does not come; when
        it is `late`, it is not even done."""
        if after:
            self.asana.fail(path, method=method, truthful=True, times=after)
        self._held.append(Event())
        return self.asana.fail(path, method=method, truthful=True, late=late, hang=self._held[-1])

    def wait_until_hanging(self, fault: Fault) -> None:
        wait_for(lambda: fault.times == 0, f"nobody asked for {fault.path}")

    def lock_engine(self) -> None:
        """From now on nothing gets into the engine's store."""
        if self.fleet.is_sqlite:
            lock = sqlite3.connect(self.fleet.engine_file, isolation_level=None)
            self._locks.callback(lock.close)
            lock.execute("BEGIN EXCLUSIVE")
        else:
            connection = self._locks.enter_context(psycopg.connect(self.fleet.database_url))
            connection.execute("LOCK TABLE dbos.workflow_status IN EXCLUSIVE MODE")

    def cut_off(self, executor: str) -> None:
        """PostgreSQL ends the connection that holds a worker's lock."""
        key = lock_key(executor)
        held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32) | objid::bigint = ?"
        self.rows.query(f"SELECT pg_terminate_backend(pid, 5000) FROM ({held}) AS held", key)

    def restart_database(self) -> None:
        """PostgreSQL ends every connection that was there."""
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        self.rows.query(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")

    def let_go(self, fault: Fault | None = None) -> None:
        """What hangs there goes on; without a `fault` whatever hangs, and whatever is locked is free."""
        if fault is not None and fault.hang is not None:
            fault.hang.set()
            return
        for held in self._held:
            held.set()
        self._held.clear()
        self._locks.close()

    def pass_time(self, seconds: int = 60) -> None:
        """Time passes, as far as leases are concerned; so long ago is the last request that was not answered."""
        lease = "UPDATE integration_connection SET refresh_lease_until = refresh_lease_until"
        self.query(f"{lease} - {seconds * 1000} WHERE integration_id = ?")
        self.query(f"UPDATE sync_link SET attempted_at = {_now_ms() - seconds * 1000} WHERE integration_id = ?")

    def runner_of(self, job_id: str) -> subprocess.Popen[bytes]:
        """The process that runs the job."""
        executor = wait_for(lambda: self.job(job_id)[1], "nobody runs the job")
        return self.fleet.process_of(str(executor))

    # What has become of it

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What SQL finds whose first value is the integration."""
        return self.rows.query(sql, self.target, *values)

    def job(self, job_id: str) -> tuple[str, str | None, int, int]:
        """Status, executor, attempt and epoch."""
        status, executor, attempt, epoch = self.rows.query(
            "SELECT status, executor, attempt, epoch FROM job WHERE id = ?", job_id
        )[0]
        return status, executor, attempt, epoch

    def finish(self, job_id: str) -> dict[str, Any]:
        """The job when it has succeeded, by whichever process; then all processes run again."""
        wait_for(lambda: self.job(job_id)[0] in ENDED, f"the job does not end: {self.job(job_id)}", pause_s=0.05)
        self.fleet.complete()
        job: dict[str, Any] = self.client.call("integration.getJob", jobId=job_id)["result"]["job"]
        assert (job["status"], job.get("errors")) == ("succeeded", None), job
        return job

    def sync(self, sync_type: str, *entities: str) -> dict[str, dict[str, Any]]:
        """A whole run; its entities."""
        return entities_of(self.finish(self.start(sync_type, *entities)))

    def items(self, entity: str) -> list[str]:
        found = self.query(
            "SELECT external_id FROM synced_item WHERE integration_id = ? AND entity = ? AND deleted_at IS NULL", entity
        )
        return sorted(row[0] for row in found)

    def linked(self, comment_id: str) -> str:
        """The item that a comment has become."""
        found = self.rows.query("SELECT state, external_id FROM sync_link WHERE koko_id = ?", comment_id)
        assert [row[0] for row in found] == ["linked"], found
        return str(found[0][1])

    def check(self, job_id: str) -> None:
        """Waits for the job. Nothing is lost, nothing is doubled, nothing echoes, and what is told of it adds up."""
        entities = entities_of(self.finish(job_id))
        mine = self.rows.query("SELECT id, parent_id FROM comment WHERE video_id = ?", self._key)
        self._check_comments(mine)
        tasks = self.work.of(CONTAINER)
        there = {
            "projects": list(self.work.projects),
            "tasks": [task.id for task in tasks],
            "comments": [comment.id for task in tasks for comment in task.comments],
            "files": [file.id for task in tasks for file in task.files],
        }
        for entity in entities:
            assert self.items(entity) == sorted(there[entity]), entity
        told = [
            json.loads(row[0]) for row in self.query("SELECT details FROM integration_log WHERE integration_id = ?")
        ]
        assert [one["jobId"] for one in told].count(job_id) == 1
        runs = self.query("SELECT COUNT(*) FROM job WHERE integration_id = ?")
        assert self.query("SELECT SUM(syncs) FROM integration_usage WHERE integration_id = ?") == runs
        sums = {
            name: sum(entity[name] for one in told for entity in one["entities"].values())
            for name in ("created", "updated", "deleted", "pushed", "returned", "failed")
        }
        theirs = sum(len(there[entity]) for entity in entities) - len(mine)
        nothing = {"updated": 0, "deleted": 0, "returned": 0, "failed": 0}
        assert sums == {"created": theirs, "pushed": len(mine) + self._edits, **nothing}
        assert moved(self.sync("incremental", *entities)) == {}, "it echoes"

    def _check_comments(self, mine: list[tuple[Any, ...]]) -> None:
        """Each comment of Koko's is one task or one comment there, and none has come back."""
        assert len(mine) == self.query("SELECT COUNT(*) FROM sync_link WHERE integration_id = ?")[0][0]
        for comment_id, parent_id in mine:
            sign = f"comment={comment_id}"
            made = [task.id for task in self.work.tasks.values() if sign in task.text]
            said = [one.id for task in self.work.tasks.values() for one in task.comments if sign in one.text]
            assert (made, said)[parent_id is not None] == [self.linked(comment_id)]
            assert len(made) + len(said) == 1


def _now_ms() -> int:
    return int(time.time() * 1000)
