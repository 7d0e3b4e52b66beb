"""A procedure: its schemas, who may call it, and its handler. `query` and `mutation` declare one."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, Literal, Protocol, TypeVar

import marshmallow as ma

from koko_integrations.errors import BadRequest
from koko_integrations.rpc.fields import Input, Output, problems_by_path

Kind = Literal["query", "mutation"]
RateClass = Literal["read", "write"]
"""What a call is counted as: koko.md, "Rate limits"."""
CallT = TypeVar("CallT", contravariant=True)
CallU = TypeVar("CallU")


class Access(Protocol):
    """Who may call a procedure. What is checked is the access layer's affair."""

    role: str


Handler = Callable[[CallU, dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Procedure(Generic[CallU]):
    """One callable name."""

    name: str
    kind: Kind
    access: Any
    input: Input
    output: Output
    handler: Handler[CallU]
    summary: str

    @property
    def rate_class(self) -> RateClass:
        return "read" if self.kind == "query" else "write"

    def load(self, params: Any) -> dict[str, Any]:
        """Validated input. Raises BadRequest that names every wrong field."""
        if type(params) is not dict:
            raise BadRequest("Params are passed by name, in an object", {"params": ["Expected object, received array"]})
        try:
            loaded: dict[str, Any] = self.input.load(params)
        except ma.ValidationError as problem:
            fields = problems_by_path(problem.messages)
            first = next(iter(fields))
            raise BadRequest(f"Invalid input: {first}: {fields[first][0]}", fields) from None
        return loaded


def query(input: type[Input], output: type[Output], access: Any) -> Callable[[Handler[CallU]], Procedure[CallU]]:
    """Declares a procedure that changes nothing."""
    return _declare("query", input, output, access)


def mutation(input: type[Input], output: type[Output], access: Any) -> Callable[[Handler[CallU]], Procedure[CallU]]:
    """Declares a procedure that changes something."""
    return _declare("mutation", input, output, access)


def _declare(
    kind: Kind, input: type[Input], output: type[Output], access: Any
) -> Callable[[Handler[CallU]], Procedure[CallU]]:
    def declare(handler: Handler[CallU]) -> Procedure[CallU]:
        return Procedure(
            name=_wire_name(handler.__module__),
            kind=kind,
            access=access,
            input=input(),
            output=output(),
            handler=handler,
            summary=inspect.getdoc(handler) or "",
        )

    return declare


def _wire_name(module: str) -> str:
    """`procedures.integration.get_status` is `integration.getStatus`."""
    *_, router, name = module.split(".")
    first, *rest = name.split("_")
    return f"{router}.{first}{''.join(word.capitalize() for word in rest)}"


def collect(package: ModuleType) -> dict[str, Procedure[Any]]:
    """Every procedure of a package, by wire name, in the order of their files."""
    found: dict[str, Procedure[Any]] = {}
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if isinstance(value, Procedure) and value.handler.__module__ == info.name:
                found[value.name] = value
    return found
