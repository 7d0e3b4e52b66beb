"""Mapped fields of tasks: worked out from what Koko has, and written where that differs from what was last written."""

from collections.abc import Mapping as Members
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.koko import Comment, Project
from koko_integrations.mapping import records, rows
from koko_integrations.mapping.names import find_external_field
from koko_integrations.mapping.records import Record, read_record
from koko_integrations.mapping.rows import Mapping, goes_both_ways
from koko_integrations.mapping.values import Evaluator, Resolved, ValueFailed, Values, fingerprint
from koko_integrations.models import SyncLink
from koko_integrations.rpc.wire import dump_text
from koko_integrations.sync import items, links, passes
from koko_integrations.sync.items import Place
from koko_integrations.sync.links import Link
from koko_integrations.sync.merging import Edits
from koko_integrations.sync.progress import EntityProgress
from koko_integrations.sync.run import Run
from koko_integrations.sync.wording import same_words
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected
from providers.kit.field_values import ExternalField, Option
from providers.kit.fields import MapsFields
from providers.kit.items import Change, Item

PAGE = 500
LINKED = Statement(
    records.joined(
        Comment.select(*records.COLUMNS, SyncLink.external_id, SyncLink.fields_base, SyncLink.fields_seen)
        .join(SyncLink, on=(SyncLink.koko_id == Comment.id))
        .switch(Comment)
    )
    .where(
        (SyncLink.integration_id == param("integration_id"))
        & (SyncLink.container == param("container"))
        & (SyncLink.entity == "tasks")
        & (SyncLink.origin == "koko")
        & (SyncLink.state == "linked")
        & (Project.id == param("project_id"))
        & (Comment.id > param("after"))
    )
    .order_by(Comment.id)
    .limit(PAGE)
)


@dataclass(frozen=True, slots=True)
class Worked:
    """The values of one task's fields, and the fingerprint of what they were worked out from."""

    values: Values
    seen: str
    reads: frozenset[str]

    @property
    def present(self) -> Values:
        """What a new task gets: there is nothing in it to be cleared."""
        return tuple(one for one in self.values if one.value is not None)

    def base_with(self, item: Item | None, before: Members[str, Any]) -> str:
        """For the ledger. Of the fields in `reads` it is what the provider has made of them that counts; where nothing
        was written, it is what it was `before`."""
        base = {one.field.id: one.value for one in self.values}
        now = before if item is None else item.mapped
        return dump_text(base | {one: now.get(one) for one in self.reads if one in base})


class MappedFields:
    """The mappings of one integration, for the tasks of one container."""

    def __init__(self, run: Run, provider: MapsFields, container: str, resolved: Sequence[Resolved]) -> None:
        self._run = run
        self._provider = provider
        self._container = container
        self._resolved = resolved
        self._evaluator = Evaluator(run.parts.scripts, run.integration.id)
        self._place = Place(run.integration.id, "tasks", container)
        self._two_way = [one for one in resolved if goes_both_ways(one.mapping, one.field)]
        self.reads = tuple(one.field for one in self._two_way)

    def edits(self, link: Link, content: Members[str, Any]) -> Edits:
        """What somebody has written into fields that are brought back. A text that was emptied is none."""
        base = orjson.loads(link.fields_base or "{}")
        mapped = content.get("mapped") or {}
        text: str | None = None
        done: bool | None = None
        for one in self._two_way:
            field_id = one.field.id
            if field_id not in base:
                continue
            theirs = mapped.get(field_id)
            if one.field.kind == "checkbox" and bool(theirs) != bool(base[field_id]):
                done = bool(theirs)
            elif one.field.kind == "text" and theirs and not same_words(str(theirs), str(base[field_id] or "")):
                text = str(theirs)
            base[field_id] = theirs
        return Edits(text, done, dump_text(base) if self._two_way else None)

    async def draft(self, comment_id: str) -> Worked | None:
        """What a new task is made with; None where the provider wants fields to be written afterwards.

        Raises ValueFailed.
        """
        if not self._provider.fields_with_draft:
            return None
        row = await self._run.parts.database.read_one(records.ONE, comment_id=comment_id)
        if row is None:
            return None
        record = read_record(row, self._run.parts.web_url)
        values = (await self._evaluator.values(self._resolved, [record]))[0]
        if isinstance(values, ValueFailed):
            raise values
        return self._worked(values, fingerprint(self._resolved, record))

    def _worked(self, values: Values, seen: str) -> Worked:
        return Worked(values, seen, frozenset(one.id for one in self.reads))

    async def push(self, project_id: str) -> None:
        """Every task whose comment, video or project has changed since, or whose mappings have. One that has no value
        for a field, or that the provider refuses, fails by itself."""
        after = ""
        where = {"integration_id": self._run.integration.id, "container": self._container, "project_id": project_id}
        while page := await self._run.parts.database.read_long(LINKED, **where, after=after):
            after = page[-1][0]
            await self._push_page(page)
            if len(page) < PAGE:
                return

    async def _push_page(self, page: Sequence[tuple[Any, ...]]) -> None:
        changed: list[tuple[Record, str, str | None, str]] = []
        for row in page:
            record = read_record(row, self._run.parts.web_url)
            external_id, base, seen = row[-3:]
            now = fingerprint(self._resolved, record)
            if now != seen:
                changed.append((record, external_id, base, now))
        outcomes = await self._evaluator.values(self._resolved, [one[0] for one in changed])
        for (record, external_id, base, seen), values in zip(changed, outcomes, strict=True):
            try:
                if isinstance(values, ValueFailed):
                    raise values
                await self._write(record, external_id, self._worked(values, seen), orjson.loads(base or "{}"))
            except (Rejected, ProtocolBroken, ValueFailed) as problem:
                await self._fail(record, problem)

    async def _write(self, record: Record, task_id: str, worked: Worked, base: dict[str, Any]) -> None:
        koko_id = record.comment["id"]
        lacking = tuple(one for one in worked.values if base.get(one.field.id) != one.value)
        item: Item | None = None
        if lacking and not self._run.dry:
            change = Change(url=record.comment["url"], koko_id=koko_id, fields=lacking, reads=self.reads)

            def update_task(connection: Connection) -> Item:
                return self._provider.update_task(connection, self._container, task_id, change)

            try:
                item = await self._run.ask(update_task)
            except Missing:
                await self._run.write(lambda tx: links.set_state(tx, self._run.integration.id, koko_id, "gone"))
                return

        def keep(tx: Transaction) -> tuple[None, EntityProgress]:
            if item is not None:
                items.apply(tx, self._place, [item], 0, 0, self._run.now(), full=False)
            if not self._run.dry:
                links.set_fields(tx, self._run.integration.id, koko_id, worked.base_with(item, base), worked.seen)
            return None, self._run.entity("tasks").plus(pushed=int(bool(lacking)))

        await self._run.commit(keep)

    async def _fail(self, record: Record, problem: Rejected | ProtocolBroken | ValueFailed) -> None:
        said = str(problem) if isinstance(problem, ValueFailed) else problem.explained
        line = next(iter(str(record.comment["text"]).splitlines()), "")[:60]
        self._run.progress.error(f"“{line}”: {said}")
        if not self._run.dry:
            koko_id = record.comment["id"]
            await self._run.write(lambda tx: links.set_error(tx, self._run.integration.id, koko_id, said))
        await self._run.save_failed("tasks")


async def mapped_fields(run: Run, container: str) -> MappedFields | None:
    """The mappings, with the fields of this container that they name; None where there are none.

    The fields are asked for when they are not known yet, when one is missing, and by every full sync.
    """
    if not isinstance(run.provider, MapsFields):
        return None
    mappings = await rows.read(run.parts.database, run.integration.id)
    if not mappings:
        return None
    known = None if run.full else await _known_fields(run, container)
    resolved, missing = resolve(mappings, known or [])
    if missing:
        resolved, missing = resolve(mappings, await _ask_fields(run, run.provider, container))
        for mapping, said in missing:
            run.progress.note(f"{mapping.koko_field} is not written in project {container}: {said}")
    return MappedFields(run, run.provider, container, resolved) if resolved else None


def resolve(
    mappings: Sequence[Mapping], fields: Sequence[ExternalField]
) -> tuple[list[Resolved], list[tuple[Mapping, str]]]:
    """Mappings with their fields; and those without, and why."""
    resolved: list[Resolved] = []
    missing: list[tuple[Mapping, str]] = []
    for mapping in mappings:
        try:
            resolved.append(Resolved(mapping, find_external_field(mapping.external_field, fields)))
        except LookupError as problem:
            missing.append((mapping, str(problem.args[0])))
    return resolved, missing


async def _known_fields(run: Run, container: str) -> list[ExternalField] | None:
    place = Place(run.integration.id, "fields", container)
    kept = await run.parts.database.write(lambda tx: passes.get_note(tx, place))
    return None if kept is None else read_fields(kept)


def read_fields(kept: str) -> list[ExternalField]:
    """From the note that a sync has made of a container's fields."""
    return [
        ExternalField(**{**one, "options": tuple(Option(**option) for option in one["options"])})
        for one in orjson.loads(kept)
    ]


async def _ask_fields(run: Run, provider: MapsFields, container: str) -> list[ExternalField]:
    def list_fields(connection: Connection) -> list[ExternalField]:
        return provider.list_fields(connection, container)

    fields = await run.ask(list_fields)
    text = dump_text([asdict(one) for one in fields])
    if not run.dry:
        place = Place(run.integration.id, "fields", container)
        await run.parts.database.write(lambda tx: passes.set_note(tx, place, text))
    return fields
