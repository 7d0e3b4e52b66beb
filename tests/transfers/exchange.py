"""A team that has a storage connected, and what the tests do with its files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sandbox.s3 import BUCKET, KEYS
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import connect
from tests.service import Service
from tests.sync.team import PROJECT, Koko, Team


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Exchange:
    """`team` connects the provider; files go into the project PROJECT of the team's owner."""

    team: Team

    @property
    def service(self) -> Service:
        return self.team.service

    @property
    def store(self) -> Path:
        return Path(unquote(urlsplit(self.service.settings.asset_store).path))

    def call(self, method: str, token: str | None = None, **params: Any) -> Any:
        asked = {"integrationId": self.team.target, **params}
        return self.service.call(f"integration.{method}", asked, token=token or self.team.people.owner)

    def start(self, *paths: str, **more: Any) -> str:
        """Asks for an import; the job's id."""
        files = [{"externalPath": path} for path in paths]
        job: dict[str, Any] = self.call("importAssets", **({"projectId": PROJECT, "files": files} | more))["job"]
        assert (job["totalFiles"], job["status"]) == (len(more.get("files", files)), "queued")
        return str(job["id"])

    def finish(self, job_id: str) -> dict[str, Any]:
        return self.team.finish(job_id)

    def take(self, *paths: str, **more: Any) -> dict[str, Any]:
        """Imports; the job when it has ended."""
        return self.finish(self.start(*paths, **more))

    def give(self, *asset_ids: str, **more: Any) -> dict[str, Any]:
        """Exports; the job when it has ended."""
        return self.finish(str(self.call("exportAssets", assetIds=list(asset_ids), **more)["job"]["id"]))

    def assets(self) -> list[dict[str, Any]]:
        names = "id project_id uploaded_by name original_file_name file_size mime_type storage_key folder_id".split()
        rows = self.service.rows.query(f"SELECT {', '.join(names)} FROM asset ORDER BY name")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def stored(self, asset: dict[str, Any]) -> bytes:
        content: bytes = (self.store / asset["storage_key"]).read_bytes()
        return content

    def left_behind(self) -> list[str]:
        """Files that no asset's row knows."""
        known = {asset["storage_key"] for asset in self.assets()}
        kept = {str(path.relative_to(self.store)) for path in self.store.rglob("*") if path.is_file()}
        staged = [path.name for path in (self.store.parent / "staging").glob("*")]
        return sorted(kept - known) + staged


def exchange(service: Service, people: People, sandbox: Sandbox, slug: str) -> Exchange:
    koko = Koko(service)
    koko.furnish()
    service.rows.insert("project_member", project_id=PROJECT, user_id="member", role="reviewer", can_upload=0)
    if slug == "s3":
        key, secret = next(iter(KEYS.items()))
        config = {"accessKeyId": key, "secretAccessKey": secret, "bucket": BUCKET, "region": "us-east-1"}
        params = {"teamId": TEAM, "provider": "s3", "config": config}
        target = str(service.call("integration.connect", params, token=people.admin)["integration"]["id"])
    else:
        target = str(connect(service, people.admin, slug)["id"])
    return Exchange(Team(service, people, sandbox, koko, slug, target))
