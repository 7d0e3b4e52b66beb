"""The Notion provider in talk with its stand-in, without the service."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from providers.kit.connection import Connection, Credentials
from providers.kit.egress import EgressGuard
from providers.kit.http import HttpClient
from providers.kit.items import Change, Draft, Item, Page, Pull
from providers.notion import Notion
from sandbox.kit.notion.pages import DataSource
from sandbox.kit.work import Column
from sandbox.notion import NotionStandIn
from sandbox.stand_ins import Sandbox

FIRST, SECOND = "5a000000-0000-4000-8000-000000000001", "5a000000-0000-4000-8000-000000000002"
FIRST_DATABASE = "5d000000-0000-4000-8000-000000000001"
URL = "https://app.koko.test/videos/video-1?t=62.5&comment=comment-1"
TEXT = f"Brighter, please\nand warmer\n\n— Ada in Koko at 1:02.5, “Trailer”\n{URL}"
DRAFT = Draft(title="Brighter, please", text=TEXT, url=URL, koko_id="comment-1")


@dataclasses.dataclass
class Talk:
    """The provider, connected to its stand-in."""

    provider: Notion
    connection: Connection
    stand_in: NotionStandIn

    def pull(self, container: str = FIRST, *, since: str | None = None) -> list[Page]:
        pages: list[Page] = []
        cursor: str | None = None
        while not pages or cursor is not None:
            asked = Pull(entity="tasks", container=container, since=since, cursor=cursor)
            pages.append(self.provider.pull(self.connection, asked))
            cursor = pages[-1].cursor
        return pages

    def read(self, task_id: str, container: str = FIRST) -> Item:
        return next(item for page in self.pull(container) for item in page.items if item.id == task_id)

    def create(self, container: str = FIRST, **changes: Any) -> Item:
        return self.provider.create_task(self.connection, container, dataclasses.replace(DRAFT, **changes))

    def update(self, task_id: str, container: str = FIRST, **changes: Any) -> Item:
        change = Change(url=URL, koko_id="comment-1", **changes)
        return self.provider.update_task(self.connection, container, task_id, change)

    def add_source(self, columns: Sequence[Column], database: str = "5d000000-0000-4000-8000-000000000003",
                   **schema: str) -> str:  # fmt: skip
        source = DataSource(self.stand_in.work.new_id(), "Another", columns, database=database, schema=schema)
        self.stand_in.work.add_project(source)
        return source.id


def connect_notion(sandbox: Sandbox) -> Talk:
    http = HttpClient(EgressGuard(), sandbox.hosting.origins, sleep=lambda _: None)
    token = sandbox.notion.oauth.issue(()).access
    return Talk(Notion(http), Connection(credentials=Credentials(access_token=token)), sandbox.notion)


def tasks(pages: list[Page]) -> list[str]:
    return [item.id for page in pages for item in page.items if item.entity is None]


def bare(item: Item) -> Item:
    """Its content."""
    return dataclasses.replace(item, modified_at=None)
