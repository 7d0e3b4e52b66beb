"""Working out what the mapped fields of a task are to be."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from koko_integrations.mapping.records import Record
from koko_integrations.mapping.rows import Mapping
from koko_integrations.mapping.transforms import TransformError, apply
from koko_integrations.rpc.wire import dump
from koko_integrations.scripts.errors import ScriptFailed, ScriptRefused
from koko_integrations.scripts.runner import Result, ScriptRunner
from providers.kit.errors import Rejected
from providers.kit.field_values import ExternalField, FieldValue, fit


class ValueFailed(Exception):
    """A mapping has no value for an item; the message says which one, and why."""

    def __init__(self, mapping: Mapping, reason: str, *, by_limit: bool = False) -> None:
        self.reason = reason
        self.by_limit = by_limit
        super().__init__(f"{mapping.koko_field} to {mapping.external_field}: {reason}")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A mapping, and the field of one container that it names."""

    mapping: Mapping
    field: ExternalField


Values = tuple[FieldValue, ...]


class Evaluator:
    """Transforms values in the name of one integration."""

    def __init__(self, scripts: ScriptRunner, integration_id: str) -> None:
        self._scripts = scripts
        self._owner = integration_id

    async def transform(self, mapping: Mapping, records: Sequence[Record]) -> list[Result | ValueFailed]:
        """What a mapping makes of each record. Raises ScriptRefused."""
        entity = mapping.entity_type
        if mapping.transform != "custom":
            return [_transform(mapping, record.of(entity)[mapping.koko_field]) for record in records]
        calls = [(record.of(entity).get(mapping.koko_field), _item(record, entity)) for record in records]
        outcomes = await self._scripts.run(self._owner, mapping.custom_transform or "", calls)
        return [
            ValueFailed(mapping, one.reason, by_limit=one.by_limit) if isinstance(one, ScriptFailed) else one
            for one in outcomes
        ]

    async def values(self, resolved: Sequence[Resolved], records: Sequence[Record]) -> list[Values | ValueFailed]:
        """The fields of each record's task, without those that its scripts leave alone; or why there are none."""
        found: list[list[FieldValue]] = [[] for _ in records]
        failed: dict[int, ValueFailed] = {}
        for one in resolved:
            try:
                outcomes = await self.transform(one.mapping, records)
            except (ScriptRefused, ScriptFailed) as problem:
                outcomes = [ValueFailed(one.mapping, str(problem))] * len(records)
            for place, outcome in enumerate(outcomes):
                if isinstance(outcome, ValueFailed):
                    failed.setdefault(place, outcome)
                elif not outcome.is_absent:
                    try:
                        found[place].append(FieldValue(field=one.field, value=fit(one.field, outcome.value)))
                    except Rejected as problem:
                        failed.setdefault(place, ValueFailed(one.mapping, problem.message))
        return [failed.get(place) or tuple(values) for place, values in enumerate(found)]


def fingerprint(resolved: Sequence[Resolved], record: Record) -> str:
    """Differs where the values may: other mappings, other fields, or anything about the record."""
    seen = dump([[(*one.mapping, one.field.id, one.field.native) for one in resolved], [*record]])
    return hashlib.blake2b(seen, digest_size=16).hexdigest()


def _transform(mapping: Mapping, value: Any) -> Result | ValueFailed:
    try:
        return Result(apply(mapping.transform, value))
    except TransformError as problem:
        return ValueFailed(mapping, str(problem))


def _item(record: Record, entity: str) -> dict[str, Any]:
    """What a script sees as `item`: the thing itself, with what it belongs to beside its own fields."""
    if entity == "project":
        return record.project
    if entity == "video":
        return {**record.video, "project": record.project}
    return {**record.comment, "video": record.video, "project": record.project}
