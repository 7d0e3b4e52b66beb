"""What the types of actions have in common: a plan is made from the event, shown or carried out."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import marshmallow as ma

from koko_integrations.database import Transaction
from koko_integrations.integration import Integration
from koko_integrations.rpc.fields import Id, Input
from koko_integrations.triggers.occasion import Occasion
from providers.kit.base import Provider


class Config(Input):
    """Base of the configurations: what nobody would read is refused, as it would be missed."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": "There is no such setting of this action"}


class TargetedConfig(Config):
    """Of an action that is done at an integration: the trigger's own, unless another one of the team is named."""

    integrationId = Id()


class OutdatedError(Exception):
    """What a plan was made from has changed: another has to be made."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an action. `later`: certainly nothing was done, and it may be tried again in `wait_s` seconds."""

    status: Literal["succeeded", "failed", "later"]
    result: Mapping[str, Any] = field(default_factory=dict)
    wait_s: float = 0.0


def failed(reason: str) -> Outcome:
    return Outcome(status="failed", result={"reason": reason})


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What an action is planned for. `view` is what templates look things up in."""

    occasion: Occasion
    view: Mapping[str, Any]
    trigger_id: str
    config: Mapping[str, Any] = field(repr=False)
    target: Integration


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What would be done, in words for people: `does` holds no secret. With a `problem` it cannot be done.

    `intend` runs in the transaction that says that it is begun, and may raise OutdatedError; `perform` does it, once.
    """

    does: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    problem: str | None = None
    intend: Callable[[Transaction], None] | None = None
    perform: Callable[[], Awaitable[Outcome]] | None = None


class Action(ABC):
    """One type, by its `name`. `needs` is what the provider of its target must be able to do, said in `lacking`."""

    name: ClassVar[str]
    schema: ClassVar[Config]
    secrets: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[type[Provider] | None] = None
    lacking: ClassVar[str] = ""

    @abstractmethod
    def templates(self, config: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
        """Templates in a configuration: where, the text, and whether it is JSON."""

    @abstractmethod
    async def plan(self, scene: Scene) -> Plan:
        """Reads what it needs, and does nothing. Raises VaultError."""


def missing_names(scene: Scene, *named: tuple[str, list[str]]) -> tuple[str, ...]:
    """Warnings about values that templates name and the event does not have."""
    return tuple(f"{where}: the event has no {', '.join(names)}" for where, names in named if names)
