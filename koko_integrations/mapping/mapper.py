"""`integration.mapFields` and `integration.previewMapping`."""

from collections.abc import Mapping as Members
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from koko_integrations.connections.live import LiveConnections
from koko_integrations.database import Database, Transaction
from koko_integrations.errors import BadRequest, PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.mapping import records, rows
from koko_integrations.mapping.checking import Fields, MappingChecker, Problems, find_rivals, locate, read_mapping
from koko_integrations.mapping.koko_fields import EntityType
from koko_integrations.mapping.records import SAMPLE, Record, read_record
from koko_integrations.mapping.rows import Mapping, direction
from koko_integrations.mapping.values import Evaluator, ValueFailed
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import present
from koko_integrations.scripts.errors import ScriptFailed, ScriptRefused
from koko_integrations.scripts.runner import ScriptRunner
from providers.kit.errors import Rejected
from providers.kit.field_values import ExternalField, fit

Given = Sequence[Members[str, Any]]


@dataclass(frozen=True, slots=True)
class Tried:
    """A mapping, the fields that it names, the projects that have none, and what it made of an item."""

    mapping: Mapping
    fields: list[ExternalField]
    missing: list[str]
    trial: str | None

    def to_wire(self) -> dict[str, Any]:
        return (
            self.mapping.to_wire()
            | direction(self.mapping, self.fields[0])
            | present(
                externalFieldId=self.fields[0].id,
                missingIn=self.missing or None,
                warning=self.trial,
            )
        )


class FieldMapper:
    """Stores mappings that work, and shows what they do."""

    def __init__(
        self, database: Database, registry: Registry, live: LiveConnections, scripts: ScriptRunner, web_url: str
    ) -> None:
        self._database = database
        self._checker = MappingChecker(registry, live)
        self._scripts = scripts
        self._web_url = web_url

    async def save(self, integration: Integration, entity_type: EntityType, given: Given) -> list[Tried]:
        """Puts these in place of the mappings of that kind of thing; none takes them away.

        Raises BadRequest that names every wrong member, and PreconditionFailed.
        """
        problems: Problems = {}
        read = [read_mapping(entity_type, one, problems, f"mappings.{at}") for at, one in enumerate(given)]
        _raise(problems)
        wanted = [one for one in read if one is not None]
        tried = await self._try_all(integration, entity_type, wanted) if wanted else []

        def store(tx: Transaction) -> None:
            rows.replace(tx, integration.id, entity_type, wanted)

        await self._database.write(store)
        return tried

    async def preview(
        self, integration: Integration, entity_type: EntityType, given: Given | None, sample: dict[str, Any] | None
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What each mapping - of those `given`, or else of those that are stored - makes of an item, or why nothing:
        the `sample`, or else the newest comment of a mapped project, with its video and project. Nothing is stored or
        sent."""
        if given is None:
            stored = await rows.read(self._database, integration.id)
            given = [one.to_wire() for one in stored if one.entity_type == entity_type]
        record = await self._newest(integration)
        if sample is not None:
            record = _with_sample(record, entity_type, sample)
        fields = await self._fields_if_any(integration)
        shown = [await self._show(integration, entity_type, one, record, fields) for one in given]
        return record.of(entity_type), shown

    async def _try_all(self, integration: Integration, entity_type: EntityType, wanted: list[Mapping]) -> list[Tried]:
        fields = await self._checker.fields(integration)
        others = [one for one in await rows.read(self._database, integration.id) if one.entity_type != entity_type]
        located: list[tuple[Mapping, list[ExternalField]]] = []
        for other in others:
            try:
                located.append((other, locate(other, fields)[0]))
            except LookupError:
                # What was there once and is gone is in nobody's way.
                continue
        record = await self._newest(integration)
        tried: list[Tried] = []
        problems: Problems = {}
        for at, mapping in enumerate(wanted):
            try:
                found, missing = locate(mapping, fields)
            except LookupError as problem:
                problems[f"mappings.{at}.externalField"] = [str(problem.args[0])]
                continue
            located.append((mapping, found))
            if (rival := find_rivals(located, len(located) - 1)) is not None:
                problems[f"mappings.{at}.externalField"] = [rival]
                continue
            try:
                tried.append(Tried(mapping, found, missing, await self._try(integration, mapping, found[0], record)))
            except ScriptRefused as problem:
                problems[f"mappings.{at}.customTransform"] = [str(problem)]
            except ScriptFailed as problem:
                problems[f"mappings.{at}.customTransform"] = [f"tried on an item, {problem}"]
        _raise(problems)
        return tried

    async def _try(
        self, integration: Integration, mapping: Mapping, field: ExternalField, record: Record
    ) -> str | None:
        """What goes wrong with one item and may not with others. Raises ScriptRefused, and ScriptFailed for a script
        that goes beyond its limits."""
        if mapping.transform != "custom":
            return None
        outcome = (await Evaluator(self._scripts, integration.id).transform(mapping, [record]))[0]
        if isinstance(outcome, ValueFailed):
            if outcome.by_limit:
                raise ScriptFailed(outcome.reason)
            return f"tried on an item, {outcome.reason}"
        try:
            fit(field, outcome.value)
        except Rejected as problem:
            return f"tried on an item: {problem.message}"
        return None

    async def _show(
        self,
        integration: Integration,
        entity_type: EntityType,
        given: Members[str, Any],
        record: Record,
        fields: Fields | None,
    ) -> dict[str, Any]:
        problems: Problems = {}
        mapping = read_mapping(entity_type, given, problems, "")
        if mapping is None:
            return present(**_named(given), error=next(iter(problems.values()))[0])
        shown = mapping.to_wire() | direction(mapping, None)
        shown |= present(value=record.of(entity_type).get(mapping.koko_field))
        try:
            outcome = (await Evaluator(self._scripts, integration.id).transform(mapping, [record]))[0]
            if isinstance(outcome, ValueFailed):
                return shown | {"error": outcome.reason}
            shown |= present(result=outcome.value)
            if fields is not None:
                field = locate(mapping, fields)[0][0]
                shown = shown | direction(mapping, field)
                fit(field, outcome.value)
        except ScriptRefused as problem:
            place = present(line=problem.line, column=problem.column)
            return shown | {"error": problem.reason} | place
        except Rejected as problem:
            return shown | {"error": problem.message}
        except (LookupError, ScriptFailed) as problem:
            return shown | {"error": str(problem.args[0])}
        return shown

    async def _fields_if_any(self, integration: Integration) -> Fields | None:
        """A preview of scripts needs no provider."""
        try:
            return await self._checker.fields(integration)
        except (BadRequest, PreconditionFailed):
            return None

    async def _newest(self, integration: Integration) -> Record:
        for project_id in integration.config.get("projectMapping") or {}:
            row = await self._database.read_one(records.NEWEST, project_id=project_id)
            if row is not None:
                return read_record(row, self._web_url)
        return SAMPLE


def _with_sample(record: Record, entity_type: EntityType, sample: dict[str, Any]) -> Record:
    """What the sample does not have, the record's own item has."""
    return record._replace(**{entity_type: {**record.of(entity_type), **sample}})


def _named(given: Members[str, Any]) -> dict[str, Any]:
    return {name: given.get(name) for name in ("kokoField", "externalField", "transform", "customTransform")}


def _raise(problems: Problems) -> None:
    if problems:
        first = next(iter(problems))
        raise BadRequest(f"Invalid input: {first}: {problems[first][0]}", dict(problems))
