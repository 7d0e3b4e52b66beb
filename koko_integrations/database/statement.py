"""SQL compiled once.

peewee is where a query is written; building its text anew costs ten times what running it does.
"""

from collections.abc import Iterator
from typing import Any

import peewee


class _Parameter:
    """Stands in a compiled query where a value will be bound."""

    def __init__(self, name: str) -> None:
        self.name = name


def param(name: str) -> peewee.Value:
    """A named parameter for use in a peewee expression; bound by keyword when the statement runs."""
    return peewee.Value(_Parameter(name), converter=False, unpack=False)


class Statement:
    """A peewee query whose SQL text is made once per dialect.

    Values are bound as they are: peewee's own field conversions are not applied to parameters.
    """

    def __init__(self, query: Any) -> None:
        self._query = query
        self._compiled: dict[type[peewee.Database], Compiled] = {}

    def compile(self, dialect: peewee.Database) -> "Compiled":
        """The statement in `dialect`, remembered."""
        known = self._compiled.get(type(dialect))
        if known is None:
            context: Any = dialect.get_sql_context()
            sql, values = context.sql(self._query).query()
            known = self._compiled[type(dialect)] = Compiled(sql, tuple(values))
        return known


class Compiled:
    """SQL text and what to bind, in order."""

    __slots__ = ("_values", "sql")

    def __init__(self, sql: str, values: tuple[Any, ...]) -> None:
        self.sql = sql
        self._values = tuple((v.name, None) if isinstance(v, _Parameter) else (None, v) for v in values)

    def bind(self, arguments: dict[str, Any]) -> list[Any]:
        """The values in order. Raises KeyError for a parameter that was not given."""
        return [constant if name is None else arguments[name] for name, constant in self._values]

    def parameters(self) -> Iterator[str]:
        return (name for name, _ in self._values if name is not None)
