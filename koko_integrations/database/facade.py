"""What the rest of the service knows of a database."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import peewee

from koko_integrations.database.statement import Statement

T = TypeVar("T")
Row = tuple[Any, ...]


class Transaction(ABC):
    """An open write transaction. Work inside it is plain, synchronous and short: no network, no waiting."""

    @abstractmethod
    def rows(self, statement: Statement, /, **arguments: Any) -> list[Row]:
        """Runs the statement and returns what it selects, or what its RETURNING gives."""

    @abstractmethod
    def change(self, statement: Statement, /, **arguments: Any) -> int:
        """Runs the statement and returns how many rows it touched."""

    @abstractmethod
    def change_many(self, statement: Statement, /, many: Sequence[dict[str, Any]]) -> None:
        """Runs the statement once with each of the arguments."""

    def row(self, statement: Statement, /, **arguments: Any) -> Row | None:
        """The first row, if there is any."""
        found = self.rows(statement, **arguments)
        return found[0] if found else None


class Database(ABC):
    """Reads and writes for callers on the event loop.

    `read` is for one short statement. `write` runs a function in a transaction that is committed before the call
    returns, and rolled back, alone, if the function raises.
    """

    dialect: peewee.Database

    @abstractmethod
    async def read(self, statement: Statement, /, **arguments: Any) -> list[Row]: ...

    @abstractmethod
    async def read_long(self, statement: Statement, /, **arguments: Any) -> list[Row]:
        """As `read`, for a statement that may take more than a moment: never on the event loop."""

    @abstractmethod
    async def write(self, work: Callable[[Transaction], T]) -> T: ...

    @abstractmethod
    async def forget_freed_pages(self) -> None:
        """Leaves no copy of overwritten values in the files that this process can reach."""

    @abstractmethod
    async def has_table(self, name: str) -> bool: ...

    @abstractmethod
    async def script(self, sql: str) -> None:
        """Runs several statements in one transaction: for the schema, at start, not while serving."""

    @abstractmethod
    def close(self) -> None: ...

    async def read_one(self, statement: Statement, /, **arguments: Any) -> Row | None:
        """The first row, if there is any."""
        found = await self.read(statement, **arguments)
        return found[0] if found else None
