"""After a crash between asking a provider to make something and hearing that it did: what we meant to make is looked
for among what has been pulled since, and only made again when it is not there."""

from typing import Any

import peewee

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import SyncedItem, SyncLink
from koko_integrations.sync import items, links
from koko_integrations.sync.links import Link
from koko_integrations.sync.progress import EntityProgress
from koko_integrations.sync.run import Run
from koko_integrations.sync.statuses import StatusChoice
from koko_integrations.sync.wording import koko_id_in

_NEW_AND_UNLINKED = Statement(
    SyncedItem.select(SyncedItem.external_id, SyncedItem.content)
    .join(
        SyncLink,
        peewee.JOIN.LEFT_OUTER,
        on=(
            (SyncLink.integration_id == SyncedItem.integration_id)
            & (SyncLink.entity == SyncedItem.entity)
            & (SyncLink.external_id == SyncedItem.external_id)
        ),
    )
    .where(
        (SyncedItem.integration_id == param("integration_id"))
        & (SyncedItem.entity == param("entity"))
        & (SyncedItem.container == param("container"))
        & (SyncedItem.first_seen_at >= param("since"))
        & SyncedItem.deleted_at.is_null()
        & SyncLink.koko_id.is_null()
    )
)


async def unconfirmed(run: Run, container: str) -> list[Link]:
    """What was asked for and never confirmed."""
    rows = await run.parts.database.read(links.UNCONFIRMED, integration_id=run.integration.id, container=container)
    return [Link._make(row) for row in rows]


async def adopt(run: Run, left: list[Link], choice: StatusChoice) -> None:
    """Links each to what it made; those that made nothing are forgotten, so that they are made now."""
    for link in left:

        def settle(tx: Transaction, link: Link = link) -> tuple[None, EntityProgress]:
            progress = run.entity(link.entity)
            found = _find(tx, run, link)
            if found is None:
                links.forget(tx, run.integration.id, link.koko_id)
                return None, progress
            external_id, content = found
            title, done = link.base_title, bool(link.base_done)
            if link.entity == "tasks":
                title = str(content.get("title") or "")
                # Made and not yet moved is not done: what it lacks is seen, and pushed.
                done = choice.reads_as_done(content.get("statusId"), done=bool(content.get("done")))
            links.link(tx, run.integration.id, link.koko_id, external_id)
            links.agree(tx, run.integration.id, link.koko_id, title=title, text=link.base_text, done=done)
            # The pull, of this run or of one before, has taken it for somebody else's.
            return None, progress.plus(pushed=1, created=-min(1, progress.created))

        await run.commit(settle)


def _find(tx: Transaction, run: Run, link: Link) -> tuple[str, dict[str, Any]] | None:
    """By our own link in its text; where lists carry no text, by its title."""
    rows = tx.rows(
        _NEW_AND_UNLINKED,
        integration_id=run.integration.id,
        entity=link.entity,
        container=link.container,
        since=link.attempted_at,
    )
    for external_id, encoded in rows:
        content = items.load(encoded)
        text = content.get("text")
        if text is not None:
            if koko_id_in(text, run.parts.web_url) == link.koko_id:
                return str(external_id), content
        elif link.base_title and content.get("title") == link.base_title:
            return str(external_id), content
    return None
