"""The Jira provider by itself, talking to its stand-in."""

import dataclasses
from typing import Any

from providers.jira import Jira
from providers.kit.connection import Connection, Credentials
from providers.kit.egress import EgressGuard
from providers.kit.http import HttpClient
from providers.kit.items import Change, Draft, Item, Page, Pull
from sandbox.atlassian import SITES
from sandbox.jira import JiraApi
from sandbox.stand_ins import Sandbox

CUT, VFX = "10000", "10001"
WONT_DO, DONE = "100108", "100109"
SITE = f"/ex/jira/{SITES[0]['id']}/rest/api/3"
SCOPES = ("read:jira-user", "read:jira-work", "write:jira-work")
URL = "https://app.koko.test/videos/video-1?t=62.5&comment=comment-1"
TEXT = f"Brighter, please\n  and warmer\n\n\n— Ada in Koko at 1:02.5, “Trailer”\n{URL}"
DRAFT = Draft(title="Brighter, please", text=TEXT, url=URL, koko_id="comment-1")


@dataclasses.dataclass
class Talk:
    """The provider, connected to its stand-in."""

    provider: Jira
    connection: Connection
    sandbox: Sandbox

    @property
    def api(self) -> JiraApi:
        return self.sandbox.atlassian.jira_api

    def pages(self, entity: Any = "tasks", container: str | None = CUT, since: str | None = None) -> list[Page]:
        pages: list[Page] = []
        cursor: str | None = None
        while not pages or cursor is not None:
            asked = Pull(entity=entity, container=container, since=since, cursor=cursor)
            pages.append(self.provider.pull(self.connection, asked))
            cursor = pages[-1].cursor
        return pages

    def items(self, entity: str | None = None, since: str | None = None) -> dict[str, Item]:
        found = [item for page in self.pages(since=since) for item in page.items if item.entity == entity]
        assert len({item.id for item in found}) == len(found), "none comes twice"
        return {item.id: item for item in found}

    def create(self, **changes: Any) -> Item:
        return self.provider.create_task(self.connection, CUT, dataclasses.replace(DRAFT, **changes))

    def update(self, task_id: str, **changes: Any) -> Item:
        change = Change(**{"url": URL, "koko_id": "comment-1", **changes})
        return self.provider.update_task(self.connection, CUT, task_id, change)

    def fail(self, path: str, **fault: Any) -> None:
        self.sandbox.atlassian.fail(f"{SITE}{path}", **fault)

    def asked(self, path: str) -> list[Any]:
        return [seen.data for seen in self.sandbox.atlassian.requests_to(f"{SITE}{path}")]

    def links(self, task_id: str) -> list[tuple[Any, Any]]:
        """The address and the state of each link of an issue."""
        found: list[Any] = self.api.work.tasks[task_id].links
        return [(link["object"]["url"], link["object"]["status"]["resolved"]) for link in found]


def talk_to(sandbox: Sandbox) -> Talk:
    """A connection of the first site, with all scopes."""
    http = HttpClient(EgressGuard(), sandbox.hosting.origins, sleep=lambda _: None)
    token = sandbox.atlassian.jira.issue(SCOPES).access
    config = {"cloudId": SITES[0]["id"], "siteUrl": SITES[0]["url"]}
    return Talk(Jira(http), Connection(credentials=Credentials(access_token=token), config=config), sandbox)
