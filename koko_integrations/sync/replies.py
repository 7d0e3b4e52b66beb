"""A reply in Koko and the comment on the task that it belongs to; and what is said at the provider about our tasks."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from koko_integrations.database import Transaction
from koko_integrations.sync import comments, items, links
from koko_integrations.sync.comments import Candidate
from koko_integrations.sync.merging import Merged, Sides
from koko_integrations.sync.progress import EntityProgress
from koko_integrations.sync.pushing import Pushing
from koko_integrations.sync.wording import compose, frame_url, same_words
from providers.kit.connection import Connection
from providers.kit.items import Item


class ReplyPushing(Pushing):
    """Keeps replies and comments at the provider in step."""

    entity = "comments"

    async def push(self) -> None:
        """Every reply that is not in step; then what was said at the provider and is not in Koko yet."""
        await self._push_each(comments.REPLIES_TO_DO, self._push)
        if not self._run.dry:
            await self._return_new()

    async def _push(self, candidate: Candidate) -> None:
        comment, link, task_id = candidate.comment, candidate.link, str(candidate.task_id)
        text = compose(comment, frame_url(self._run.parts.web_url, comment))
        if link is None:

            def create_comment(connection: Connection) -> Item:
                return self._provider.create_comment(connection, self._container, task_id, text)

            await self._create(candidate, task_id, "", create_comment)
            return
        sides = await self._sides(candidate, link)
        if sides is None:
            return
        if link.origin == "external":
            await self._return_edit(candidate, sides)
            return
        # Resolving a reply means nothing at the provider.
        merged = replace(sides.merge(), done=comment.resolved)
        self._note_conflict(merged)
        item = None
        if not same_words(merged.text, sides.words):
            new_text = compose(replace(comment, text=merged.text), frame_url(self._run.parts.web_url, comment))
            comment_id = str(link.external_id)

            def update_comment(connection: Connection) -> Item:
                return self._provider.update_comment(connection, self._container, task_id, comment_id, new_text)

            if self._run.dry:
                await self._count_pushed()
                return
            item = await self._update(link, update_comment)
            if item is None:
                return
        if not self._run.dry:
            await self._agree(candidate, merged, item, title="")

    async def _return_new(self) -> None:
        """What people said at the provider about our tasks becomes replies in Koko, in the name of who connected."""
        author = self._run.integration.connected_by
        where = {"integration_id": self._integration_id, "container": self._container}
        after = ""
        while rows := await self._run.parts.database.read_long(comments.UNRETURNED, **where, after=after):
            after = rows[-1][0]
            if author is None:
                self._run.progress.note("Comments are not brought to Koko: nobody is on record as having connected")
                return

            def keep(tx: Transaction, rows: list[Any] = rows, author: str = author) -> tuple[None, EntityProgress]:
                now = self._run.now()
                for external_id, content, task_id, koko_id, video_id in rows:
                    text = self._as_reply(items.load(content))
                    made = comments.add(tx, video_id, author, text, parent_id=koko_id, now=now)
                    links.link_returned(tx, self._place, made, external_id, task_id, text, now)
                return None, self._run.entity(self.entity).plus(returned=len(rows))

            await self._run.commit(keep)

    async def _return_edit(self, candidate: Candidate, sides: Sides) -> None:
        merged = Merged("", self._as_reply(sides.content), candidate.comment.resolved)
        if not self._run.dry:
            await self._agree(candidate, merged, None, title="")

    def _as_reply(self, content: Mapping[str, Any]) -> str:
        return f"{content.get('author') or 'Somebody'} ({self._run.name}): {content.get('text') or ''}"
