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
]
