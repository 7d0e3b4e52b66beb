"""A team at work in Koko and at a provider, and the sync between the two."""

import json
import time
from dataclasses import dataclass
from typing import Any

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.connections.consent import connect
from tests.service import FakeClock, RpcError, Service

PROJECT = "proj-1"
VIDEO = "video-1"


def clock_of_today() -> FakeClock:
    """The providers' stand-ins live in real time: which side is newer is judged by comparing."""
    return FakeClock(int(time.time() * 1000))


@dataclass
class Koko:
    """Koko's own server: projects, videos and comments, written straight to its tables."""

    service: Service

    def furnish(self) -> None:
        """A project of the team's owner with one video."""
        self.add_project(PROJECT)
        self.add_video(VIDEO, PROJECT, "Trailer v3")

    def add_project(self, project_id: str, owner: str = "owner") -> None:
        self.service.rows.insert("project", id=project_id, name=project_id, owner_id=owner, status="active")

    def add_video(self, video_id: str, project_id: str, title: str) -> None:
        self.service.rows.insert(
            "video", id=video_id, project_id=project_id, title=title, status="ready", updated_at=self.service.clock.now
        )

    def comment(self, comment_id: str, text: str, **columns: Any) -> str:
        now = self.service.clock.now
        row = {"video_id": VIDEO, "author_id": "member", "resolved": 0, "created_at": now, "updated_at": now} | columns
        self.service.rows.insert("comment", id=comment_id, text=text, **row)
        return comment_id

    def change(self, comment_id: str, **columns: Any) -> None:
        columns.setdefault("updated_at", self.service.clock.now)
        names = ", ".join(f"{name} = ?" for name in columns)
        self.service.rows.query(f"UPDATE comment SET {names} WHERE id = ?", *columns.values(), comment_id)

    def delete(self, comment_id: str) -> None:
        self.service.rows.query("DELETE FROM comment WHERE id = ?", comment_id)

    def read(self, comment_id: str) -> dict[str, Any]:
        row = self.service.rows.query(
            "SELECT text, resolved, resolved_by, parent_id FROM comment WHERE id = ?", comment_id
        )[0]
        return dict(zip(("text", "resolved", "resolved_by", "parent_id"), row, strict=True))

    def replies(self, comment_id: str) -> list[str]:
        found = self.service.rows.query("SELECT text FROM comment WHERE parent_id = ? ORDER BY created_at", comment_id)
        return [row[0] for row in found]


@dataclass
class Team:
    """An integration of the team, and what the tests do with it."""

    service: Service
    people: People
    sandbox: Sandbox
    koko: Koko
    slug: str
    target: str

    def configure(self, **config: Any) -> dict[str, Any]:
        params = {"integrationId": self.target, "config": config}
        result = self.service.call("integration.configure", params, token=self.people.admin)
        found: dict[str, Any] = result["integration"]
        return found

    def refuse_configure(self, **config: Any) -> RpcError:
        try:
            self.configure(**config)
        except RpcError as refused:
            return refused
        raise AssertionError("it was accepted")

    def start(self, **params: Any) -> str:
        """Asks for a sync; the job's id."""
        asked = {"integrationId": self.target, **params}
        result = self.service.call("integration.sync", asked, token=self.people.admin)
        job_id: str = result["job"]["id"]
        return job_id

    def finish(self, job_id: str) -> dict[str, Any]:
        """The job when its attempt is over."""
        self.service.run(lambda _: self.service.engine.idle())
        return self.job(job_id)

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.service.call("integration.getJob", {"jobId": job_id}, token=self.people.member)
        job: dict[str, Any] = found["job"]
        return job

    def sync(self, sync_type: str = "incremental", **params: Any) -> dict[str, Any]:
        return self.finish(self.start(syncType=sync_type, **params))

    def succeed(self, sync_type: str = "incremental", **params: Any) -> dict[str, dict[str, Any]]:
        """A sync in which nothing goes wrong: its entities, by name."""
        job = self.sync(sync_type, **params)
        assert (job["status"], job.get("errors")) == ("succeeded", None), job
        return entities_of(job)

    def logs(self, **filters: Any) -> list[dict[str, Any]]:
        params = {"integrationId": self.target, **filters}
        found: list[dict[str, Any]] = self.service.call("integration.getLogs", params, token=self.people.admin)["logs"]
        return found

    def integration(self) -> dict[str, Any]:
        result = self.service.call("integration.getStatus", {"integrationId": self.target}, token=self.people.admin)
        found: dict[str, Any] = result["integration"]
        return found

    def items(self, entity: str) -> dict[str, dict[str, Any]]:
        """What was pulled and not deleted since, by external id."""
        rows = self.service.rows.query(
            "SELECT external_id, content FROM synced_item"
            " WHERE entity = ? AND integration_id = ? AND deleted_at IS NULL",
            entity,
            self.target,
        )
        return {external_id: json.loads(content) for external_id, content in rows}

    def linked(self, comment_id: str) -> str:
        """The item that a comment has become."""
        found = self.service.rows.query("SELECT external_id FROM sync_link WHERE koko_id = ?", comment_id)
        assert found, f"{comment_id} is not linked"
        external_id: str = found[0][0]
        return external_id


def entities_of(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entity["entity"]: entity for entity in job["entities"]}


def moved(entities: dict[str, dict[str, Any]]) -> dict[str, int]:
    """What changed on either side, summed over the entities; nothing that is zero."""
    names = ("created", "updated", "deleted", "pushed", "returned", "failed")
    sums = {name: sum(entity[name] for entity in entities.values()) for name in names}
    return {name: count for name, count in sums.items() if count}


def join(service: Service, people: People, sandbox: Sandbox, slug: str) -> Team:
    """Connects the provider for a team that has a project with a video in Koko."""
    koko = Koko(service)
    koko.furnish()
    target = str(connect(service, people.admin, slug)["id"])
    return Team(service, people, sandbox, koko, slug, target)
