"""The project management providers as the contract suite sees them: one row each."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.kit.stand_in import StandIn
from sandbox.kit.work import Work
from sandbox.stand_ins import Sandbox


@dataclass(frozen=True, kw_only=True)
class Case:
    """One provider. `container` is a furnished project (board, data source), `duplicated` the name that two of the
    statuses of `duplicating` share. `create_path` is where the provider is asked to make a task.

    Where a list does not carry a task's text, `has_text` is off; where new comments are only seen by a full pass,
    `notices_comments` is; where a comment cannot be edited there, `edits_comments` is.
    """

    slug: str
    stand_in: Callable[[Sandbox], StandIn]
    work: Callable[[Sandbox], Work]
    entities: tuple[str, ...]
    container: str
    duplicating: str
    duplicated: str
    create_path: str
    has_text: bool = True
    notices_comments: bool = True
    edits_comments: bool = True


CASES = [
    Case(
        slug="asana",
        stand_in=lambda sandbox: sandbox.asana,
        work=lambda sandbox: sandbox.asana.work,
        entities=("projects", "tasks", "comments", "files"),
        container="1400",
        duplicating="1401",
        duplicated="In review",
        create_path="/api/1.0/tasks",
    ),
    Case(
        slug="notion",
        stand_in=lambda sandbox: sandbox.notion,
        work=lambda sandbox: sandbox.notion.work,
        entities=("projects", "tasks", "comments", "files"),
        container="5a000000-0000-4000-8000-000000000001",
        duplicating="5a000000-0000-4000-8000-000000000002",
        duplicated="Review",
        create_path="/v1/pages",
        notices_comments=False,
    ),
    Case(
        slug="trello",
        stand_in=lambda sandbox: sandbox.atlassian,
        work=lambda sandbox: sandbox.atlassian.trello_api.work,
        entities=("projects", "tasks", "comments", "files"),
        container="5abbe4b7ddc1b351ef961415",
        duplicating="5abbe4b7ddc1b351ef961416",
        duplicated="Done",
        create_path="/1/cards",
    ),
    Case(
        slug="monday",
        stand_in=lambda sandbox: sandbox.monday,
        work=lambda sandbox: sandbox.monday.work,
        entities=("projects", "tasks", "comments", "files"),
        container="501",
        duplicating="502",
        duplicated="In review",
        create_path="/v2",
    ),
    Case(
        slug="jira",
        stand_in=lambda sandbox: sandbox.atlassian,
        work=lambda sandbox: sandbox.atlassian.jira_api.work,
        entities=("projects", "tasks", "comments", "files"),
        container="10000",
        duplicating="10001",
        duplicated="Review",
        create_path="/ex/jira/11111111-aaaa-4bbb-8ccc-000000000001/rest/api/3/issue",
    ),
]
