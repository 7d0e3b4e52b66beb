"""How far a run has come, entity by entity: what getJob shows and what the journal keeps."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from koko_integrations.rpc.wire import present

MOST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class EntityProgress:
    """`done` counts what was looked at, of `total` where that is known. `pushed` were made or changed at the provider,
    `returned` are changes of theirs that reached Koko."""

    entity: str
    status: str = "pending"
    done: int = 0
    total: int | None = None
    created: int = 0
    updated: int = 0
    deleted: int = 0
    pushed: int = 0
    returned: int = 0
    failed: int = 0
    reason: str | None = None

    @property
    def moved(self) -> int:
        """How many items changed on either side because of this run."""
        return self.created + self.updated + self.deleted + self.pushed

    def plus(self, **counts: int) -> "EntityProgress":
        """With these added."""
        return replace(self, **{name: getattr(self, name) + count for name, count in counts.items()})

    def to_wire(self) -> dict[str, Any]:
        return present(**asdict(self)) | ({} if self.total is None else {"total": max(self.total, self.done)})


@dataclass(slots=True)
class RunProgress:
    """A run's progress; it survives a crash inside the job's row."""

    entities: dict[str, EntityProgress]
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    estimated_ms: int = 0

    @classmethod
    def load(cls, state: dict[str, Any], entities: Iterable[str]) -> "RunProgress":
        """From a job's state, with a line for each of `entities`."""
        kept = {entry["entity"]: EntityProgress(**entry) for entry in state.get("entities", [])}
        return cls(
            {entity: kept.get(entity, EntityProgress(entity)) for entity in entities},
            list(state.get("notes", [])),
            list(state.get("errors", [])),
            state.get("estimatedTime", 0),
        )

    def dump(self, *changed: EntityProgress) -> dict[str, Any]:
        """For a job's state; `changed` stand in for the lines of their entities."""
        current = self.entities | {progress.entity: progress for progress in changed}
        return {
            "estimatedTime": self.estimated_ms,
            "entities": [progress.to_wire() for progress in current.values()],
            "notes": self.notes,
            "errors": self.errors,
        }

    def note(self, said: str) -> None:
        """Something that the team should know, and that is no failure. Once each."""
        if said not in self.notes and len(self.notes) < MOST_ERRORS:
            self.notes.append(said)

    def error(self, said: str) -> None:
        """A failure, in words for the team. Once each, and not without end."""
        if said not in self.errors and len(self.errors) < MOST_ERRORS:
            self.errors.append(said)

    def set_done(self, entity: str) -> None:
        """Everything of it has been looked at; what has failed or was skipped stays so."""
        progress = self.entities[entity]
        if progress.status in ("pending", "running"):
            self.entities[entity] = replace(progress, status="done")

    def close(self, *, cancelled: bool) -> None:
        """Nothing runs any more: what was under way has failed, or was cancelled; what was to come is skipped."""
        for entity, progress in self.entities.items():
            if progress.status == "running":
                self.entities[entity] = replace(progress, status="skipped" if cancelled else "failed")
            elif progress.status == "pending":
                self.entities[entity] = replace(progress, status="skipped")

    @property
    def moved(self) -> int:
        return sum(progress.moved for progress in self.entities.values())

    @property
    def failed(self) -> int:
        return sum(progress.failed for progress in self.entities.values())

    @property
    def is_through(self) -> bool:
        """Whether everything has been looked at, whatever of it failed alone."""
        return all(progress.status == "done" for progress in self.entities.values())

    def outcome(self) -> str:
        """succeeded, partial or failed: by what went wrong and what did not."""
        states = [progress.status for progress in self.entities.values()]
        if not self.errors and "failed" not in states:
            return "succeeded"
        worked = "done" in states or any(progress.done or progress.moved for progress in self.entities.values())
        return "partial" if worked else "failed"
