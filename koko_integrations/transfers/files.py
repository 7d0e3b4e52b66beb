"""Rows of the files of a job, and the ledger of what has been imported."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import peewee

from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.koko import Asset, Video
from koko_integrations.models import ImportedFile
from koko_integrations.models import JobFile as Row
from koko_integrations.rpc.wire import present

LEFT = peewee.JOIN.LEFT_OUTER
UNFINISHED = ("pending", "running", "landing")

COLUMNS = (
    Row.job_id,
    Row.number,
    Row.external_path,
    Row.title,
    Row.name,
    Row.mime_type,
    Row.status,
    Row.asset_id,
    Row.video_id,
    Row.external_id,
    Row.version,
    Row.size,
    Row.done_bytes,
    Row.sha256,
    Row.session,
    Row.error,
)
_THIS = (Row.job_id == param("job_id")) & (Row.number == param("number"))
OF_JOB = Statement(Row.select(*COLUMNS).where(Row.job_id == param("job_id")).order_by(Row.number))
_INSERT = Statement(
    Row.insert(
        {
            Row.job_id: param("job_id"),
            Row.number: param("number"),
            Row.external_path: param("external_path"),
            Row.title: param("title"),
            Row.asset_id: param("asset_id"),
            Row.status: "pending",
            Row.done_bytes: 0,
        }
    )
)
_SAVE = Statement(
    Row.update(
        {
            Row.external_path: param("external_path"),
            Row.name: param("name"),
            Row.mime_type: param("mime_type"),
            Row.status: param("status"),
            Row.asset_id: param("asset_id"),
            Row.video_id: param("video_id"),
            Row.external_id: param("external_id"),
            Row.version: param("version"),
            Row.size: param("size"),
            Row.done_bytes: param("done_bytes"),
            Row.sha256: param("sha256"),
            Row.session: param("session"),
            Row.error: param("error"),
        }
    ).where(_THIS)
)
# What has been deleted in Koko since may be imported again.
_FIND_IMPORTED = Statement(
    ImportedFile.select(ImportedFile.asset_id, ImportedFile.video_id)
    .join(Asset, LEFT, on=(Asset.id == ImportedFile.asset_id))
    .join(Video, LEFT, on=(Video.id == ImportedFile.video_id))
    .where(
        (ImportedFile.integration_id == param("integration_id"))
        & (ImportedFile.project_id == param("project_id"))
        & (ImportedFile.external_id == param("external_id"))
        & (ImportedFile.version == param("version"))
        & ((Asset.id.is_null(False) & Asset.deleted_at.is_null()) | Video.id.is_null(False))
    )
)
_KEEP_IMPORTED = Statement(
    ImportedFile.insert(
        {
            ImportedFile.integration_id: param("integration_id"),
            ImportedFile.project_id: param("project_id"),
            ImportedFile.external_id: param("external_id"),
            ImportedFile.version: param("version"),
            ImportedFile.asset_id: param("asset_id"),
            ImportedFile.video_id: param("video_id"),
            ImportedFile.imported_at: param("now"),
        }
    ).on_conflict(
        conflict_target=[
            ImportedFile.integration_id,
            ImportedFile.project_id,
            ImportedFile.external_id,
            ImportedFile.version,
        ],
        update={
            ImportedFile.asset_id: peewee.EXCLUDED.asset_id,
            ImportedFile.video_id: peewee.EXCLUDED.video_id,
            ImportedFile.imported_at: peewee.EXCLUDED.imported_at,
        },
    )
)


class JobFile(NamedTuple):
    """One file of a job: its columns. Sizes in bytes."""

    job_id: str
    number: int
    external_path: str | None
    title: str | None
    name: str | None
    mime_type: str | None
    status: str
    asset_id: str | None
    video_id: str | None
    external_id: str | None
    version: str | None
    size: int | None
    done_bytes: int
    sha256: str | None
    session: str | None
    error: str | None

    @property
    def is_finished(self) -> bool:
        return self.status not in UNFINISHED

    def to_wire(self) -> dict[str, Any]:
        """integration.getJob's file. An asset's id is only told once it is there."""
        there = self.status in ("done", "skipped")
        return present(
            externalPath=self.external_path,
            title=self.title,
            name=self.name,
            status="running" if self.status == "landing" else self.status,
            size=self.size,
            done=self.done_bytes,
            assetId=self.asset_id if there else None,
            videoId=self.video_id if there else None,
            error=self.error,
        )


def add(tx: Transaction, job_id: str, files: Iterable[dict[str, Any]]) -> None:
    """The files of a new job: `external_path`, `title` and `asset_id` of each, where they are known."""
    blank = {"external_path": None, "title": None, "asset_id": None}
    tx.change_many(_INSERT, [blank | file | {"job_id": job_id, "number": number} for number, file in enumerate(files)])


def save(tx: Transaction, file: JobFile) -> None:
    tx.change(_SAVE, **{name: value for name, value in file._asdict().items() if name != "title"})


async def find_imported(
    database: Database, integration_id: str, project_id: str, external_id: str, version: str
) -> tuple[str | None, str | None] | None:
    """The asset's and the video's id of this version of a file, if it is in the project already."""
    row = await database.read_one(
        _FIND_IMPORTED,
        integration_id=integration_id,
        project_id=project_id,
        external_id=external_id,
        version=version,
    )
    return None if row is None else (row[0], row[1])


def keep_imported(tx: Transaction, integration_id: str, project_id: str, file: JobFile, now: int) -> None:
    """From now on this version is not imported again."""
    tx.change(
        _KEEP_IMPORTED,
        integration_id=integration_id,
        project_id=project_id,
        external_id=file.external_id,
        version=file.version,
        asset_id=file.asset_id,
        video_id=file.video_id,
        now=now,
    )
