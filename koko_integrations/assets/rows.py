"""Koko's rows of files: what an import adds, as Koko's own upload makes them, and what an export reads."""

from collections.abc import Sequence
from typing import NamedTuple

import peewee

from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.koko import Asset, AssetFolder, Project, User, Video
from providers.kit.errors import Rejected

MOST_AT_ONCE = 50

# A folder that has been deleted meanwhile does not take its files with it: they are at the top then.
_FOLDER = AssetFolder.select(AssetFolder.id).where(
    (AssetFolder.id == param("folder_id")) & (AssetFolder.project_id == param("project_id"))
)
# So does a user, and then what was imported is the project's owner's.
_UPLOADER = User.select(User.id).where(User.id == param("uploaded_by"))
_OWNER = Project.select(Project.owner_id).where(Project.id == param("project_id"))
_FIND_PROJECT = Statement(Project.select(Project.id).where(Project.id == param("project_id")))
_ADD_ASSET = Statement(
    Asset.insert(
        {
            Asset.id: param("id"),
            Asset.project_id: param("project_id"),
            Asset.uploaded_by: peewee.fn.COALESCE(_UPLOADER, _OWNER),
            Asset.name: param("name"),
            Asset.original_file_name: param("original_file_name"),
            Asset.file_size: param("file_size"),
            Asset.mime_type: param("mime_type"),
            Asset.storage_key: param("storage_key"),
            Asset.storage_url: param("storage_url"),
            Asset.folder_id: _FOLDER,
        }
    )
)
_ADD_VIDEO = Statement(
    Video.insert(
        {
            Video.id: param("id"),
            Video.project_id: param("project_id"),
            Video.title: param("title"),
            Video.status: "processing",
            Video.updated_at: param("now"),
        }
    )
)
_FIND_ASSETS = Statement(
    Asset.select(
        Asset.id,
        Asset.project_id,
        Asset.name,
        Asset.original_file_name,
        Asset.file_size,
        Asset.mime_type,
        Asset.storage_key,
    ).where(Asset.id.in_([param(f"id{number}") for number in range(MOST_AT_ONCE)]) & Asset.deleted_at.is_null())
)


class NewAsset(NamedTuple):
    """A file that is in the store, under `storage_key`."""

    id: str
    project_id: str
    uploaded_by: str
    name: str
    original_file_name: str
    file_size: int
    mime_type: str
    storage_key: str
    storage_url: str
    folder_id: str | None = None


class NewVideo(NamedTuple):
    """A video whose bytes are at Bunny Stream; `id` is the one that it has there."""

    id: str
    project_id: str
    title: str


class StoredAsset(NamedTuple):
    """What an export needs to know of an asset."""

    id: str
    project_id: str
    name: str
    original_file_name: str
    file_size: int
    mime_type: str
    storage_key: str


def add_asset(tx: Transaction, asset: NewAsset) -> None:
    """From now on Koko shows it. Raises Rejected where its project is gone."""
    _require_project(tx, asset.project_id)
    tx.change(_ADD_ASSET, **asset._asdict())


def add_video(tx: Transaction, video: NewVideo, now: int) -> None:
    """From now on Koko shows it, as being processed: its server hears from Bunny Stream when it is ready.

    Raises Rejected where its project is gone."""
    _require_project(tx, video.project_id)
    tx.change(_ADD_VIDEO, **video._asdict(), now=now)


def _require_project(tx: Transaction, project_id: str) -> None:
    if tx.row(_FIND_PROJECT, project_id=project_id) is None:
        raise Rejected("The project has been deleted in Koko")


async def read_assets(database: Database, asset_ids: Sequence[str]) -> dict[str, StoredAsset]:
    """Up to 50 assets, by id; those that are not there or deleted are left out."""
    if not asset_ids:
        return {}
    padded = [*asset_ids, *[asset_ids[-1]] * (MOST_AT_ONCE - len(asset_ids))]
    assert len(padded) == MOST_AT_ONCE, "an input asks for no more"
    rows = await database.read(_FIND_ASSETS, **{f"id{number}": one for number, one in enumerate(padded)})
    return {row[0]: StoredAsset._make(row) for row in rows}
