"""create_task: a task, issue, item, page or card in a project management tool.

The task of a comment is the one that the sync would make: it is linked in the same ledger, so that there is one, and
both keep it in step from then on.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from koko_integrations.clock import Clock
from koko_integrations.connections.asking import Asker
from koko_integrations.database import Database
from koko_integrations.registry import Registry
from koko_integrations.rpc.fields import Text
from koko_integrations.rpc.wire import present
from koko_integrations.sync.wording import KokoComment, compose, frame_url, title_of
from koko_integrations.triggers import tasks
from koko_integrations.triggers.actions.action import (
    Action,
    Outcome,
    Plan,
    Scene,
    TargetedConfig,
    missing_names,
)
from koko_integrations.triggers.actions.making import Making
from koko_integrations.triggers.actions.mapped import FieldWorker
from koko_integrations.triggers.actions.refusals import later
from koko_integrations.triggers.actions.rendering import TITLES, WORDS, render, render_line, usual, video_url
from koko_integrations.triggers.tasks import Link
from providers.kit.base import PushesItems
from providers.kit.items import Draft


class TaskConfig(TargetedConfig):
    """`projectId` is the provider's: a project, board or data source."""

    projectId = Text(min_chars=1, max_chars=2048)
    title = Text()
    description = Text()


class CreateTask(Action):
    name = "create_task"
    schema = TaskConfig()
    needs = PushesItems
    lacking = "has no tasks; name an integration of Asana, Jira, monday, Notion or Trello by config.integrationId"

    def __init__(
        self,
        clock: Clock,
        database: Database,
        registry: Registry,
        asker: Asker,
        fields: FieldWorker,
        web_url: str,
    ) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._asker = asker
        self._fields = fields
        self._web_url = web_url

    def templates(self, config: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
        for name in ("title", "description"):
            if name in config:
                yield name, config[name], False

    async def plan(self, scene: Scene) -> Plan:
        target, occasion = scene.target, scene.occasion
        row = None
        if occasion.comment_id is not None:
            row = await self._database.read_one(tasks.FIND_COMMENT, id=occasion.comment_id, team_id=occasion.team_id)
        comment = None if row is None else tasks.read_comment(row)
        mapping = target.config.get("projectMapping") or {}
        mapped = mapping.get(occasion.project_of() if row is None else row[-1])
        container = scene.config.get("projectId") or mapped
        draft, warnings = self._draft(scene, comment)
        does = present(provider=target.provider, projectId=container, title=draft.title, description=draft.text)
        if container is None:
            said = "No project there is mapped to the event's project; set projectId, or projectMapping by configure"
            return Plan(does=does, warnings=warnings, problem=said)
        link = None if comment is None else await self._link(target.id, comment)
        if link is not None and link.container == container and link.entity == "tasks":
            if link.state == "linked":
                return _has_it(does, link)
            if link.state == "creating":
                return Plan(does=does, warnings=("The sync is making this comment's task right now",), perform=_wait)
        # A reply's place in the ledger is that of a comment, and the one there is of the mapped project's task.
        is_linkable = comment is not None and comment.parent_id is None and link is None
        provider = self._registry.find(target.provider)
        assert isinstance(provider, PushesItems), "what it needs is checked before it is planned"
        making = Making(
            clock=self._clock,
            database=self._database,
            asker=self._asker,
            fields=self._fields,
            provider=provider,
            target=target,
            container=container,
            draft=draft,
            comment=comment,
            links=is_linkable and mapped in (None, container),
        )
        fields, problems = await making.preview()
        return Plan(
            does=does | ({"fields": fields} if fields else {}),
            warnings=(*warnings, *problems),
            intend=making.intend,
            perform=making.perform,
        )

    def _draft(self, scene: Scene, comment: KokoComment | None) -> tuple[Draft, tuple[str, ...]]:
        """The task, and warnings. Where a template has the words, the link does not name the comment: the sync would
        take the words for the comment's own, edited there."""
        config, occasion = scene.config, scene.occasion
        lacking: list[tuple[str, list[str]]] = []
        title = title_of(comment) if comment is not None else ""
        if "title" in config or comment is None:
            rendered, names = render_line(scene, config.get("title") or usual(TITLES, occasion.type))
            title = rendered or title or occasion.type
            lacking.append(("title", names))
        url = video_url(self._web_url, occasion) if comment is None else frame_url(self._web_url, comment)
        if "description" in config or comment is None:
            words, names = render(scene, config.get("description") or usual(WORDS, occasion.type))
            lacking.append(("description", names if "description" in config else []))
            text = f"{words.rstrip()}\n\n{video_url(self._web_url, occasion)}".lstrip()
        else:
            text = compose(comment, url)
        koko_id = occasion.comment_id or occasion.video_id or str(occasion.id)
        return Draft(title=title, text=text, url=url, koko_id=koko_id), missing_names(scene, *lacking)

    async def _link(self, integration_id: str, comment: KokoComment) -> Link | None:
        row = await self._database.read_one(tasks.FIND_LINK, integration_id=integration_id, koko_id=comment.id)
        return None if row is None else Link._make(row)


def _has_it(does: Mapping[str, Any], link: Link) -> Plan:
    async def perform() -> Outcome:
        return Outcome(status="succeeded", result={"taskId": link.external_id, "note": HAS_ONE})

    return Plan(does={**does, "taskId": link.external_id}, warnings=(HAS_ONE,), perform=perform)


async def _wait() -> Outcome:
    return later("The sync is making this comment's task", None)


HAS_ONE = "The comment has this task already, so no other is made"
