"""Pushing, and bringing back: Koko's comments and their tasks at the provider are kept in step.

A comment becomes a task of the mapped project, a reply a comment on that task. Both sides are compared with what they
last agreed on: one that differs has changed, and goes to the other; where both have, the newer one wins. Whatever is
about to be made is written down first, so that after a crash it is looked for before it is made again.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from koko_integrations.database import Statement, Transaction
from koko_integrations.sync import comments, items, links
from koko_integrations.sync.comments import Candidate
from koko_integrations.sync.items import Place
from koko_integrations.sync.links import Link
from koko_integrations.sync.progress import EntityProgress
from koko_integrations.sync.run import Run
from koko_integrations.sync.statuses import StatusChoice
from koko_integrations.sync.wording import compose, frame_url, read_back, same_words, title_of
from providers.kit.base import PushesItems
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected, Transient
from providers.kit.items import Change, Draft, Item

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Merged:
    """What both sides are to be."""

    title: str
    text: str
    done: bool
    conflict: str | None = None


class Pusher:
    """Keeps one Koko project and the container that it is mapped to in step."""

    def __init__(self, run: Run, provider: PushesItems, project_id: str, container: str, choice: StatusChoice) -> None:
        self._run = run
        self._provider = provider
        self._project_id = project_id
        self._container = container
        self._choice = choice
        self._integration_id = run.integration.id

    async def push_tasks(self) -> None:
        """Comments that are no replies."""
        async for candidate in self._candidates(comments.TASKS_TO_DO):
            await self._one("tasks", self._push_task, candidate)

    async def push_comments(self) -> None:
        """Replies, and what was said at the provider about our tasks."""
        async for candidate in self._candidates(comments.REPLIES_TO_DO):
            await self._one("comments", self._push_reply, candidate)
        if not self._run.dry:
            await self._return_comments()

    async def close_vanished(self) -> None:
        """Tasks whose Koko comment has been deleted: they are closed, not deleted."""
        where = {"integration_id": self._integration_id, "container": self._container}
        seen: set[str] = set()
        while rows := await self._run.parts.database.read_long(comments.VANISHED, **where):
            fresh = [link for link in map(Link._make, rows) if link.koko_id not in seen]
            if not fresh or self._run.dry:
                return
            for link in fresh:
                seen.add(link.koko_id)
                await self._close(link)

    async def _candidates(self, statement: Statement) -> AsyncIterator[Candidate]:
        after_at, after_id = -1, ""
        while True:
            rows = await self._run.parts.database.read_long(
                statement,
                integration_id=self._integration_id,
                project_id=self._project_id,
                after_at=after_at,
                after_id=after_id,
            )
            for candidate in map(comments.read_candidate, rows):
                after_at, after_id = candidate.created_at, candidate.comment.id
                yield candidate
            if len(rows) < comments.PAGE:
                return

    async def _one(self, entity: str, push: Callable[[Candidate], Any], candidate: Candidate) -> None:
        """One item that the provider refuses fails by itself, and is tried again by the next run."""
        try:
            await push(candidate)
        except (Rejected, ProtocolBroken) as problem:
            said = f"“{title_of(candidate.comment)}”: {problem.explained}"
            self._run.progress.error(said)
            if candidate.link is not None and not self._run.dry:
                koko_id = candidate.comment.id
                await self._run.parts.database.write(
                    lambda tx: links.set_error(tx, self._integration_id, koko_id, said)
                )
            await self._run.save_failed(entity)

    async def _push_task(self, candidate: Candidate) -> None:
        comment, link = candidate.comment, candidate.link
        url = frame_url(self._run.parts.web_url, comment)
        if link is None:
            draft = Draft(
                title=title_of(comment),
                text=compose(comment, url),
                url=url,
                koko_id=comment.id,
                done=comment.resolved,
                status_id=self._choice.target(done=True) if comment.resolved else self._choice.open_id,
            )

            def create_task(connection: Connection) -> Item:
                return self._provider.create_task(connection, self._container, draft)

            await self._create(candidate, "tasks", None, draft.title, create_task)
            return
        current = await self._item("tasks", link)
        if current is None:
            return
        content, modified_at = current
        merged = self._merge(candidate, link, content, modified_at)
        change = self._change(link, content, merged, url, candidate)
        if merged.conflict is not None:
            self._run.progress.note(merged.conflict)
        if self._run.dry:
            await self._count("tasks", pushed=int(change is not None))
            return
        item = None
        if change is not None:
            item = await self._update_task(link, change)
            if item is None:
                return
        await self._agree(candidate, "tasks", merged, item, title=merged.title if item is None else item.title)

    def _merge(self, candidate: Candidate, link: Link, content: dict[str, Any], modified_at: int | None) -> Merged:
        comment = candidate.comment
        theirs_text = self._their_text(link, content)
        theirs_done = self._choice.reads_as_done(content.get("statusId"), done=bool(content.get("done")))
        base_done = bool(link.base_done)
        newer = modified_at is not None and modified_at > comment.updated_at
        conflict = None
        text = comment.text
        if not same_words(theirs_text, link.base_text):
            if comment.text == link.base_text or newer:
                text = theirs_text
            if comment.text != link.base_text and not same_words(theirs_text, comment.text):
                winner = f"{self._run.name}'s" if newer else "Koko's"
                conflict = f"“{title_of(comment)}”: both sides had changed the text; {winner} won, being newer"
        # Of two states that both left what was agreed, there is only one other.
        done = comment.resolved if comment.resolved != base_done else theirs_done
        return Merged(str(content.get("title") or ""), text, done, conflict)

    def _their_text(self, link: Link, content: dict[str, Any]) -> str:
        """The comment's words as they are at the provider; as agreed, where they cannot be told."""
        text, title = content.get("text"), str(content.get("title") or "")
        if text is not None:
            words = read_back(text, link.koko_id, self._run.parts.web_url)
            if words is not None and not same_words(words, link.base_text):
                return words
        # A comment that fits into the title is edited there.
        if title and title != link.base_title and link.base_title == link.base_text:
            return title
        return link.base_text

    def _change(
        self, link: Link, content: dict[str, Any], merged: Merged, url: str, candidate: Candidate
    ) -> Change | None:
        """What the provider's side lacks; None when it lacks nothing."""
        wanted = replace(candidate.comment, text=merged.text)
        theirs_text = self._their_text(link, content)
        theirs_done = self._choice.reads_as_done(content.get("statusId"), done=bool(content.get("done")))
        new_text = not same_words(merged.text, theirs_text)
        moved = merged.done != theirs_done
        if not new_text and not moved:
            return None
        # Somebody who has given the task another name wants it to stay.
        renamed = merged.title != link.base_title
        return Change(
            url=url,
            koko_id=candidate.comment.id,
            title=title_of(wanted) if new_text and not renamed else None,
            text=compose(wanted, url) if new_text else None,
            done=merged.done if moved else None,
            status_id=self._choice.target(done=merged.done) if moved else None,
        )

    async def _update_task(self, link: Link, change: Change) -> Item | None:
        task_id = str(link.external_id)

        def update_task(connection: Connection) -> Item:
            return self._provider.update_task(connection, self._container, task_id, change)

        return await self._update("tasks", link, update_task)

    async def _push_reply(self, candidate: Candidate) -> None:
        comment, link, task_id = candidate.comment, candidate.link, str(candidate.task_id)
        text = compose(comment, frame_url(self._run.parts.web_url, comment))
        if link is None:

            def create_comment(connection: Connection) -> Item:
                return self._provider.create_comment(connection, self._container, task_id, text)

            await self._create(candidate, "comments", task_id, "", create_comment)
            return
        current = await self._item("comments", link)
        if current is None:
            return
        content, modified_at = current
        if link.origin == "external":
            await self._return_edit(candidate, content)
            return
        merged = self._merge(candidate, link, {**content, "done": link.base_done}, modified_at)
        theirs = self._their_text(link, content)
        item = None
        if not same_words(merged.text, theirs):
            new_text = compose(replace(comment, text=merged.text), frame_url(self._run.parts.web_url, comment))
            comment_id = str(link.external_id)

            def update_comment(connection: Connection) -> Item:
                return self._provider.update_comment(connection, self._container, task_id, comment_id, new_text)

            if self._run.dry:
                await self._count("comments", pushed=1)
                return
            item = await self._update("comments", link, update_comment)
            if item is None:
                return
        if not self._run.dry:
            # Resolving a reply means nothing at the provider.
            settled = Merged("", merged.text, comment.resolved, merged.conflict)
            await self._agree(candidate, "comments", settled, item, title="")

    async def _create(
        self,
        candidate: Candidate,
        entity: str,
        task_id: str | None,
        title: str,
        create: Callable[[Connection], Item],
    ) -> None:
        comment, database = candidate.comment, self._run.parts.database
        if self._run.dry:
            await self._count(entity, pushed=1)
            return

        def intend(tx: Transaction) -> None:
            links.intend(
                tx,
                self._integration_id,
                comment.id,
                entity,
                self._container,
                task_id,
                title=title,
                text=comment.text,
                done=comment.resolved,
                now=self._run.now(),
            )

        await database.write(intend)
        try:
            item = await self._run.ask(create, once=True)
        except Rejected:
            await database.write(lambda tx: links.forget(tx, self._integration_id, comment.id))
            raise
        except Transient as error:
            # Being told to slow down is being told that nothing was made.
            if error.reason == "rate_limited":
                await database.write(lambda tx: links.forget(tx, self._integration_id, comment.id))
            raise
        place = Place(self._integration_id, entity, self._container)

        def keep(tx: Transaction) -> tuple[None, EntityProgress]:
            links.link(tx, self._integration_id, comment.id, item.id)
            links.agree(
                tx, self._integration_id, comment.id, title=item.title, text=comment.text, done=comment.resolved
            )
            items.apply(tx, place, [item], 0, 0, self._run.now(), full=False)
            return None, self._run.entity(entity).plus(pushed=1)

        await self._run.commit(keep)

    async def _update(self, entity: str, link: Link, update: Callable[[Connection], Item]) -> Item | None:
        """The item as it is now; None when it is gone, and the link with it."""
        try:
            return await self._run.ask(update)
        except Missing:
            self._run.progress.note(f"“{link.base_title or link.base_text[:60]}” is not at {self._run.name} any more")
            await self._run.parts.database.write(
                lambda tx: links.set_state(tx, self._integration_id, link.koko_id, "gone")
            )
            return None

    async def _agree(self, candidate: Candidate, entity: str, merged: Merged, item: Item | None, *, title: str) -> None:
        comment = candidate.comment
        place = Place(self._integration_id, entity, self._container)
        differs = merged.text != comment.text or merged.done != comment.resolved

        def keep(tx: Transaction) -> tuple[None, EntityProgress]:
            now = self._run.now()
            progress = self._run.entity(entity)
            if item is not None:
                items.apply(tx, place, [item], 0, 0, now, full=False)
                progress = progress.plus(pushed=1)
            if differs:
                if not comments.update(
                    tx, comment, text=merged.text, resolved=merged.done, by=self._run.integration.connected_by, now=now
                ):
                    # Somebody was at it in Koko at this moment: the next run compares again.
                    return None, progress
                progress = progress.plus(returned=1)
            links.agree(tx, self._integration_id, comment.id, title=title, text=merged.text, done=merged.done)
            return None, progress

        await self._run.commit(keep)

    async def _close(self, link: Link) -> None:
        if link.entity == "tasks" and link.origin == "koko":
            change = Change(url="", koko_id=link.koko_id, done=True, status_id=self._choice.target(done=True))
            try:
                if await self._update_task(link, change) is None:
                    return
            except (Rejected, ProtocolBroken) as problem:
                self._run.progress.error(f"“{link.base_title}”: {problem.explained}")
                return
            self._run.progress.note(
                f"“{link.base_title}” was deleted in Koko; its task at {self._run.name} was closed, not deleted"
            )

        def keep(tx: Transaction) -> tuple[None, EntityProgress]:
            links.set_state(tx, self._integration_id, link.koko_id, "closed")
            return None, self._run.entity("tasks").plus(pushed=int(link.entity == "tasks"))

        await self._run.commit(keep)

    async def _return_comments(self) -> None:
        """What people said at the provider about our tasks becomes replies in Koko, in the name of who connected."""
        author = self._run.integration.connected_by
        where = {"integration_id": self._integration_id, "container": self._container}
        place = Place(self._integration_id, "comments", self._container)
        while rows := await self._run.parts.database.read_long(comments.UNRETURNED, **where):
            if author is None:
                self._run.progress.note("Comments are not brought to Koko: nobody is on record as having connected")
                return

            def keep(tx: Transaction, rows: list[Any] = rows, author: str = author) -> tuple[None, EntityProgress]:
                now = self._run.now()
                for external_id, content, task_id, koko_id, video_id in rows:
                    text = self._as_reply(items.load(content))
                    made = comments.reply(tx, koko_id, video_id, author, text, now)
                    links.link_returned(tx, place, made, external_id, task_id, text, now)
                return None, self._run.entity("comments").plus(returned=len(rows))

            await self._run.commit(keep)

    async def _return_edit(self, candidate: Candidate, content: dict[str, Any]) -> None:
        merged = Merged("", self._as_reply(content), candidate.comment.resolved)
        if not self._run.dry:
            await self._agree(candidate, "comments", merged, None, title="")

    def _as_reply(self, content: dict[str, Any]) -> str:
        return f"{content.get('author') or 'Somebody'} ({self._run.name}): {content.get('text') or ''}"

    async def _item(self, entity: str, link: Link) -> tuple[dict[str, Any], int | None] | None:
        """The provider's side as it was last seen; None when it is gone."""
        row = await self._run.parts.database.read_one(
            items.FIND, integration_id=self._integration_id, entity=entity, external_id=link.external_id
        )
        if row is None or row[2] is not None:
            return None
        return items.load(row[0]), row[1]

    async def _count(self, entity: str, **counts: int) -> None:
        self._run.progress.entities[entity] = self._run.entity(entity).plus(**counts)
        await self._run.save()
