"""Where rows live: compiled statements, and the one place that decides what runs on the event loop."""

from koko_integrations.database.facade import Database, Transaction
from koko_integrations.database.opening import AWAY, open_database
from koko_integrations.database.statement import Statement, param

__all__ = ["AWAY", "Database", "Statement", "Transaction", "open_database", "param"]
