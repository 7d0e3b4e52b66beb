"""Koko's rows of what was imported, on both kinds of database."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from koko_integrations.assets.rows import (
    NewAsset,
    NewVideo,
    StoredAsset,
    add_asset,
    add_video,
    read_assets,
)
from koko_integrations.database import Database, open_database
from providers.kit.errors import Rejected
from tests.service import Rows

T = TypeVar("T")


@dataclass
class Koko:
    """Koko's tables, and the database as the service sees it."""

    url: str
    rows: Rows

    def run(self, work: Callable[[Database], Awaitable[T]]) -> T:
        async def run() -> T:
            database = open_database(self.url)
            try:
                return await work(database)
            finally:
                database.close()

        return asyncio.run(run())

    def add(self, **changes: Any) -> None:
        asset = ASSET._replace(**changes)
        self.run(lambda database: database.write(lambda tx: add_asset(tx, asset)))


ASSET = NewAsset(
    id="asset_1",
    project_id="proj_1",
    uploaded_by="user_1",
    name="Übersicht",
    original_file_name="Übersicht 🎬.mov",
    file_size=6_000_000_000,
    mime_type="video/quicktime",
    storage_key="integrations/proj_1/asset_1/Ubersicht.mov",
    storage_url="file:///var/assets/integrations/proj_1/asset_1/Ubersicht.mov",
)


@pytest.fixture
def koko(database_url: str) -> Iterator[Koko]:
    rows = Rows(database_url)
    rows.insert("user", id="user_1", name="Ada", email="ada@koko.test")
    for project in ("proj_1", "proj_2"):
        rows.insert("project", id=project, name=project, owner_id="user_1", status="active")
        rows.insert("asset_folder", id=f"folder_of_{project}", project_id=project, name="Rushes")
    yield Koko(database_url, rows)
    rows.close()


def test_an_asset_as_koko_has_it(koko: Koko) -> None:
    koko.add(folder_id="folder_of_proj_1")
    columns = ", ".join(ASSET._fields)
    expected = ASSET._replace(folder_id="folder_of_proj_1")
    assert koko.rows.query(f"SELECT {columns}, deleted_at FROM asset") == [(*expected, None)]


@pytest.mark.parametrize("folder_id", [None, "folder_gone", "folder_of_proj_2"])
def test_without_its_folder_an_asset_is_at_the_top(koko: Koko, folder_id: str | None) -> None:
    koko.add(folder_id=folder_id)
    assert koko.rows.query("SELECT folder_id FROM asset") == [(None,)]


def test_a_video_as_koko_has_it(koko: Koko) -> None:
    video = NewVideo("guid-1", "proj_1", "Trailer")
    koko.run(lambda database: database.write(lambda tx: add_video(tx, video, 1_763_000_000_000)))
    found = koko.rows.query("SELECT id, project_id, title, description, tags, status, duration, updated_at FROM video")
    assert found == [("guid-1", "proj_1", "Trailer", None, None, "processing", None, 1_763_000_000_000)]


def test_a_project_that_is_gone(koko: Koko) -> None:
    video = NewVideo("guid-1", "proj_gone", "Trailer")
    with pytest.raises(Rejected, match="The project has been deleted in Koko"):
        koko.run(lambda database: database.write(lambda tx: add_video(tx, video, 1)))
    with pytest.raises(Rejected, match="The project has been deleted in Koko"):
        koko.add(project_id="proj_gone")


def test_in_whose_name_when_that_user_is_gone(koko: Koko) -> None:
    koko.add(uploaded_by="user_gone")
    assert koko.rows.query("SELECT uploaded_by FROM asset") == [("user_1",)], "the project's owner"


def test_assets_to_export(koko: Koko) -> None:
    for number in range(50):
        koko.add(id=f"asset_{number}", storage_key=f"key_{number}")
    koko.rows.query("UPDATE asset SET deleted_at = 1 WHERE id = ?", "asset_3")

    def read(*ids: str) -> dict[str, StoredAsset]:
        return koko.run(lambda database: read_assets(database, ids))

    assert read() == {}
    assert read("asset_3", "asset_gone") == {}
    found = read("asset_1", "asset_3", "asset_2")
    assert set(found) == {"asset_1", "asset_2"}
    assert found["asset_2"] == StoredAsset(
        "asset_2", "proj_1", "Übersicht", "Übersicht 🎬.mov", 6_000_000_000, "video/quicktime", "key_2"
    )
    assert len(read(*(f"asset_{number}" for number in range(50)))) == 49
